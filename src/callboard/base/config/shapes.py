"""The short forms that Backstage allows, turned into the long ones before they are read."""

import re
from collections.abc import Callable

import msgspec

from callboard.base.config.tree import ConfigNode
from callboard.base.settings import (
    AccessRestriction,
    CorsSettings,
    DatabaseConnection,
    DatabaseSettings,
    ExternalOptions,
    GithubProviderSettings,
    GitlabProviderSettings,
    GoogleProviderSettings,
    ListenSettings,
    MicrosoftProviderSettings,
    OidcProviderSettings,
    OktaProviderSettings,
    PermissionAttribute,
    ProxySignInSettings,
    RuleAllow,
)

__all__ = ["FORMS", "SHAPES"]

_LISTEN = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]*):)?(?P<port>[0-9]{1,5})")

_SERVICE_PORT = re.compile(r"tcp://[^/\s]+:(?P<port>[0-9]{1,5})")
"""What Kubernetes writes into the variable NAME_PORT for each Service."""
_SWITCHES = {"true": True, "false": False}


def _listen(node: ConfigNode) -> ConfigNode:
    if isinstance(node.value, bool) or not isinstance(node.value, int | str):
        return node
    match = _LISTEN.fullmatch(str(node.value))
    if match is None:
        return node
    items = {"port": ConfigNode(int(match["port"]), node.origin)}
    if match["host"]:
        items["host"] = ConfigNode(match["host"].strip("[]"), node.origin)
    return ConfigNode(items, node.origin)


def _cors(node: ConfigNode) -> ConfigNode:
    if node.value is False:
        return ConfigNode(None, node.origin)
    if not isinstance(node.value, dict):
        return node
    items = dict(node.value)
    for key in ("origin", "methods", "allowedHeaders", "exposedHeaders"):
        item = items.get(key)
        if item is not None and isinstance(item.value, str):
            items[key] = ConfigNode(
                [ConfigNode(part.strip(), item.origin) for part in item.value.split(",")], item.origin
            )
        elif item is not None and key == "origin" and item.value is False:
            items[key] = ConfigNode([], item.origin)
    return ConfigNode(items, node.origin)


def _database(node: ConfigNode) -> ConfigNode:
    connection = node.value.get("connection") if isinstance(node.value, dict) else None
    if not isinstance(node.value, dict) or connection is None or not isinstance(connection.value, str):
        return node
    client = node.value.get("client")
    key = "connectionString" if client is not None and client.value == "pg" else "filename"
    return ConfigNode(
        {**node.value, "connection": ConfigNode({key: connection}, connection.origin)}, node.origin
    )


def _connection(node: ConfigNode) -> ConfigNode:
    if not isinstance(node.value, dict):
        return node
    items = dict(node.value)
    port = items.get("port")
    if port is not None and isinstance(port.value, str) and (match := _SERVICE_PORT.fullmatch(port.value)):
        items["port"] = ConfigNode(int(match["port"]), port.origin)
    ssl = items.get("ssl")
    said = _SWITCHES.get(str(ssl.value).lower()) if ssl is not None else None
    if ssl is not None and said is not None:
        items["ssl"] = ConfigNode({"require": ConfigNode(said, ssl.origin)}, ssl.origin)
    return ConfigNode(items, node.origin)


def _allow(node: ConfigNode) -> ConfigNode:
    return ConfigNode({"kind": node}, node.origin) if isinstance(node.value, str) else node


def _many(*keys: str) -> Callable[[ConfigNode], ConfigNode]:
    """One text, or several with commas, where a list is meant."""

    def shaped(node: ConfigNode) -> ConfigNode:
        if not isinstance(node.value, dict):
            return node
        items = dict(node.value)
        for key in keys:
            item = items.get(key)
            if item is not None and isinstance(item.value, str):
                parts = [part for part in item.value.replace(",", " ").split() if part]
                items[key] = ConfigNode([ConfigNode(part, item.origin) for part in parts], item.origin)
        return ConfigNode(items, node.origin)

    return shaped


SHAPES: dict[type[msgspec.Struct], Callable[[ConfigNode], ConfigNode]] = {
    ListenSettings: _listen,
    CorsSettings: _cors,
    DatabaseConnection: _connection,
    DatabaseSettings: _database,
    RuleAllow: _allow,
    ExternalOptions: _many("issuer", "audience", "algorithm"),
    AccessRestriction: _many("permission"),
    PermissionAttribute: _many("action"),
    ProxySignInSettings: _many("audience", "from"),
    **{
        provider: _many("additionalScopes")
        for provider in (
            OidcProviderSettings,
            GoogleProviderSettings,
            MicrosoftProviderSettings,
            OktaProviderSettings,
            GitlabProviderSettings,
            GithubProviderSettings,
        )
    },
}
"""By the struct that is to be read: from any form a file may use to the one whose keys are the struct's fields."""

FORMS: dict[type[msgspec.Struct], str] = {
    ListenSettings: "':port', 'host:port', a port, or {host, port}",
    CorsSettings: "a mapping, or false",
    RuleAllow: "a kind, or {kind, spec.type}",
}
"""By struct: every form a file may use, where a mapping is not the only one."""
