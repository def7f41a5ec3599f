"""The last line of the crash that a page's first finding is about: read beside the page, which never waits for it.

The page says that it is being read, in the room that the line will take; an open page gets it when it is there.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

import msgspec

from callboard.base.errors import CallboardError
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.finding import NextKind
from callboard.model.verdict import Verdict
from callboard.portal.protocol import Portal
from callboard.portal.views import CrashLog, KubernetesView, ObjectKey

__all__ = ["LastLine", "LineWanted", "line_wanted", "with_lines"]

LATEST: Final = 20.0
"""Seconds after which it is said that the line has not come."""


class LineWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which log: of one pod that stands for all that fail alike, or without a container of the last that the object made.
    Another after the next crash (`occurrences`)."""

    key: ObjectKey
    container: str
    previous: bool
    occurrences: int = 0

    def same_log(self, other: "LineWanted | None") -> bool:
        """Whether that is the same log, perhaps of another run."""
        return other is not None and (self.key, self.container) == (other.key, other.container)


class LastLine(msgspec.Struct, frozen=True, kw_only=True):
    """What the software said last. Without `line` and `failure` it is being read."""

    wanted: LineWanted
    line: str = ""
    certain: bool = False
    """Whether it says by its form that something went wrong."""
    failure: str = ""
    log: tuple[ObjectKey, str, bool] | None = None
    """The log that it stands in: pod, container, whether of the run before."""

    @property
    def awaited(self) -> bool:
        return not self.line and not self.failure


def line_wanted(verdict: Verdict) -> LineWanted | None:
    """The log that the first finding's steps lead to; None where there is none to read."""
    finding = next(iter(verdict.findings), None)
    if finding is None or not finding.impact.alarms:
        return None
    step = next((s for s in finding.steps if s.kind is NextKind.LOGS), None)
    place = next((p for p in finding.places if p.impact is finding.impact), None)
    if step is None or place is None or (step.container and not (step.previous and place.names)):
        return None  # what runs has not ended, and its last line tells nothing
    subject = finding.subject
    kind, name = ("pods", place.names[0]) if step.container else (subject.type, subject.name)
    return LineWanted(
        key=ObjectKey(place.cluster, kind, subject.namespace, name),
        container=step.container,
        previous=step.previous,
        occurrences=finding.occurrences,
    )


async def read_line(portal: Portal, ref: EntityRef, wanted: LineWanted, caller: Caller) -> LastLine:
    """The line, or why it is not to be had. Never raises."""
    try:
        async with asyncio.timeout(LATEST):
            log = await portal.crash(ref, wanted.key, wanted.container, caller, previous=wanted.previous)
    except TimeoutError:
        return LastLine(wanted=wanted, failure="Its last lines did not come in time.")
    except CallboardError as error:
        return LastLine(wanted=wanted, failure=error.message[:300])
    return LastLine(
        wanted=wanted,
        line=log.line,
        certain=log.certain,
        failure="" if log.line else _why_none(log),
        log=(log.key, log.container, log.previous),
    )


def _why_none(log: CrashLog) -> str:
    if log.failure:
        return f"{log.failure} {log.failure_words}".strip()[:300]
    return "It ended without a word: its log is empty."


Wanted = Callable[[KubernetesView], LineWanted | None]
Read = Callable[[LineWanted], Coroutine[None, None, LastLine]]


async def with_lines(
    views: AsyncIterator[KubernetesView], wanted_of: Wanted, read: Read
) -> AsyncGenerator[tuple[KubernetesView, LastLine | None], None]:
    """Each view with the line as far as it is known, and again when it has come. Closing it ends what is being read."""
    view: KubernetesView | None = None
    line: LastLine | None = None
    wanted: LineWanted | None = None
    coming: asyncio.Task[KubernetesView | None] | None = None
    reading: asyncio.Task[LastLine] | None = None
    try:
        while True:
            coming = coming or asyncio.create_task(_next(views))
            await asyncio.wait(
                [each for each in (coming, reading) if each], return_when=asyncio.FIRST_COMPLETED
            )
            if coming.done():
                newer, coming = coming.result(), None
                if newer is None:
                    break
                view = newer
                if (now := wanted_of(view)) != wanted:
                    await _dropped(reading)
                    reading = asyncio.create_task(read(now)) if now else None
                    if now is None or not now.same_log(
                        wanted
                    ):  # of the same log, the line before stands meanwhile
                        line = LastLine(wanted=now) if now else None
                    wanted = now
            if reading is not None and reading.done():
                line, reading = reading.result(), None
            if view is not None:
                yield view, line
        if reading is not None and view is not None:  # the views have ended; the page is whole with this
            line, reading = await reading, None
            yield view, line
    finally:
        await _dropped(reading)
        await _dropped(coming)


async def _next(views: AsyncIterator[KubernetesView]) -> KubernetesView | None:
    return await anext(views, None)


async def _dropped(task: "asyncio.Task[Any] | None") -> None:
    if task is not None:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task
