"""Reading a request's path and verb the way an API server does (k8s.io/apiserver/pkg/endpoints/request.RequestInfo)."""

from collections.abc import Mapping

import msgspec

__all__ = ["RequestInfo", "read_request", "truthy"]

_VERBS = {
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
    "GET": "get",
    "HEAD": "get",
}
_NAMESPACE_PARTS = frozenset(["status", "finalize"])


class RequestInfo(msgspec.Struct, frozen=True):
    """What is asked. `resource` is empty for paths that are no resource (`/version`, `/apis/apps/v1`)."""

    verb: str
    path: str
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def is_resource(self) -> bool:
        return bool(self.resource)


def truthy(text: str | None) -> bool:
    """A boolean query parameter, as strconv.ParseBool reads it; a bare `?watch` counts."""
    return text is not None and text.lower() not in ("0", "f", "false")


def read_request(method: str, path: str, query: Mapping[str, str]) -> RequestInfo:
    verb = _VERBS.get(method, method.lower())
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return RequestInfo(verb, path)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and not (rest[2] in _NAMESPACE_PARTS and len(rest) == 3):
            rest = rest[2:]
    resource = rest[0]
    name = rest[1] if len(rest) > 1 else ""
    subresource = "/".join(rest[2:])
    if not name:
        if verb == "get":
            verb = "watch" if truthy(query.get("watch")) else "list"
            for term in query.get("fieldSelector", "").split(","):
                if term.startswith("metadata.name="):
                    name = term.partition("=")[2].lstrip("=")
        elif verb == "delete":
            verb = "deletecollection"
    return RequestInfo(verb, path, group, version, namespace, resource, name, subresource)
