"""HTTP/1.1 on a bare transport: an answer is its pieces handed to the kernel as they are; only small ones are copied."""

import asyncio
from collections import deque
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Final, cast

import httptools

from bench.replay.answers import Answer, Watch, answer, bookmark
from bench.replay.cluster import ReplayCluster
from bench.replay.collection import Event
from bench.replay.counters import Counters

__all__ = ["ReplayConnection"]

_BOOKMARK_SECONDS: Final = 60.0
_BUFFER: Final = 4096
"""Bytes."""
_MOST_UNSENT: Final = 64 * 1024 * 1024
"""Bytes a watch may lag behind; then it is cut off, as an API server does with slow watchers."""

Control = Callable[[str, str], bytes | None]


class ReplayConnection(asyncio.Protocol):
    """One client's connection. `delay` is in seconds before each answer; `control` answers paths below `/replay`."""

    def __init__(self, cluster: ReplayCluster, counters: Counters, control: Control) -> None:
        self.cluster = cluster
        self._counters = counters
        self._control = control
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._asked: deque[tuple[str, str]] = deque()
        self._busy = False
        self._stream: _Stream | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass
        self._transport.set_write_buffer_limits(high=_MOST_UNSENT)
        self._counters.connections += 1
        self._counters.open[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._counters.open.pop(self, None)
        self._transport = None
        if self._stream is not None:
            self._stream.close()

    def close(self) -> None:
        """Drop the connection, whatever it is doing."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def on_message_begin(self) -> None:
        self._target = b""

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_message_complete(self) -> None:
        self._asked.append((self._parser.get_method().decode(), self._target.decode(errors="replace")))
        if not self._busy:
            self._next()

    def _next(self) -> None:
        """Answer the oldest request; with a delay, the others wait behind it."""
        if not self._asked:
            return
        if self._counters.delay <= 0:
            self._answer(*self._asked.popleft())
            return
        self._busy = True
        asyncio.get_running_loop().call_later(self._counters.delay, self._late)

    def _late(self) -> None:
        self._busy = False
        if self._transport is not None and self._asked:
            self._answer(*self._asked.popleft())
            self._next()

    def _answer(self, method: str, target: str) -> None:
        controlled = self._control(method, target) if target.startswith("/replay") else None
        if controlled is not None:
            self._send(Answer(200, [controlled]))
            return
        self._counters.requests += 1
        found = answer(self.cluster, method, target)
        if isinstance(found, Answer):
            self._send(found)
        elif self._transport is not None:
            self._transport.write(_head(200, "Transfer-Encoding: chunked"))
            self._stream = _Stream(self._transport, found, self.cluster, self._counters)

    def _send(self, found: Answer) -> None:
        if self._transport is None:
            return
        size = sum(map(len, found.pieces))
        self._counters.bytes += size
        head = _head(found.status, f"Content-Length: {size}")
        self._transport.writelines(_as_go_writes([head, *found.pieces]))


class _Stream:
    """One watch: what changes in a turn of the loop goes out in one chunk."""

    def __init__(
        self, transport: asyncio.Transport, watch: Watch, cluster: ReplayCluster, counters: Counters
    ) -> None:
        self._transport = transport
        self._watch = watch
        self._cluster = cluster
        self._counters = counters
        self._loop = asyncio.get_running_loop()
        self._lines: list[bytes] = []
        self._timers: list[asyncio.TimerHandle] = []
        counters.streams += 1
        self._send(watch.start)
        if watch.after < 0:
            self._end()
            return
        for event in watch.collection.history:
            if event.version > watch.after:
                self._tell(event)
        watch.collection.watchers.append(self._tell)
        self._timers.append(self._loop.call_later(watch.seconds, self._end))
        if watch.bookmarks:
            self._timers.append(self._loop.call_later(_BOOKMARK_SECONDS, self._bookmark))

    def close(self) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._tell in self._watch.collection.watchers:
            self._watch.collection.watchers.remove(self._tell)

    def _tell(self, event: Event) -> None:
        watch = self._watch
        if watch.namespace and watch.namespace != event.namespace:
            return
        if watch.service is not None and watch.service != event.service:
            return
        if not self._lines:
            self._loop.call_soon(self._flush)
        self._lines.append(event.line)

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        if self._transport.get_write_buffer_size() > _MOST_UNSENT:
            self._counters.cut_off += 1
            self._transport.abort()
            return
        self._counters.events += len(lines)
        self._send(lines)

    def _send(self, lines: list[bytes]) -> None:
        if lines and not self._transport.is_closing():
            size = sum(map(len, lines))
            self._counters.bytes += size
            self._transport.writelines(_as_go_writes([b"%x\r\n" % size, *lines, b"\r\n"]))

    def _bookmark(self) -> None:
        if self._lines:
            self._flush()
        self._send([bookmark(self._watch.collection, self._cluster.version)])
        self._timers.append(self._loop.call_later(_BOOKMARK_SECONDS, self._bookmark))

    def _end(self) -> None:
        self.close()
        if self._lines:
            self._flush()
        if not self._transport.is_closing():
            self._transport.write(b"0\r\n\r\n")


def _as_go_writes(pieces: list[bytes]) -> list[bytes]:
    """The same with what is small put together: over TLS each piece is a record, and each record a read on the other side. An
    API server has a buffer of 4 KiB before its connection (`newBufioWriterSize` in Go's net/http)."""
    writes: list[bytes] = []
    together: list[bytes] = []
    size = 0
    for piece in pieces:
        if together and size + len(piece) > _BUFFER:
            writes.append(b"".join(together))
            together, size = [], 0
        together.append(piece)
        size += len(piece)
    writes.append(b"".join(together))
    return writes


def _head(status: int, length: str) -> bytes:
    return (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
        f"Date: {formatdate(usegmt=True)}\r\n{length}\r\n\r\n"
    ).encode()
