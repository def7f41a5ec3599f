"""Where each page is: the one place that builds and reads Callboard's own paths.

A segment is a foreign name (kubeconfig context names hold slashes), so `/` and `%` inside one are escaped twice: what a
server or browser decodes once still holds no separator of ours.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, urlencode

from callboard.model.entity import EntityRef
from callboard.portal.views import ObjectKey

__all__ = ["HOME", "entity_url", "from_segment", "list_url", "log_url", "object_url", "segment", "tab_url"]

HOME = "/catalog?kind=Component"
"""The front page: services are Components; the list of everything is one click away."""

PLAIN = re.compile(r"(?!\.*\Z)[A-Za-z0-9_.~:@-]+")
"""Names that stand in a path as they are: nothing to escape, and more than dots."""

CLUSTER_SCOPED = "-"
"""Stands for "no namespace" in a path; no Kubernetes namespace can have this name."""


LIST_KEYS = frozenset(
    {"q", "kind", "type", "owner", "lifecycle", "tag", "system", "health", "sort", "offset"}
)
"""The parameters that choose a page of the list of services."""


def segment(name: str) -> str:
    """One path segment that decodes back to `name` with `from_segment`, whatever `name` holds."""
    if PLAIN.fullmatch(name):  # as nearly all are, and a page has thousands
        return name
    safe = name.replace("%", "%25").replace("/", "%2F").replace("\\", "%5C")
    if safe.strip(".") == "":  # "." and ".." would be resolved away by the browser
        safe = safe.replace(".", "%2E")
    return quote(safe, safe=":@")


def from_segment(text: str) -> str:
    """The name that `segment` wrote, after the server decoded the path once."""
    return text.replace("%2E", ".").replace("%5C", "\\").replace("%2F", "/").replace("%25", "%")


def list_url(filters: Iterable[tuple[str, str]] = ()) -> str:
    """The list of services with those filters that are not empty, in their order."""
    query = urlencode([(key, value) for key, value in filters if value])
    return f"/catalog?{query}" if query else "/catalog"


def list_query(given: Iterable[tuple[str, str]]) -> str:
    """What of an address of the list says which page of it is meant, as a query string; the rest of the address is left out."""
    return urlencode([(key, value) for key, value in given if value and key in LIST_KEYS])


def entity_url(ref: EntityRef) -> str:
    """An entity's page."""
    return f"/catalog/{segment(ref.namespace)}/{segment(ref.kind)}/{segment(ref.name)}"


def tab_url(ref: EntityRef, tab: str) -> str:
    """One tab of an entity's page."""
    return f"{entity_url(ref)}/{segment(tab)}"


def object_url(ref: EntityRef, key: ObjectKey) -> str:
    """One object of a service."""
    return f"{objects_url(ref, key)}{segment(key.name)}"


def objects_url(ref: EntityRef, key: ObjectKey) -> str:
    """All of that but the name, which the objects of one type in one place share."""
    return _objects_url(ref, key.cluster, key.type, key.namespace)


@lru_cache(1024)
def _objects_url(ref: EntityRef, cluster: str, type_: str, namespace: str) -> str:
    parts = (cluster, type_, namespace or CLUSTER_SCOPED)
    return f"{entity_url(ref)}/kubernetes/object/" + "".join(f"{segment(part)}/" for part in parts)


def log_url(ref: EntityRef, key: ObjectKey, container: str = "", previous: bool = False) -> str:
    """The log of one container of a pod."""
    query = urlencode({"container": container} | ({"previous": "1"} if previous else {}))
    return f"{object_url(ref, key)}/log" + (f"?{query}" if container or previous else "")
