"""A listener of ours with bounds of a test's choice, and clients that speak to it byte by byte."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
from starlette.types import ASGIApp

from callboard.http.limits import ConnectionEnd, HttpLimits
from callboard.http.server import Server, bind

QUICK = HttpLimits(head_seconds=0.3, body_seconds=0.3, silence_seconds=0.3, parting_seconds=0.2)


class Listening(msgspec.Struct, frozen=True):
    """A server that runs, and why it ended connections."""

    server: Server
    port: int
    ended: Counter[ConnectionEnd]
    certificate: tuple[str, str] | None = None

    async def dial(self) -> "Client":
        """A plain connection, whose sender must not mind being cut off."""
        return Client(*await asyncio.open_connection("127.0.0.1", self.port))

    async def ask(self, request: bytes) -> bytes:
        """Everything that comes back until the server closes."""
        client = await self.dial()
        client.write(request)
        return await client.rest()

    async def becomes(self, said: Callable[[], bool], within: float = 20.0) -> None:
        """Wait until something of the server is so."""
        async with asyncio.timeout(within):
            while not said():  # noqa: ASYNC110 - a count inside the server; nothing tells of it
                await asyncio.sleep(0.01)


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def send(self, piece: bytes, most: int) -> int:
        """Send pieces until the other side ends it, or `most` bytes went out; how many did."""
        sent = 0
        try:
            while sent < most and not self.reader.at_eof():
                self.writer.write(piece)
                await self.writer.drain()
                sent += len(piece)
        except ConnectionError:
            pass
        return sent

    async def rest(self) -> bytes:
        """What comes until the end, however it ends."""
        got = bytearray()
        try:
            async with asyncio.timeout(20):
                while piece := await self.reader.read(65536):
                    got += piece
        except ConnectionError:
            pass
        self.close()
        return bytes(got)

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    def close(self) -> None:
        self.writer.close()


@asynccontextmanager
async def listener_of(
    app: ASGIApp,
    limits: HttpLimits = QUICK,
    *,
    drain: float = 1.0,
    certificate: tuple[str, str] | None = None,
) -> AsyncIterator[Listening]:
    """Serve `app` on a free port of loopback for as long as the context lasts."""
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    ended: Counter[ConnectionEnd] = Counter()
    stop, ready = asyncio.Event(), asyncio.Event()
    server = Server(
        app,
        listener,
        drain=drain,
        certificate=certificate,
        limits=limits,
        counted=lambda end: ended.update((end,)),
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(server.run(stop, ready.set))
        await ready.wait()
        try:
            yield Listening(server, port, ended, certificate)
        finally:
            stop.set()
