"""What the kind of a value alone does not tell, by the struct it belongs to.

A rule gets the fields that could be read (those written down, no defaults), so that one bad key hides no other.
"""

import base64
import binascii
import typing
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec

from callboard.base.base_path import TAKEN, is_base_path
from callboard.base.config.findings import ConfigFindings
from callboard.base.config.nearest import nearest
from callboard.base.config.report import KeyOutcome
from callboard.base.config.tree import ConfigNode, at, shown
from callboard.base.gaps import gaps, is_link_template
from callboard.base.secret import Secret
from callboard.base.settings import (
    AccessSettings,
    AppSettings,
    BackendSettings,
    BreakerSettings,
    CallboardSettings,
    CatalogLocation,
    ClusterLimits,
    ClusterLocator,
    ClusterOverride,
    ClusterSettings,
    ClustersSettings,
    ConfigLocator,
    CorsSettings,
    DatabaseConnection,
    DatabaseSettings,
    KubernetesSettings,
    LinkSettings,
    OtherLocator,
    ServiceLocatorMethod,
)
from callboard.base.yaml import Path, path_text

__all__ = ["RULES", "UNREAD"]

Fields = Mapping[str, object]
Rule = Callable[[Fields, ConfigNode, Path, ConfigFindings], None]

_AUTH_PROVIDER = "kubernetes.io/auth-provider"
_DATABASES = {"pg": "PostgreSQL", "better-sqlite3": "SQLite", "sqlite3": "SQLite"}
_LOCATORS = tuple(
    str(struct.__struct_config__.tag)
    for struct in typing.get_args(ClusterLocator)
    if struct.__struct_config__.tag is not None
)
LOCAL = "user:default/local"
"""The person at this machine (`Caller.loopback`)."""


def _address(
    fields: Fields, name: str, key: str, node: ConfigNode, path: Path, findings: ConfigFindings
) -> None:
    """The field `name`, where there is one, is an http(s) address without credentials."""
    value = fields.get(name)
    written = at(node, (key,))
    if not isinstance(value, str) or written is None:
        return
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good, parts = False, urlsplit("")
    if not good or parts.query or parts.fragment:
        findings.problem(
            written,
            (*path, key),
            "not an address",
            found=shown(written),
            expected="http(s)://host[:port][/path]",
        )
    elif parts.username is not None or parts.password is not None:
        findings.problem(
            written,
            (*path, key),
            "an address with credentials in it",
            expected="credentials in keys of their own",
        )


def _app(fields: Fields, node: ConfigNode, path: Path, findings: ConfigFindings) -> None:
    _address(fields, "base_url", "baseUrl", node, path, findings)
    _path_of_ours(fields, node, path, findings)


def _path_of_ours(fields: Fields, node: ConfigNode, path: Path, findings: ConfigFindings) -> None:
    """The path of `baseUrl`, where it has one, is one that our pages can stand below."""
    value, written = fields.get("base_url"), at(node, ("baseUrl",))
    if not isinstance(value, str) or written is None:
        return
    try:
        below = urlsplit(value).path
    except ValueError:
        return  # it is told otherwise
    if not is_base_path(below):
        findings.warn(
            written,
            (*path, "baseUrl"),
            f"its path has no effect, and pages begin at /: it may hold letters, digits and -._~, and not begin with a name of "
            f"our own pages ({', '.join(sorted(TAKEN))})",
        )


def _cors(fields: Fields, node: ConfigNode, path: Path, findings: ConfigFindings) -> None:
    origins = fields.get("origin")
    if fields.get("credentials") is True and isinstance(origins, tuple) and "*" in origins:
        findings.problem(
            node,
            (*path, "origin"),
            "every origin may send cookies",
            found="'*' with credentials: true",
            expected="origins",
        )


def _database(fields: Fields, node: ConfigNode, path: Path, findings: ConfigFindings) -> None:
    client, written = fields.get("client", DatabaseSettings().client), at(node, ("client",))
    if written is not None and client not in _DATABASES:
        meant = nearest(str(client), (*_DATABASES, "postgresql"))
        findings.problem(
            written,
            (*path, "client"),
            "no such database here",
            found=shown(written),
            expected="pg or better-sqlite3",
            hint=f"did you mean '{'pg' if meant == 'postgresql' else meant}'?" if meant else "",
        )
    connection = fields.get("connection")
    if not isinstance(connection, DatabaseConnection):
        return
    others = (
        ("filename", "directory")
        if client == "pg"
        else ("host", "port", "user", "password", "database", "ssl")
    )
    for key in others:
        unused = at(node, ("connection", key))
        if unused is not None:
            name = _DATABASES.get(str(client), str(client))
            findings.warn(unused, (*path, "connection", key), f"not a key of {name}", KeyOutcome.UNUSED)
    if connection.ssl is not None and connection.ssl.require and not connection.ssl.reject_unauthorized:
        findings.warn(
            at(node, ("connection", "ssl", "rejectUnauthorized")) or node,
            (*path, "connection", "ssl", "rejectUnauthorized"),
            "nobody checks that this is the database: the password could go to a stranger",
        )


