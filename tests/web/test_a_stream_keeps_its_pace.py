"""Changes that fall together are sent together; what a page begins with holds up nothing, nor does the end wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from callboard.model.caller import Caller
from callboard.web.live.fragments import Fragment, Frame
from callboard.web.live.request import LiveRequest, WantedTopic
from callboard.web.live.stream import LiveStream, Pace
from callboard.web.live.topics import Live, Topics

LONG = 3600.0


async def admitted() -> None:
    """The door lets the reader stay."""


class Steps:
    """A topic that gives the next view whenever it is told to, ends with None, and counts what of it is drawn."""

    kind = "steps"

    def __init__(self) -> None:
        self.views: asyncio.Queue[int | None] = asyncio.Queue()
        self.drawn: list[int] = []

    async def open(self, key: str, caller: Caller, have: Mapping[str, str]) -> Live:
        async def views() -> AsyncIterator[object]:
            while (number := await self.views.get()) is not None:
                yield number

        async def draw(view: int) -> Frame:
            self.drawn.append(view)
            return Frame.of((Fragment("number", f"<b id=number>{view}</b>"),))

        return Live(views(), draw)


async def follow(
    steps: Steps, script: Callable[[asyncio.Condition, list[bytes]], Awaitable[None]], pace: Pace
) -> list[bytes]:
    """Read a stream of these steps until the script has ended; what was sent."""
    sent: list[bytes] = []
    more = asyncio.Condition()

    async def send(message: MutableMapping[str, Any]) -> None:
        async with more:
            sent.append(message.get("body", b""))
            more.notify_all()

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    wanted = LiveRequest(watch=(WantedTopic(as_="1", topic="steps/x"),))
    stream = LiveStream(
        wanted, Topics((steps,)), Caller.loopback(), pace, admitted=admitted, draining=asyncio.Event()
    )
    reading = asyncio.create_task(stream({"type": "http"}, receive, send))
    try:
        async with asyncio.timeout(20):
            await script(more, sent)
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    return sent


async def said(words: str, more: asyncio.Condition, sent: list[bytes]) -> None:
    async with more:
        await more.wait_for(lambda: words.encode() in b"".join(sent))


async def test_what_a_page_begins_with_does_not_hold_up_the_first_that_is_known() -> None:
    steps = Steps()

    async def script(more: asyncio.Condition, sent: list[bytes]) -> None:
        for number in (1, 2):
            steps.views.put_nowait(number)
            await said(f">{number}<", more, sent)
        for number in (3, 4, 5):
            steps.views.put_nowait(number)
        while not steps.views.empty():  # noqa: ASYNC110 - taken by the stream, which tells nobody
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)

    await follow(steps, script, Pace(between=LONG))
    assert steps.drawn == [1, 2], "one may go before its time, and no more"


async def test_the_end_is_told_at_once_with_the_newest_view() -> None:
    steps = Steps()

    async def script(more: asyncio.Condition, sent: list[bytes]) -> None:
        for number in (1, 2):
            steps.views.put_nowait(number)
            await said(f">{number}<", more, sent)
        for last in (3, 4, 5, None):
            steps.views.put_nowait(last)
        await said("event: end", more, sent)

    sent = await follow(steps, script, Pace(between=LONG))
    assert steps.drawn == [1, 2, 5]
    assert b">5<" in b"".join(sent)
