"""The network between a browser and Callboard, for a laptop that is put to sleep: its lines go dead, and nobody is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

__all__ = ["Network"]


class Network:
    """A relay on a port of its own to `port` on this machine, which may be set later. Made by `open`."""

    def __init__(self) -> None:
        self.port = 0
        self.base = ""
        self.accepted = 0
        """Connections so far."""
        self._awake = asyncio.Event()
        self._awake.set()
        self._lines: set[asyncio.Task[None]] = set()
        self._dead: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._near: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._open: list[asyncio.StreamWriter] = []

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator["Network"]:
        """Listen, until the context is left."""
        network = cls()
        server = await asyncio.start_server(network._line, "127.0.0.1", 0)
        network.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield network
        finally:
            server.close()
            for line in tuple(network._lines):
                line.cancel()
            await asyncio.gather(*network._lines, return_exceptions=True)
            for writer in network._open:
                writer.transport.abort()

    def sleep(self) -> None:
        """Every line is dead from here on, as far as the other end knows in good order; new ones wait."""
        self._awake.clear()
        for line in tuple(self._lines):
            line.cancel()
        self._dead += self._near
        self._near = []

    def wake(self) -> None:
        """New lines work. Of the dead ones nobody knows any more: whoever writes to one is told so, who only reads is not."""
        self._awake.set()
        for near, answer in self._dead:
            self._keep(asyncio.create_task(_reset_when_used(near, answer)))
        self._dead = []

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._lines.add(task)
        task.add_done_callback(self._lines.discard)

    async def _line(self, near: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._keep(task)
        self._open.append(answer)
        self._near.append((near, answer))
        with suppress(OSError, asyncio.CancelledError):
            await self._awake.wait()
            far, ask = await asyncio.open_connection("127.0.0.1", self.port)
            self._open.append(ask)
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(near, ask))
                group.create_task(_pump(far, answer))


async def _reset_when_used(near: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        await near.read(1)
    answer.transport.abort()


async def _pump(source: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await source.read(65536):
            into.write(piece)
            await into.drain()
    into.close()
