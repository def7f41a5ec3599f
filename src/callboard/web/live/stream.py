"""The stream: server-sent events for several topics at once, each reader given what it has not got.

Of each topic only the newest view waits to be sent, and of what was sent only the tags are kept: a slow reader costs one
view of memory for each topic, and never sees an old one after a new one. The messages, each with one line of JSON:

- `hello`: the line stands. Whoever does not get it within seconds has something in between that holds streams back.
- `update`: `as` names the topic, `fragments` are elements to put in place (`id`, `in`, `tag`, `html`), `lineups` the lists
  that changed (`id`, `ids`, `tag`); of a log, `log` is what came of it (`live/logs.py`).
- `end`: nothing more will come of topic `as`. `refused`: it may not be had, or broke; `code` and `message` say why.
- `bye`: the door no longer lets the reader in.

A comment every 15 s shows both sides that the line stands.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from typing import cast

import msgspec
import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from callboard.base.errors import CallboardError
from callboard.model.caller import Caller
from callboard.model.door import Refused
from callboard.web.live.request import LiveRequest, WantedTopic
from callboard.web.live.topics import Drawn, Live, Topics

__all__ = ["LiveStream", "Pace", "message"]

log = structlog.get_logger(__name__)


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How a stream flows, in seconds."""

    between: float = 0.15
    """A message for each such while: changes that fall together are sent together. One more may go before its time, so that
    what a page begins with does not hold up the first that is known; and what ends a topic waits for nothing."""
    heartbeat: float = 15.0
    """A comment after so much silence, below the 30-60 s after which proxies cut; the door is asked again as often."""
    send_deadline: float = 30.0
    """A reader who takes nothing for so long is gone."""
    once: float = 20.0
    """The longest a request for what is new now waits for slow clusters: as long as most are given, and below the 30 s of an
    impatient proxy."""
    lifetime: float = 3600.0
    """Then the browser comes back by itself."""


class _Reading:
    """One topic of one reader: the newest view that was not sent, and what the reader holds."""

    def __init__(self, wanted: WantedTopic) -> None:
        self.wanted = wanted
        self.live: Live | None = None
        self.newest: object = None
        self.shown: object = None
        """The view sent last: what is kept with it serves other readers of the same for as long as one shows it."""
        self.held: Mapping[str, str] = wanted.have
        self.last_words = b""
        """The message that ends this topic, once its views have ended."""
        self.settled = False
        self.over = False

    @property
    def news(self) -> bool:
        """Whether there is something to send."""
        return not self.over and (self.newest is not None or bool(self.last_words))


