"""A way through to one API server: reads only, headers from a list, bodies whole or not at all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import quote

from callboard.extend.parts import ProxyRequest, ProxyResponse
from callboard.kube.connection.connection import Connections, Response
from callboard.kube.failure import AnswerRefused, failure_of_exception, failure_of_status
from callboard.model.cluster import Cluster, Credential
from callboard.model.outcome import Failure, FailureCode

__all__ = ["BrokenOff", "DirectProxy"]

_TO: Final = frozenset({"accept", "if-none-match", "if-modified-since"})
"""What goes on. Everything else stays behind: Authorization, Cookie, Impersonate-*, X-Remote-*, hop-by-hop headers …"""

_FROM: Final = frozenset(
    {
        "content-type",
        "content-length",
        "content-encoding",
        "date",
        "etag",
        "last-modified",
        "cache-control",
        "retry-after",
        "warning",
        "audit-id",
    }
)

_UPGRADES: Final = frozenset({"proxy", "exec", "attach", "portforward"})
"""Subresources that lead to somewhere else than the API server, or want more than a read."""


class BrokenOff(ConnectionError):
    """A body ends in the middle; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class DirectProxy:
    """The proxy over our own connections. Implements `extend.Proxy`; whether the caller may is decided before."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @asynccontextmanager
    async def open(
        self, cluster: Cluster, credential: Credential, request: ProxyRequest
    ) -> AsyncIterator[ProxyResponse | Failure]:
        """The response while the context lasts, or why there is none. A body that breaks off raises BrokenOff from
        `body`, so that whoever passes it on breaks off, too."""
        refused = _refused(request)
        if refused is not None:
            yield refused
            return
        connection = self._connections.to(cluster, credential)
        headers = {k: v for k, v in request.headers.items() if k.lower() in _TO}
        accept = next((v for k, v in headers.items() if k.lower() == "accept"), "application/json")
        others = {k: v for k, v in headers.items() if k.lower() != "accept"}
        upstream = connection.open(
            "GET",
            quote(request.path, safe="/:@!$&'()*+,;=~"),
            request.query,
            accept=accept,
            headers={**others, "Accept-Encoding": "identity"},
            stream=True,
        )
        try:
            response = await upstream.__aenter__()
        except AnswerRefused as refusal:
            yield refusal.failure
            return
        except Exception as error:
            yield failure_of_exception(error)
            return
        try:
            if 300 <= response.status < 400 and response.status != 304:
                yield failure_of_status(response.status, response.headers, b"")
            else:
                yield ProxyResponse(
                    status=response.status,
                    headers={k: v for k, v in response.headers.items() if k.lower() in _FROM},
                    body=_Body(
                        response,
                        endless=("watch", "true") in request.query or ("follow", "true") in request.query,
                    ),
                )
        finally:
            await upstream.__aexit__(None, None, None)


class _Body:
    """The pieces of a body as they come."""

    def __init__(self, response: Response, *, endless: bool) -> None:
        self._response = response
        self._idle = 3600.0 if endless else None

    def __aiter__(self) -> "_Body":
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await self._response.piece(self._idle)
        except AnswerRefused as refused:
            raise BrokenOff(refused.failure) from None
        if not piece:
            raise StopAsyncIteration
        return piece


def _refused(request: ProxyRequest) -> Failure | None:
    """Only reads, only plain paths of the API server itself."""
    if request.method != "GET":
        return _not_allowed(f"only GET goes through, not {request.method[:16]!r}")
    segments = request.path.split("/")
    if not request.path.startswith("/") or any(s in (".", "..") for s in segments) or "" in segments[1:-1]:
        return _not_allowed("the path is not in its plain form")
    if any(ord(c) < 32 or c in "\\?#\x7f" for c in request.path):
        return _not_allowed("the path holds characters no API path has")
    if _UPGRADES.intersection(_subresources(segments)):
        return _not_allowed("connections through the API server to pods, services and nodes are not offered")
    return None


def _subresources(segments: list[str]) -> list[str]:
    """What follows the name of an object: `api/v1/namespaces/x/pods/y/EXEC`, and the old `api/v1/proxy/…`."""
    rest = segments[3:] if segments[1:2] == ["api"] else segments[4:] if segments[1:2] == ["apis"] else []
    if rest[:1] == ["namespaces"] and len(rest) > 3:
        rest = rest[2:]
    return [*rest[:1], *rest[2:]]


def _not_allowed(message: str) -> Failure:
    return Failure(code=FailureCode.UNEXPECTED_STATUS, message=message, status=405)
