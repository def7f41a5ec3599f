"""While nobody asks, the server wakes for nothing; whoever asks is told the time all the same, and it ends when told."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from callboard.http.server import Server, bind
from support.leaping import Leaping


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def served(story: Callable[[int], Awaitable[None]]) -> None:
    """Play it while a server listens, with its port, and see the server end."""
    listener = bind("127.0.0.1", 0)
    stop, ready = asyncio.Event(), asyncio.Event()
    server = Server(Starlette(routes=[Route("/", hello)]), listener, drain=1.0)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.run(stop, ready.set))
        await ready.wait()
        try:
            await story(listener.getsockname()[1])
        finally:
            stop.set()


def test_an_hour_in_which_nobody_asks_wakes_it_never() -> None:
    async def story(port: int) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Leaping)
        before = loop.woken
        await asyncio.sleep(3600)
        assert loop.woken - before == 1  # ours

    with asyncio.Runner(loop_factory=Leaping) as runner:
        runner.run(served(story))


async def test_every_answer_says_when_it_was_given() -> None:
    async def story(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        seen: set[datetime] = set()
        try:
            while len(seen) < 2:
                began = datetime.now(UTC).replace(microsecond=0)
                writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
                await reader.readexactly(len("hello"))
                (said,) = (line.removeprefix("date: ") for line in head if line.startswith("date: "))
                when = parsedate_to_datetime(said)
                assert began <= when <= began + timedelta(seconds=5)
                seen.add(when)
        finally:
            writer.close()
            await writer.wait_closed()

    await served(story)