def _location(fields: Fields, node: ConfigNode, path: Path, findings: ConfigFindings) -> None:
    if at(node, ("target",)) is None:
        findings.missing(node, (*path, "target"))


def _unread_location(node: ConfigNode) -> tuple[str, str] | None:
    kind = at(node, ("type",))
    if kind is None or not isinstance(kind.value, str) or kind.value in ("", "file", "url"):
        return None
    meant = None if kind.origin.hidden else nearest(kind.value, ("file", "url"))
    return "type", "only file and url locations are read" + (f"; did you mean '{meant}'?" if meant else "")


def _kubernetes(fields: Fields, node: ConfigNode, path: Path, findings: ConfigFindings) -> None:
    for key, name, known in (
        ("objectTypes", "object_types", KubernetesSettings.OBJECT_TYPES),
        ("apiVersionOverrides", "api_version_overrides", KubernetesSettings.OVERRIDABLE),
    ):
        written = fields.get(name)
        words: list[tuple[str, str | int]] = []
        if isinstance(written, tuple):
            words = [(str(word), i) for i, word in enumerate(written)]
        elif isinstance(written, dict):
            words = [(str(word), str(word)) for word in written]
        for word, step in words:
            if word not in known:
                meant = nearest(word, known)
                where = at(node, (key, step)) or node
                findings.problem(
                    where,
                    (*path, key, step),
                    "no such object type",
                    found=shown(ConfigNode(word, where.origin))
                    if isinstance(step, int)
                    else f"'{path_text((word,))}'",
                    expected="one of: " + ", ".join(known),
                    hint=f"did you mean '{meant}'?" if meant else "",
                )


def _service_locator(fields: Fields, node: ConfigNode, path: Path, findings: ConfigFindings) -> None:
    kind = fields.get("type")
    written = at(node, ("type",))
    if written is None or not isinstance(kind, str):
        return
    if kind in ServiceLocatorMethod.BUILT_IN:
        assert isinstance(node.value, dict)  # noqa: S101 - a struct is only filled from a mapping
        for key in sorted(node.value.keys() - {"type"}):
            other = node.value[key]
            findings.problem(
                other, (*path, key), "unknown key", found=f"'{path_text((key,))}'", expected=f"only 'type' with {kind}",
                outcome=KeyOutcome.UNKNOWN,
            )  # fmt: skip
    else:
        _of_a_plugin(
            kind, ServiceLocatorMethod.BUILT_IN, "service locator", written, (*path, "type"), findings
        )


def _other_locator(fields: Fields, node: ConfigNode, path: Path, findings: ConfigFindings) -> None:
    written = at(node, ("type",))
    if written is not None and isinstance(written.value, str):
        _of_a_plugin(written.value, _LOCATORS, "cluster locator", written, (*path, "type"), findings)


def _of_a_plugin(
    kind: str, known: tuple[str, ...], noun: str, node: ConfigNode, path: Path, findings: ConfigFindings
) -> None:
    meant = None if node.origin.hidden else nearest(kind, known)
    hint = f"; did you mean '{meant}'?" if meant else f"; built in are {', '.join(known)}"
    findings.warn(node, path, f"no {noun} of this type is built in: an extension must bring it{hint}")


def _config_locator(fields: Fields, node: ConfigNode, path: Path, findings: ConfigFindings) -> None:
    clusters = fields.get("clusters")
    first: dict[str, int] = {}
    for i, cluster in enumerate(clusters if isinstance(clusters, tuple) else ()):
        name = at(node, ("clusters", i, "name"))
        if not isinstance(cluster, ClusterSettings) or name is None:
            continue
        if cluster.name not in first:
            first[cluster.name] = i
            continue
        earlier = first[cluster.name]
        other = at(node, ("clusters", earlier, "name")) or node
        place = f"{other.origin}, {path_text((*path, 'clusters', earlier))}"
        findings.warn(
            name,
            (*path, "clusters", i, "name"),
            f"a second cluster of this name, which is not used: the first is at {place}",
        )


def _cluster(fields: Fields, node: ConfigNode, path: Path, findings: ConfigFindings) -> None:
    _address(fields, "url", "url", node, path, findings)
    metadata = fields.get("auth_metadata")
    named = metadata.get(_AUTH_PROVIDER) if isinstance(metadata, dict) else None
    provider = named.reveal() if isinstance(named, Secret) else fields.get("auth_provider")
    if provider is None and at(node, ("authProvider",)) is None:
        findings.warn(
            node,
            (*path, "authProvider"),
            f"missing, so the cluster cannot be asked: expected is authProvider, or authMetadata['{_AUTH_PROVIDER}']",
        )
    if provider in ClusterSettings.AUTH_OF_BACKSTAGE:
        findings.warn(
            at(node, ("authProvider",)) or node,
            (*path, "authProvider"),
            f"the auth strategy {provider} of Backstage is not had here: the cluster cannot be asked "
            f"unless an extension brings it (built in: {', '.join(ClusterSettings.AUTH_BUILT_IN)})",
        )
    if fields.get("skip_tls_verify") is True:
        findings.warn(
            at(node, ("skipTLSVerify",)) or node,
            (*path, "skipTLSVerify"),
            "nobody checks that this is the cluster: its credential could go to a stranger",
        )
    console, shown_at = fields.get("dashboard_url"), at(node, ("dashboardUrl",))
    if isinstance(console, str) and shown_at is not None and not is_link_template(console):
        told = "not an http or https address: no link to the console is shown"
        findings.warn(shown_at, (*path, "dashboardUrl"), told)
    data, written = fields.get("ca_data"), at(node, ("caData",))
    if isinstance(data, Secret) and written is not None and not _is_pem(data):
        findings.invalid(written, (*path, "caData"), "base64 of a PEM certificate", secret=True)


