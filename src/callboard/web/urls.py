"""Where each page is: the one place that builds and reads Callboard's own paths.

Each begins with the path below which people reach us (`base_path`), whatever of it a proxy takes off on the way.

A segment is a foreign name (kubeconfig context names hold slashes), so `/` and `%` inside one are escaped twice: what a
server or browser decodes once still holds no separator of ours.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, unquote, urlencode

import msgspec

from callboard.model.entity import EntityRef
from callboard.portal.views import ObjectKey

__all__ = ["Urls", "from_segment", "list_query", "named_object", "object_path", "segment"]

HOME = "/catalog?kind=Component"
"""The front page: services are Components; the list of everything is one click away."""

PLAIN = re.compile(r"(?!\.*\Z)[A-Za-z0-9_.~:@-]+")
"""Names that stand in a path as they are: nothing to escape, and more than dots."""

CLUSTER_SCOPED = "-"
"""Stands for "no namespace" in a path; no Kubernetes namespace can have this name."""


LIST_KEYS = frozenset(
    {
        "q",
        "kind",
        "type",
        "owner",
        "lifecycle",
        "tag",
        "system",
        "environment",
        "cluster",
        "mine",
        "starred",
        "health",
        "sort",
        "group",
        "offset",
    }
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


def list_query(given: Iterable[tuple[str, str]]) -> str:
    """What of an address of the list says which page of it is meant, as a query string; the rest of the address is left out."""
    return urlencode([(key, value) for key, value in given if value and key in LIST_KEYS])


_NAMED = ("namespace", "kind", "name", "cluster", "type", "object_namespace", "object_name")


def object_path(ref: EntityRef, key: ObjectKey) -> str:
    """An object of a service as seven segments."""
    parts = (
        ref.namespace,
        ref.kind,
        ref.name,
        key.cluster,
        key.type,
        key.namespace or CLUSTER_SCOPED,
        key.name,
    )
    return "/".join(segment(part) for part in parts)


def named_object(path: str) -> dict[str, str]:
    """The same taken apart, as a route's parameters are; empty for what is no such path."""
    parts = [unquote(part) for part in path.split("/")]
    return dict(zip(_NAMED, parts, strict=True)) if len(parts) == len(_NAMED) else {}


class Urls(msgspec.Struct, frozen=True):
    """All addresses of pages, below `base`: "" or a path without a slash at its end. Templates have it as `urls`."""

    base: str = ""

    def at(self, path: str) -> str:
        """One of the site's own paths, which begins with a slash, as a browser has to ask for it."""
        return self.base + path

    @property
    def home(self) -> str:
        """The front page."""
        return self.base + HOME

    @property
    def cookie_path(self) -> str:
        """What a cookie of ours is sent to, and no neighbour's path on the same host."""
        return self.base or "/"

    def list_url(self, filters: Iterable[tuple[str, str]] = ()) -> str:
        """The list of services with those filters that are not empty, in their order."""
        query = urlencode([(key, value) for key, value in filters if value])
        return f"{self.base}/catalog?{query}" if query else f"{self.base}/catalog"

    def entity_url(self, ref: EntityRef) -> str:
        """An entity's page."""
        return f"{self.base}/catalog/{segment(ref.namespace)}/{segment(ref.kind)}/{segment(ref.name)}"

    def tab_url(self, ref: EntityRef, tab: str) -> str:
        """One tab of an entity's page."""
        return f"{self.entity_url(ref)}/{segment(tab)}"

    def help_url(self, ref: EntityRef, name: str) -> str:
        """Help with one finding, by its name or code."""
        return f"{self.tab_url(ref, 'kubernetes')}?{urlencode({'help': name})}"

    def crashes_url(self, ref: EntityRef, name: str = "newest", read: int = 0) -> str:
        """The crash logs of a service, one of them shown; `read` is how many are read, 0 for as many as usual."""
        query = urlencode({"crashes": name} | ({"read": str(read)} if read else {}))
        return f"{self.tab_url(ref, 'kubernetes')}?{query}"

    def connect_url(
        self, ref: EntityRef, cluster: str = "1", pod: ObjectKey | None = None, container: str = ""
    ) -> str:
        """How somebody reaches a cluster, or a pod of it, with kubectl."""
        asked = {"connect": cluster}
        if pod is not None and pod.type == "pods":
            asked["pod"] = f"{pod.namespace}/{pod.name}"
        if container:
            asked["container"] = container
        return f"{self.tab_url(ref, 'kubernetes')}?{urlencode(asked)}"

    def share_url(self, ref: EntityRef, form: str = "1") -> str:
        """The incident as text and picture, to be sent to others; with the form `svg` the picture itself."""
        return f"{self.tab_url(ref, 'kubernetes')}?{urlencode({'share': form})}"

    def object_url(self, ref: EntityRef, key: ObjectKey) -> str:
        """One object of a service."""
        return f"{self.objects_url(ref, key)}{segment(key.name)}"

    def objects_url(self, ref: EntityRef, key: ObjectKey) -> str:
        """All of that but the name, which the objects of one type in one place share."""
        return _objects_url(self, ref, key.cluster, key.type, key.namespace)

    def log_url(self, ref: EntityRef, key: ObjectKey, container: str = "", previous: bool = False) -> str:
        """The log of one container of a pod."""
        query = urlencode({"container": container} | ({"previous": "1"} if previous else {}))
        return f"{self.object_url(ref, key)}/log" + (f"?{query}" if container or previous else "")


@lru_cache(1024)
def _objects_url(urls: Urls, ref: EntityRef, cluster: str, type_: str, namespace: str) -> str:
    parts = (cluster, type_, namespace or CLUSTER_SCOPED)
    return f"{urls.entity_url(ref)}/kubernetes/object/" + "".join(f"{segment(part)}/" for part in parts)
