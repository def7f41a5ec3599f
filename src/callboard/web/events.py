"""Server-sent events: views in as they come, fragments out no faster than a person can read.

Only the newest view waits to be sent, so a slow reader costs one view of memory and never sees an old one after a new one.
Each message is `event: view` with the tab's whole fragment; `end` says that nothing more will come, `failed` that the
asking broke. A comment every 15 s shows both sides that the line stands.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import cast

import msgspec
import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from callboard.base.errors import CallboardError

__all__ = ["EventStream", "Pace", "message"]

LINE_END = re.compile(r"\r\n|\r|\n")

log = structlog.get_logger(__name__)


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How a stream flows, in seconds, and what ends it early. `draining` is set when the process is told to stop."""

    draining: asyncio.Event
    between: float = 0.15
    """At least this long between two fragments: changes that fall together are sent together."""
    heartbeat: float = 15.0
    """A comment after so much silence: below the 30-60 s after which proxies cut."""
    send_deadline: float = 30.0
    """A reader who takes nothing for so long is gone."""
    lifetime: float = 3600.0
    """Then the browser comes back by itself, through the door again."""


class EventStream(Response):
    """Answers with the stream; leaving it, for whatever reason, closes the iterator and so cancels the asking."""

    def __init__(self, views: AsyncIterator[object], render: Callable[[object], str], pace: Pace) -> None:
        super().__init__(media_type="text/event-stream", headers={"x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._views = views
        self._render = render
        self._pace = pace
        self._newest: object = None
        self._news = asyncio.Event()
        self._last_words = ""
        """The message that ends the stream, once the views have ended."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with asyncio.timeout(self._pace.lifetime), asyncio.TaskGroup() as group:
                reading = group.create_task(self._read())
                ends = (
                    group.create_task(self._write(send)),
                    group.create_task(_gone(receive)),
                    group.create_task(self._drained()),
                )
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                for task in (reading, *ends):
                    task.cancel()
        except TimeoutError:
            pass  # the stream's lifetime is over; the browser comes back
        await self._emit(send, "", more=False)

    async def _read(self) -> None:
        """Keep the newest view; at the end, the last words."""
        last_words = message("end", "")
        try:
            async with aclosing(cast("AsyncGenerator[object]", self._views)) as views:
                async for view in views:
                    self._newest = view
                    self._news.set()
        except CallboardError as error:
            last_words = message("failed", error.message)
        except Exception as error:
            log.error("stream failed", exc_info=error)
            last_words = message(
                "failed", "Callboard itself failed while asking. Reload the page to try again."
            )
        self._last_words = last_words
        self._news.set()

    async def _write(self, send: Send) -> None:
        """Send what is new until there is nothing more."""
        number, last = 0, ""
        await self._emit(send, "retry: 2000\n\n")
        while True:
            try:
                async with asyncio.timeout(self._pace.heartbeat):
                    await self._news.wait()
            except TimeoutError:
                if not await self._emit(send, ": still here\n\n"):
                    return
                continue
            self._news.clear()
            ended, view, self._newest = self._last_words, self._newest, None
            if view is not None and (fragment := self._render(view)) != last:
                number, last = number + 1, fragment
                if not await self._emit(send, message("view", fragment, number)):
                    return
            if ended:
                await self._emit(send, ended)
                return
            await asyncio.sleep(self._pace.between)

    async def _emit(self, send: Send, text: str, *, more: bool = True) -> bool:
        """Send; False when the reader is gone."""
        try:
            async with asyncio.timeout(self._pace.send_deadline):
                await send({"type": "http.response.body", "body": text.encode(), "more_body": more})
        except (TimeoutError, OSError):
            return False
        return True

    async def _drained(self) -> None:
        await self._pace.draining.wait()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def message(event: str, data: str, number: int | None = None) -> str:
    """One message of the wire format. Every line ending in `data` becomes one, so foreign text cannot end it early."""
    lines = "".join(f"data: {line}\n" for line in LINE_END.split(data))
    return f"event: {event}\n" + (f"id: {number}\n" if number is not None else "") + lines + "\n"
