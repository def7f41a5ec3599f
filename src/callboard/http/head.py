"""HTTP/1.1 as it comes in, bounded before it is taken apart.

h11 bounds what is incomplete; what comes whole in one piece it reads at any size, so that is looked at here first.
"""

import re
from urllib.parse import urlsplit

import h11

from callboard.http.limits import ConnectionEnd, HttpLimits

__all__ = ["IncomingHttp"]

_END = re.compile(rb"\n\r?\n")
_FEW_CHUNKS = 1000
_SMALL_CHUNK = 16
"""Bytes. More chunks than that, smaller than this on average, are work and no content."""


class IncomingHttp(h11.Connection):
    """The state of one connection. What breaks a bound raises h11's RemoteProtocolError, and `end` says which."""

    def __init__(self, limits: HttpLimits) -> None:
        super().__init__(h11.SERVER, limits.head_bytes)
        self._limits = limits
        self._chunks = self._content = 0
        self.end = ConnectionEnd.NOT_HTTP

    @property
    def begun(self) -> bool:
        """Whether something of a request came that is not whole yet, or one waits for the one before it."""
        return bool(self.trailing_data[0])

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """As h11's."""
        try:
            if self.their_state is h11.IDLE:
                self._chunks = self._content = 0
                self._bound_head()
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            if error.error_status_hint == 431:
                self.end = ConnectionEnd.HEAD_TOO_LARGE
            raise
        if isinstance(event, h11.Request):
            if event.http_version not in (b"1.0", b"1.1"):
                raise h11.RemoteProtocolError("another version")
            return event if event.target.startswith(b"/") else _in_origin_form(event)
        if isinstance(event, h11.Data):
            self._bound_chunks(event)
        return event

    def _bound_head(self) -> None:
        held, _ = self.trailing_data
        found = _END.search(held)
        size = found.end() if found else len(held)
        if size > self._limits.head_bytes or held.count(b"\n", 0, size) > self._limits.head_lines + 1:
            raise h11.RemoteProtocolError("head too large", error_status_hint=431)

    def _bound_chunks(self, data: h11.Data) -> None:
        self._chunks += data.chunk_start
        self._content += len(data.data)
        if self._chunks > _FEW_CHUNKS and self._content < self._chunks * _SMALL_CHUNK:
            raise h11.RemoteProtocolError("chunks too small")


def _in_origin_form(request: h11.Request) -> h11.Request:
    """A target that names its host (RFC 9112, 3.2.2) as path and Host. Its host counts; one beside it that is another makes a
    Host that nobody has, so that neither of the two can hide behind the other."""
    if request.target == b"*":
        return request
    try:
        parts = urlsplit(request.target.decode("ascii"))
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
            raise ValueError
    except ValueError:
        raise h11.RemoteProtocolError("no target of ours") from None
    headers = [(name, value) for name, value in request.headers if name != b"host"]
    host = parts.netloc.lower().encode("ascii")
    given = {value.lower() for name, value in request.headers if name == b"host"} | {host}
    query = f"?{parts.query}" if parts.query else ""
    return h11.Request(
        method=request.method,
        target=f"{parts.path or '/'}{query}".encode("ascii"),
        headers=[(b"host", b", ".join(sorted(given))), *headers],
        http_version=request.http_version,
    )
