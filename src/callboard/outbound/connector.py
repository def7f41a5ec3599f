"""Connections that cannot be led astray: each address is checked where its socket is made.

Whatever led there, a name, a second answer of its owner or a number in the URL, nothing is connected to unchecked.
"""

import asyncio
import errno
import socket
import ssl
from functools import partial
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.client_proto import ResponseHandler

from callboard.outbound.network import Network, may_connect

__all__ = ["EndlessAnswer", "InsideAddress", "connector"]

KEEP_ALIVE: Final = 30.0
"""Seconds an unused connection is kept: several documents of one host are read one after the other."""

MOST_HEADS: Final = 20
"""An answer, and the informational ones (1xx) before it."""

MOST_AROUND_A_BODY: Final = 2 * 1024 * 1024
MOST_FOR_A_BYTE: Final = 8
"""Bytes on the wire that are not body: all heads, and what surrounds chunks (at least one byte in six, where one is as short as
can be)."""


class InsideAddress(OSError):
    """The host leads where this request may not go."""


class EndlessAnswer(aiohttp.ClientError):
    """One informational answer after the other and none that is one, or much and no body in it."""


def connector(
    network: Network | None, tls: ssl.SSLContext, resolver: AbstractResolver | None = None
) -> aiohttp.TCPConnector:
    """Connections that reach `network` at most; None for those to a proxy, which the operator named. `resolver` stands in for
    the machine's own."""
    made = aiohttp.TCPConnector(
        ssl=tls,
        resolver=resolver,
        socket_factory=None if network is None else partial(_socket, network),
        use_dns_cache=False,
        keepalive_timeout=KEEP_ALIVE,
        limit=32,
        limit_per_host=8,
    )
    factory = partial(_BoundedAnswer, loop=asyncio.get_running_loop())
    made._factory = factory  # type: ignore[assignment]  # the library has no public place for it
    return made


def _socket(network: Network, info: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, _, address = info
    if not may_connect(str(address[0]), network):
        raise InsideAddress(errno.EACCES, "leads to an address that may not be reached")
    return socket.socket(family=family, type=kind, proto=protocol)


class _BoundedAnswer(ResponseHandler):
    """The client library's own reader of answers, which takes informational answers, blank lines and the decoration of
    chunks without end."""

    _heads = 0
    _came = 0

    def set_response_params(self, **params: Any) -> None:
        self._heads = self._came = 0
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        self._came += len(data)
        super().data_received(data)
        body = self._payload.total_bytes if self._payload is not None else 0
        if self._came > MOST_AROUND_A_BODY + MOST_FOR_A_BYTE * body:
            self._give_up()

    def feed_data(self, data: Any, size: int = 0) -> None:
        self._heads += 1
        if self._heads <= MOST_HEADS:
            super().feed_data(data, size)
        else:
            self._give_up()

    def _give_up(self) -> None:
        error = EndlessAnswer()
        self.set_exception(error)
        if self._payload is not None:
            self._payload.set_exception(error)
        if self.transport is not None:
            self.transport.abort()
