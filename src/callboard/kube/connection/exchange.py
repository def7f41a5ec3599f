"""One request and the head of its answer, over a connection of the client library's pool, in bytes.

A look at forty clusters is hundreds of answers of a few kilobytes. What a session of the client library does for each of them
besides (a URL, a request, a writer, cookies, redirects, tracing) costs three times what asking and reading do, and nobody needs
it here. Connector, TLS, parser and the bounds of `heads` are the same; streams and HTTP proxies go by the session.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import aiohttp
from aiohttp.connector import Connection as Held
from yarl import URL

__all__ = ["Answered", "Exchange"]

_NO_TRACES: Final[list[aiohttp.tracing.Trace]] = []


class Answered:
    """The head of an answer, and its body as it comes. Whoever has it calls `done` at the end."""

    __slots__ = ("_held", "content", "headers", "status")

    def __init__(
        self, held: Held, status: int, headers: Mapping[str, str], content: aiohttp.StreamReader
    ) -> None:
        self._held = held
        self.status = status
        self.headers = headers
        self.content = content

    @property
    def content_length(self) -> int | None:
        """Bytes the body has by its head; None where it does not say. What is no number the parser has refused."""
        said = self.headers.get("Content-Length")
        return None if said is None else int(said)

    def done(self) -> None:
        """Keep the connection where the body was read to its end, close it where it was not."""
        self._held.release() if self.content.at_eof() else self._held.close()


class Exchange:
    """Asks one API server over the connections of `connector`. `host` and `prefix` are what its requests name: the Host field,
    and what every path begins with."""

    def __init__(
        self, connector: aiohttp.BaseConnector, url: str, server_name: str, connect_seconds: float
    ) -> None:
        self._connector = connector
        self._loop = asyncio.get_running_loop()
        self._to = aiohttp.ClientRequest(
            "GET", URL(url), loop=self._loop, server_hostname=server_name or None
        )
        self._timeout = aiohttp.ClientTimeout(total=None, connect=connect_seconds, ceil_threshold=1e9)
        self.host = self._to.headers["Host"]
        self.prefix = self._to.url.raw_path.rstrip("/")

    async def ask(self, request: bytes, deadline: asyncio.Timeout, first_byte: float) -> Answered:
        """Send it and wait for the head of the answer. From the moment it is sent, `deadline` is `first_byte` seconds away at
        most; it is taken back when the head is there. Raises what the client library raises."""
        until = deadline.when()
        try:
            held = await self._connector.connect(self._to, _NO_TRACES, self._timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError from error
        try:
            protocol, transport = held.protocol, held.transport
            if protocol is None or transport is None or transport.is_closing():
                raise aiohttp.ClientConnectionResetError("the connection was closed")
            protocol.set_response_params(read_until_eof=True, auto_decompress=False)
            transport.write(request)
            latest = self._loop.time() + first_byte
            if not deadline.expired() and (until is None or latest < until):
                deadline.reschedule(latest)
            while True:
                message, content = await protocol.read()
                if not 100 <= message.code < 200 or message.code == 101:
                    break
            if not deadline.expired() and not content.is_eof():
                deadline.reschedule(until)
        except BaseException:
            held.close()
            raise
        return Answered(held, message.code, message.headers, content)