class LiveStream(Response):
    """Answers with the stream; leaving it, for whatever reason, closes every topic and so cancels its asking.

    `admitted` says whether the door would still let the reader in, and `ended` returns when it does not; `draining` is set when
    the process is told to stop.
    """

    def __init__(
        self,
        request: LiveRequest,
        topics: Topics,
        caller: Caller,
        pace: Pace,
        *,
        admitted: Callable[[], Awaitable[Refused | None]],
        draining: asyncio.Event,
        ended: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(media_type="text/event-stream", headers={"x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._topics = topics
        self._caller = caller
        self._pace = pace
        self._admitted = admitted
        self._draining = draining
        self._ended = ended
        self._once = request.once
        self._readings = tuple(_Reading(wanted) for wanted in request.watch)
        self._news = asyncio.Event()
        self._last_words = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        lifetime = self._pace.once if self._once else self._pace.lifetime
        try:
            async with asyncio.timeout(lifetime), asyncio.TaskGroup() as group:
                reading = [group.create_task(self._read(each)) for each in self._readings]
                ends = (
                    group.create_task(self._collect() if self._once else self._write(send)),
                    group.create_task(_gone(receive)),
                    group.create_task(self._draining.wait()),
                    *((group.create_task(self._bye(send)),) if self._ended is not None else ()),
                )
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                for task in (*reading, *ends):
                    task.cancel()
        except TimeoutError:
            pass  # its time is over; the browser comes back
        rest = message("hello") + await self._messages() if self._once else b""
        await self._emit(send, rest, more=False)

    async def _read(self, reading: _Reading) -> None:
        """Keep the topic's newest view; at its end, the last words."""
        name = reading.wanted.as_
        try:
            reading.live = await self._topics.open(reading.wanted.topic, self._caller, reading.held)
            async with aclosing(cast("AsyncGenerator[object]", reading.live.views)) as views:
                async for view in views:
                    if reading.over:
                        return
                    reading.newest = view
                    reading.settled = bool(getattr(view, "settled", True))
                    self._news.set()
            last_words = message("end", {"as": name})
        except CallboardError as error:
            last_words = message("refused", {"as": name, "code": error.code, "message": error.message})
        except Exception as error:
            log.error(
                "an open page gets no further updates; it asks its reader to reload",
                topic=reading.wanted.topic,
                exc_info=error,
            )
            words = "Callboard itself failed while asking. Reload the page to try again."
            last_words = message("refused", {"as": name, "code": "internal", "message": words})
        reading.last_words, reading.settled = last_words, True
        self._news.set()
        self._last_words.set()

    async def _write(self, send: Send) -> None:
        """Send what is new until there is nothing more, or the door would not let the reader in any more."""
        await self._emit(send, message("hello"))
        asked = due = time.monotonic()
        while not all(each.over for each in self._readings):
            told = b": still here\n\n"
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.heartbeat):
                    await self._news.wait()
            if time.monotonic() - asked >= self._pace.heartbeat:
                if await self._refused(send):
                    return
                asked = time.monotonic()
            if self._news.is_set():
                self._news.clear()
                self._last_words.clear()
                told = await self._messages()
            if not await self._emit(send, told):
                return
            now = time.monotonic()
            due = max(due, now) + self._pace.between
            with suppress(TimeoutError):
                async with asyncio.timeout(due - now - self._pace.between):
                    await self._last_words.wait()

    async def _bye(self, send: Send) -> None:
        """Wait until what let the reader in has ended, and say so where the door says the same."""
        assert self._ended is not None  # noqa: S101  # begun where it is there
        await self._ended()
        await self._refused(send)

    async def _refused(self, send: Send) -> bool:
        """Whether the door would not let the reader in any more; told where that is so."""
        refused = await self._admitted()
        if refused is None:
            return False
        words = {"code": refused.code, "message": refused.message}
        await self._emit(send, message("bye", words))
        return True

    async def _collect(self) -> None:
        """Wait until every topic has come to something."""
        while not all(each.settled for each in self._readings):
            await self._news.wait()
            self._news.clear()

    async def _messages(self) -> bytes:
        """All there is to tell; what is told is held by the reader from then on."""
        told = []
        for each in self._readings:
            if not each.news:
                continue
            ended, view, each.newest = each.last_words, each.newest, None
            if view is not None and each.live is not None:
                try:
                    told += await self._update(each, each.live.draw, view)
                except CallboardError as error:
                    failed = {"as": each.wanted.as_, "code": error.code, "message": error.message}
                    ended = message("refused", failed)
                except Exception as error:
                    log.error(
                        "an update could not be drawn; the open page asks its reader to reload",
                        topic=each.wanted.topic,
                        exc_info=error,
                    )
                    words = "Callboard itself failed while drawing this. Reload the page to try again."
                    failed = {"as": each.wanted.as_, "code": "internal", "message": words}
                    ended = message("refused", failed)
            if ended:
                told.append(ended)
                each.over = True
        return b"".join(told)

    async def _update(
        self, reading: _Reading, draw: Callable[[object], Awaitable[Drawn]], view: object
    ) -> list[bytes]:
        """What the reader lacks of a view: one message or none."""
        frame = await draw(view)
        reading.shown = view
        beyond, reading.held = frame.beyond(reading.held)
        name = msgspec.json.encode(reading.wanted.as_)
        return [_event("update", b'{"as":' + name + b"," + beyond + b"}")] if beyond else []

    async def _emit(self, send: Send, body: bytes, *, more: bool = True) -> bool:
        """Send; False when the reader is gone."""
        if more and not body:
            return True
        try:
            async with asyncio.timeout(self._pace.send_deadline):
                await send({"type": "http.response.body", "body": body, "more_body": more})
        except (TimeoutError, OSError):
            return False
        return True


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def message(event: str, data: Mapping[str, object] | None = None) -> bytes:
    """One message of the wire format. JSON has no line ending in it, so foreign text cannot end a message early."""
    return _event(event, msgspec.json.encode(data or {}))


def _event(event: str, data: bytes) -> bytes:
    return b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"
