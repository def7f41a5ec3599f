"""What comes around an answer, with a bound: interim answers (1xx), its head, the frames of its chunks, trailers.

The client library bounds the lines of a head. It reads `100 Continue` and `103 Early Hints` for as long as a server sends them,
and so a trailer, or what stands beside the size of a chunk.
"""

import asyncio
from functools import partial
from ssl import SSLContext
from typing import Any, Final

import aiohttp
from aiohttp.client_exceptions import ClientPayloadError
from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import set_exception
from aiohttp.http_exceptions import BadHttpMessage

__all__ = ["Connector"]

MOST_INTERIM: Final = 16
"""Interim answers to one request: API servers send none, and what stands in between a `103` now and then."""
MOST_AROUND: Final = 32 * 1024
"""Bytes in a row of which less than a quarter is of a body: four times the longest line of a head. Chunks of one byte are six
times as long, and each costs as much as one of a kilobyte."""
SLICE: Final = 2048
"""Bytes looked at in one go until the answer itself has begun: a head of an API server is shorter, and so is a flood that is
noticed."""
PART: Final = 8192
"""The same within an answer."""


class Connector(aiohttp.TCPConnector):
    """The client library's, with that bound on each of its connections. `options` are the library's."""

    def __init__(self, *, limit: int, context: SSLContext | bool, keep_alive: float, **options: Any) -> None:
        super().__init__(limit=limit, ssl=context, keepalive_timeout=keep_alive, **options)
        self._factory = partial(_Bounded, loop=self._loop)  # type: ignore[assignment]


class _Bounded(ResponseHandler):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._awaited = False
        self._interim = 0
        self._around = 0

    def set_response_params(self, **params: Any) -> None:
        self._awaited, self._interim, self._around = True, 0, 0
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        if len(data) <= SLICE:
            if self._exception is None:
                self._part_received(data)
            return
        at = 0
        while self._exception is None:
            part = data[at : at + (SLICE if self._awaited else PART)]
            self._part_received(part)
            at += len(part)
            if at >= len(data):
                return

    def _part_received(self, data: bytes) -> None:
        before = self._taken()
        super().data_received(data)
        if self._exception is not None:
            self._refuse(
                "what comes around an answer is no HTTP"
            )  # who reads the body is not told by the library
            return
        if not data:
            return  # the library goes on with what it holds
        if self._reading_paused or 4 * abs(self._taken() - before) >= len(data):
            # Paused, because whoever reads the body is behind, the library holds what has come beside it: no more comes then.
            self._around = 0
            return
        self._around += len(data)
        if self._around > MOST_AROUND:
            self._refuse("too much comes around an answer")

    def _taken(self) -> int:
        """Bytes of the body that have come."""
        return getattr(self._payload, "total_bytes", 0)

    def _refuse(self, words: str) -> None:
        error = BadHttpMessage(words)
        if self._payload is not None and not self._payload.is_eof() and self._payload.exception() is None:
            set_exception(self._payload, ClientPayloadError(words), error)
        if self._exception is None:
            self.set_exception(error)
        if self.transport is not None:
            self.transport.abort()

    def feed_data(self, data: Any, size: int = 0) -> None:
        if self._exception is not None:
            return
        code = data[0].code
        if not 100 <= code < 200 or code == 101:
            self._awaited = False
        else:
            self._interim += 1
            if self._interim > MOST_INTERIM:
                self._refuse("more interim answers than anybody needs")
                return
        super().feed_data(data, size)