def _is_pem(data: Secret) -> bool:
    try:
        return b"-----BEGIN" in base64.b64decode("".join(data.reveal().split()), validate=True)
    except (binascii.Error, ValueError):
        return False


def _limits(fields: Fields, node: ConfigNode, path: Path, findings: ConfigFindings) -> None:
    soft, hard = fields.get("soft_deadline"), fields.get("hard_deadline")
    default = ClusterLimits()
    low = soft if isinstance(soft, float) else default.soft_deadline
    high = hard if isinstance(hard, float) else default.hard_deadline
    if low > high and (isinstance(soft, float) or isinstance(hard, float)):
        findings.problem(
            at(node, ("softDeadline",)) or at(node, ("hardDeadline",)) or node,
            (*path, "softDeadline"),
            "the soft deadline comes after the hard one",
            found=f"{low:g} s and {high:g} s",
            expected="softDeadline at most hardDeadline",
        )


def _override(fields: Fields, node: ConfigNode, path: Path, findings: ConfigFindings) -> None:
    if isinstance(fields.get("soft_deadline"), float) and isinstance(fields.get("hard_deadline"), float):
        _limits(fields, node, path, findings)
    links = fields.get("links")
    written = at(node, ("links",))
    if isinstance(links, dict) and written is not None:
        for title in links:
            _address(links, title, title, written, (*path, "links"), findings)


def _link(fields: Fields, node: ConfigNode, path: Path, findings: ConfigFindings) -> None:
    url, written = fields.get("url"), at(node, ("url",))
    if not isinstance(url, str) or written is None:
        return
    if unknown := [gap for gap in gaps(url) if gap not in LinkSettings.GAPS]:
        told = f"nothing is known as {{{unknown[0]}}}, so this link is never shown; gaps are {', '.join(LinkSettings.GAPS)}"
        findings.warn(written, (*path, "url"), told)
    if not is_link_template(url):
        findings.invalid(
            written, (*path, "url"), "an http, https or mailto address, with gaps behind its host only"
        )


def _breaker(fields: Fields, node: ConfigNode, path: Path, findings: ConfigFindings) -> None:
    least, most = fields.get("open_for"), fields.get("max_open_for")
    default = BreakerSettings()
    low = least if isinstance(least, float) else default.open_for
    high = most if isinstance(most, float) else default.max_open_for
    if low > high:
        findings.problem(
            node, (*path, "openFor"), "longer than maxOpenFor", found=f"{low:g} s and {high:g} s",
            expected="openFor at most maxOpenFor",
        )  # fmt: skip


def _callboard(fields: Fields, node: ConfigNode, path: Path, findings: ConfigFindings) -> None:
    clusters, access = fields.get("clusters"), fields.get("access")
    written = at(node, ("clusters",))
    if not isinstance(clusters, ClustersSettings) or written is None:
        return
    decide = [clusters.visibility, *(o.visibility for o in clusters.by_name.values())]
    users = access.users if isinstance(access, AccessSettings) else {}
    if "cluster" in decide and LOCAL not in users:
        findings.warn(
            written,
            (*path, "clusters"),
            f"clusters decide who sees what, and the person at this machine is no user of theirs: they will see nothing "
            f"there; callboard.access.users['{LOCAL}'] says whom they are",
        )


RULES: dict[type[msgspec.Struct], Rule] = {
    AppSettings: _app,
    BackendSettings: _app,
    BreakerSettings: _breaker,
    CallboardSettings: _callboard,
    CatalogLocation: _location,
    ClusterLimits: _limits,
    ClusterOverride: _override,
    ClusterSettings: _cluster,
    ConfigLocator: _config_locator,
    CorsSettings: _cors,
    DatabaseSettings: _database,
    KubernetesSettings: _kubernetes,
    LinkSettings: _link,
    OtherLocator: _other_locator,
    ServiceLocatorMethod: _service_locator,
}
"""By struct: what else must hold of its fields."""

UNREAD: dict[type[msgspec.Struct], Callable[[ConfigNode], tuple[str, str] | None]] = {
    CatalogLocation: _unread_location
}
"""By struct: why nobody acts on one, and the key that says so; None where somebody does."""
