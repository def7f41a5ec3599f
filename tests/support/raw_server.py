"""A real TCP server on loopback that answers whatever a test writes, byte by byte."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

__all__ = ["RawServer", "raw_server"]

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]


class RawServer:
    """`heads` are the requests so far; `say` writes each answer; `left` is set when a client has hung up on one."""

    def __init__(self, port: int, say: Say) -> None:
        self.port = port
        self.say = say
        self.heads: list[bytes] = []
        self.connections = 0
        self.written = 0
        self.left = asyncio.Event()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@asynccontextmanager
async def raw_server(say: Say | bytes) -> AsyncIterator[RawServer]:
    """Serve until the block ends. Bytes are sent as they are, and the connection is kept."""

    async def plain(writer: asyncio.StreamWriter) -> None:
        assert isinstance(say, bytes)
        writer.write(say)
        await writer.drain()

    state = RawServer(0, plain if isinstance(say, bytes) else say)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        state.connections += 1
        try:
            while True:
                state.heads.append(await reader.readuntil(b"\r\n\r\n"))
                await state.say(writer)
        except (OSError, asyncio.IncompleteReadError):
            state.left.set()
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
