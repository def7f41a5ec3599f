"""A request's path and query to the pieces of its answer, and nothing about sockets."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote

import msgspec

from bench.replay.cluster import ReplayCluster
from bench.replay.collection import Collection
from bench.replay.services import SERVICE_LABEL

__all__ = ["Answer", "Watch", "answer", "bookmark"]

_PATH: Final = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>v[^/]+)(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?"
)
_GROUP_VERSION: Final = re.compile(r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>v[^/]+)")
_NAME: Final = "metadata.name="
_ABSENT_LABEL: Final = "app"
"""What a StatefulSet or DaemonSet beside a service selects: no object has it."""
_encode: Final = msgspec.json.Encoder().encode


class Answer(msgspec.Struct, frozen=True):
    """A whole body, in pieces that are sent one after the other."""

    status: int
    pieces: list[bytes]


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """A stream to begin. `start` holds the lines that come first, `after` is the version it goes on from;
    `service` None means any."""

    collection: Collection
    namespace: str
    service: str | None
    start: list[bytes]
    after: int
    bookmarks: bool
    seconds: float


class _Refused(Exception):
    def __init__(self, status: int, reason: str, message: str) -> None:
        self.answer = Answer(status, [_status(status, reason, message)])


def answer(cluster: ReplayCluster, method: str, target: str) -> Answer | Watch:
    """What to send for a request. Never raises: whatever is not served is a Status."""
    path, _, query_text = target.partition("?")
    try:
        if method != "GET":
            raise _Refused(405, "MethodNotAllowed", "the replay only reads")
        return _get(cluster, unquote(path), dict(parse_qsl(query_text, keep_blank_values=True)))
    except _Refused as refused:
        return refused.answer


def _get(cluster: ReplayCluster, path: str, query: Mapping[str, str]) -> Answer | Watch:
    if path == "/version":
        return _json({"major": "1", "minor": "36", "gitVersion": "v1.36.0", "platform": "linux/amd64"})
    if path in ("/readyz", "/livez"):
        return Answer(200, [b"ok"])
    matched = _PATH.fullmatch(path)
    if matched is None:
        return _discovery(cluster, path)
    namespace, name = matched["namespace"] or "", matched["name"] or ""
    collection = cluster.collections.get((matched["group"] or "", matched["version"], matched["plural"]))
    if collection is None or (namespace and not collection.kind.namespaced):
        raise _Refused(404, "NotFound", "the server could not find the requested resource")
    if name:
        position = collection.find(namespace, name)
        if position is None:
            raise _Refused(404, "NotFound", f'{collection.kind.plural} "{name}" not found')
        return Answer(200, [collection.whole(position)])
    service = _service(query.get("labelSelector", ""))
    if query.get("watch") in ("true", "1"):
        return _watch(cluster, collection, namespace, service, query)
    return _list(cluster, collection, namespace, service, query)


def _list(
    cluster: ReplayCluster,
    collection: Collection,
    namespace: str,
    service: str | None,
    query: Mapping[str, str],
) -> Answer:
    positions = collection.select(namespace, service)
    field = query.get("fieldSelector", "")
    if field and positions:
        position = collection.find(namespace, field.removeprefix(_NAME)) if field.startswith(_NAME) else None
        if not field.startswith(_NAME):
            raise _Refused(400, "BadRequest", "the replay knows no field selector but metadata.name=")
        positions = [position] if position is not None else []
    version, start = _continued(query["continue"]) if query.get("continue") else (cluster.version, 0)
    limit = _number(query, "limit", 0) or len(positions)
    page = positions[start : start + limit]
    metadata: dict[str, str | int] = {"resourceVersion": str(version)}
    remaining = len(positions) - start - len(page)
    if remaining > 0:
        token = f"{version}:{start + len(page)}".encode()
        metadata |= {"continue": base64.urlsafe_b64encode(token).decode(), "remainingItemCount": remaining}
    kind = collection.kind
    head = f'{{"kind":"{kind.kind}List","apiVersion":"{kind.api_version}","metadata":'.encode()
    return Answer(200, [head + _encode(metadata) + b',"items":[', *collection.pieces(page), b"]}\n"])


def _watch(
    cluster: ReplayCluster,
    collection: Collection,
    namespace: str,
    service: str | None,
    query: Mapping[str, str],
) -> Watch:
    if query.get("fieldSelector") and collection.items:
        raise _Refused(400, "BadRequest", "the replay watches without field selectors")
    given = query.get("resourceVersion", "")
    if given not in ("", "0") and not given.isdecimal():
        raise _Refused(400, "BadRequest", "resourceVersion is no number")
    start: list[bytes] = []
    after = cluster.version
    initial = query.get("sendInitialEvents") == "true"
    if initial or given in ("", "0"):
        start = [collection.added(i) for i in collection.select(namespace, service)]
        if initial:
            start.append(bookmark(collection, after, end=True))
    elif int(given) < collection.forgotten:
        expired = _status(410, "Expired", f"too old resource version: {given} ({collection.forgotten})")
        start = [b'{"type":"ERROR","object":%b}\n' % expired]
        after = -1
    else:
        after = int(given)
    return Watch(
        collection=collection,
        namespace=namespace,
        service=service,
        start=start,
        after=after,
        bookmarks=query.get("allowWatchBookmarks") == "true",
        seconds=_number(query, "timeoutSeconds", 1800),
    )


def bookmark(collection: Collection, version: int, *, end: bool = False) -> bytes:
    """A BOOKMARK line; `end` marks the end of a streaming list."""
    metadata: dict[str, object] = {"resourceVersion": str(version)}
    if end:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    kind = collection.kind
    body = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}
    return _encode({"type": "BOOKMARK", "object": body}) + b"\n"


def _service(selector: str) -> str | None:
    """The one selector there is an index for; `key==value` is the same as `key=value`."""
    if not selector:
        return None
    key, _, value = selector.replace("==", "=").partition("=")
    if key == _ABSENT_LABEL and "," not in value:
        return ""  # of no service
    if key.strip() != SERVICE_LABEL or "," in value or not value.strip():
        raise _Refused(
            400,
            "BadRequest",
            f"the replay knows no label selector but {SERVICE_LABEL}=NAME and {_ABSENT_LABEL}=NAME",
        )
    return value.strip()


def _continued(token: str) -> tuple[int, int]:
    try:
        version, _, start = base64.urlsafe_b64decode(token).decode().partition(":")
        return int(version), int(start)
    except (binascii.Error, ValueError):
        raise _Refused(400, "BadRequest", "continue key is not valid") from None


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    if text and not text.isdecimal():
        raise _Refused(400, "BadRequest", f"{name} is no number")
    return int(text) if text else default


def _discovery(cluster: ReplayCluster, path: str) -> Answer:
    kinds = [collection.kind for collection in cluster.collections.values()]
    if path == "/api":
        return _json({"kind": "APIVersions", "versions": ["v1"]})
    if path == "/apis":
        groups = []
        for group, version in dict.fromkeys((k.group, k.version) for k in kinds if k.group):
            served = {"groupVersion": f"{group}/{version}", "version": version}
            groups.append({"name": group, "versions": [served], "preferredVersion": served})
        return _json({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
    matched = _GROUP_VERSION.fullmatch(path)
    served_here = [
        k for k in kinds if matched and (k.group, k.version) == (matched["group"] or "", matched["version"])
    ]
    if not served_here:
        raise _Refused(404, "NotFound", "the server could not find the requested resource")
    resources = [
        {
            "name": k.plural,
            "singularName": "",
            "namespaced": k.namespaced,
            "kind": k.kind,
            "verbs": ["get", "list", "watch"],
        }
        for k in served_here
    ]
    group_version = served_here[0].api_version
    return _json(
        {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}
    )


def _json(body: object) -> Answer:
    return Answer(200, [_encode(body)])


def _status(code: int, reason: str, message: str) -> bytes:
    said = {"status": "Failure", "message": message, "reason": reason, "code": code}
    return _encode({"kind": "Status", "apiVersion": "v1", "metadata": {}, **said})
