"""The short forms that Backstage allows, turned into the long ones before they are read."""

import re
from collections.abc import Callable

import msgspec

from callboard.base.config.tree import Node
from callboard.base.settings import (
    CorsSettings,
    DatabaseConnection,
    DatabaseSettings,
    ListenSettings,
    RuleAllow,
)

__all__ = ["FORMS", "SHAPES"]

_LISTEN = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]*):)?(?P<port>[0-9]{1,5})")

_SERVICE_PORT = re.compile(r"tcp://[^/\s]+:(?P<port>[0-9]{1,5})")
"""What Kubernetes writes into the variable NAME_PORT for each Service."""
_SWITCHES = {"true": True, "false": False}


def _listen(node: Node) -> Node:
    if isinstance(node.value, bool) or not isinstance(node.value, int | str):
        return node
    match = _LISTEN.fullmatch(str(node.value))
    if match is None:
        return node
    items = {"port": Node(int(match["port"]), node.origin)}
    if match["host"]:
        items["host"] = Node(match["host"].strip("[]"), node.origin)
    return Node(items, node.origin)


def _cors(node: Node) -> Node:
    if node.value is False:
        return Node(None, node.origin)
    if not isinstance(node.value, dict):
        return node
    items = dict(node.value)
    for key in ("origin", "methods", "allowedHeaders", "exposedHeaders"):
        item = items.get(key)
        if item is not None and isinstance(item.value, str):
            items[key] = Node(
                [Node(part.strip(), item.origin) for part in item.value.split(",")], item.origin
            )
        elif item is not None and key == "origin" and item.value is False:
            items[key] = Node([], item.origin)
    return Node(items, node.origin)


def _database(node: Node) -> Node:
    connection = node.value.get("connection") if isinstance(node.value, dict) else None
    if not isinstance(node.value, dict) or connection is None or not isinstance(connection.value, str):
        return node
    client = node.value.get("client")
    key = "connectionString" if client is not None and client.value == "pg" else "filename"
    return Node({**node.value, "connection": Node({key: connection}, connection.origin)}, node.origin)


def _connection(node: Node) -> Node:
    if not isinstance(node.value, dict):
        return node
    items = dict(node.value)
    port = items.get("port")
    if port is not None and isinstance(port.value, str) and (match := _SERVICE_PORT.fullmatch(port.value)):
        items["port"] = Node(int(match["port"]), port.origin)
    ssl = items.get("ssl")
    said = _SWITCHES.get(str(ssl.value).lower()) if ssl is not None else None
    if ssl is not None and said is not None:
        items["ssl"] = Node({"require": Node(said, ssl.origin)}, ssl.origin)
    return Node(items, node.origin)


def _allow(node: Node) -> Node:
    return Node({"kind": node}, node.origin) if isinstance(node.value, str) else node


SHAPES: dict[type[msgspec.Struct], Callable[[Node], Node]] = {
    ListenSettings: _listen,
    CorsSettings: _cors,
    DatabaseConnection: _connection,
    DatabaseSettings: _database,
    RuleAllow: _allow,
}
"""By the struct that is to be read: from any form a file may use to the one whose keys are the struct's fields."""

FORMS: dict[type[msgspec.Struct], str] = {
    ListenSettings: "':port', 'host:port', a port, or {host, port}",
    CorsSettings: "a mapping, or false",
    RuleAllow: "a kind, or {kind, spec.type}",
}
"""By struct: every form a file may use, where a mapping is not the only one."""
