"""A service beside, in raw bytes: it answers each path as a test says, well or badly, and keeps what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

__all__ = ["Beside", "answer", "beside"]

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(
    body: bytes | str = b"{}", *, status: int = 200, kind: str = "application/json", more: bytes = b""
) -> bytes:
    """A whole answer."""
    body = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + more + b"\r\n" + body


class Beside:
    """`says` are bytes or a coroutine, by the path without query; `asked` are the requests: (line, headers as sent, body)."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.says: dict[str, bytes | Say] = {}
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.over = asyncio.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def service(self, **more: object) -> Mapping[str, object]:
        """Its section of the configuration."""
        return {"target": self.address, **more}


@asynccontextmanager
async def beside() -> AsyncIterator[Beside]:
    """Serve until the block ends."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {
                    k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)
                }
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                state.asked.append((head[0], headers, body))
                say = state.says.get(head[0].split(" ")[1].partition("?")[0], answer("gone", status=404))
                if isinstance(say, bytes):
                    writer.write(say)
                    await writer.drain()
                else:
                    await say(writer)
                    return
        except (OSError, asyncio.IncompleteReadError):
            pass  # the other side hung up, as some tests mean it to
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    state = Beside(server.sockets[0].getsockname()[1])
    try:
        yield state
    finally:
        state.over.set()
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
