"""All calls into one part of an extension, or of ours: each has a deadline and a check of what it gave, and whatever goes wrong
comes out as one error that names the part. What the part shares its process with is not affected.

What cannot be fenced is code that never gives way: a part that computes, or waits, without `await`.
"""

import asyncio
import os
import re
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar, cast

import structlog

from callboard.base.errors import CallboardError, Unavailable
from callboard.base.part_calls import CALLS, Given, Watched
from callboard.base.part_failures import FAILED
from callboard.base.shape import misfit, shown_type

__all__ = ["DEADLINE", "Check", "Fence", "PartFailed", "WrongAnswer", "is_a"]

DEADLINE: Final = 10.0
"""Seconds a part may take for one answer: what is dear it should keep, and ask for ahead of time."""
GIVING_UP: Final = 1.0
"""Seconds a part may take to end what it was told to end; then it is left behind."""
MOST_LEFT: Final = 20
"""Calls left behind in one part. With so many it is not called any more until one of them ends."""
LATE_IN_A_ROW: Final = 3
PAUSE: Final = 15.0
"""Seconds for which a part is not called that was too late so often in a row: nobody waits for it in vain."""
TOLD_AGAIN: Final = 60.0
"""Seconds until the same failure of a part is a warning again; in between it is logged at debug."""
MOST_WORDS: Final = 500
MOST_TOLD: Final = 100

T = TypeVar("T")
Check = Callable[[object], T]

_log = structlog.get_logger(__name__)
_LOOKS_SECRET = re.compile(
    r"(?i)(?:bearer\s+|(?:token|password|passwd|secret|key)\s*[=:]\s*)\S+|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|[\w+/=-]{40,}"
)


class PartFailed(Unavailable):
    """A part did not do what it is there for. `why` is a clause that goes with the part's name: "did not answer …"."""

    code = "part-failed"

    def __init__(self, part: str, why: str, *, code: str | None = None) -> None:
        super().__init__(f"{part} {why}", code=code)
        self.part = part
        self.why = why

    def again(self) -> "PartFailed":
        """The same for who asks next: an exception keeps what it went through."""
        return PartFailed(self.part, self.why, code=self.code)


class WrongAnswer(Exception):
    """Raised by a check: what the part gave, in a clause ("expected Cluster, got str")."""


def is_a(wanted: type[T]) -> Check[T]:
    """The check that a value is of a type, all the way down."""

    def check(value: object) -> T:
        if found := misfit(value, wanted):
            raise WrongAnswer(found)
        return cast(T, value)

    return check


class Fence:
    """`part` is how a person knows it: "the service locator 'mine'". `extension` is whose it is, "" for ours: those are trusted
    to end when they are told to. `quiet`: what it raises may quote a credential, and is not logged in its own words."""

    def __init__(
        self, part: str, extension: str = "", *, deadline: float = DEADLINE, quiet: bool = False
    ) -> None:
        self.part = f"{part} of the extension {extension!r}" if extension else part
        self.extension = extension
        self.deadline = deadline
        self._quiet = quiet
        self._left: set[asyncio.Task[Any]] = set()
        self._running: set[asyncio.Task[Any]] = set()
        self._late: dict[str, int] = {}
        self._paused: dict[str, float] = {}
        self._told: dict[str, float] = {}

    async def call(
        self,
        doing: str,
        work: Callable[[], Awaitable[object]],
        check: Check[T],
        *,
        about: str = "",
        here: bool = False,
        given: Given | None = None,
    ) -> T:
        """What the part gives, checked. `doing` is what was asked of it, in a clause ("say where a service may run"). Of each
        thing it is asked `about`, a part that was too late several times in a row is not asked for a moment. `here`: in the
        task of the caller, for what has to be ended in the task it was begun in. `given` is told where the extension is watched.

        Raises PartFailed, what the part raises of `CallboardError` (its words bounded), and cancellation of ours alone.
        """
        if not CALLS.watches(self.extension):
            return await self._called(doing, work, check, about, here=here)
        watched = Watched(self.extension, self.part, doing, given)
        try:
            value = await self._called(doing, work, check, about, here=here)
        except BaseException as error:
            watched.came(_what_came(error))
            raise
        watched.came(f"gave {shown_type(value)}")
        return value

    async def _called(
        self, doing: str, work: Callable[[], Awaitable[object]], check: Check[T], about: str, *, here: bool
    ) -> T:
        self._admit(about)
        try:
            value = await (self._apart(work) if self.extension and not here else _here(work, self.deadline))
        except _Late:
            raise self._too_late(doing, about) from None
        except WrongAnswer as wrong:
            raise self._wrong(doing, str(wrong)) from None
        except BaseException as error:
            raise self.failed(doing, error) from None
        self._late.pop(about, None)
        return self.checked(doing, value, check)

    async def lasting(self, doing: str, work: Callable[[], Awaitable[object]]) -> None:
        """The same for what goes on until it is ended, and gives nothing: no deadline. Whoever leaves does not wait."""
        self._admit("")
        task = self.begin(_held(work))
        try:
            await asyncio.wait({task})
        finally:
            self.leave(task)
        _, error = task.result() if not task.cancelled() else (None, asyncio.CancelledError())
        if isinstance(error, WrongAnswer):
            raise self._wrong(doing, str(error)) from None
        if error is not None:
            raise self.failed(doing, error) from None

    def now(
        self, doing: str, work: Callable[[], object], check: Check[T], *, given: Given | None = None
    ) -> T:
        """The same for what a part says at once."""
        if not CALLS.watches(self.extension):
            return self._said_now(doing, work, check)
        watched = Watched(self.extension, self.part, doing, given)
        try:
            value = self._said_now(doing, work, check)
        except BaseException as error:
            watched.came(_what_came(error))
            raise
        watched.came(f"gave {shown_type(value)}")
        return value

    def _said_now(self, doing: str, work: Callable[[], object], check: Check[T]) -> T:
        try:
            value = work()
        except BaseException as error:
            raise self.failed(doing, error) from None
        if asyncio.iscoroutine(value):
            value.close()
            raise self._wrong(doing, "an answer to wait for was given where it is wanted at once")
        return self.checked(doing, value, check)

    def begin(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """A task that the fence owns, and ends when it is closed."""
        task = asyncio.get_running_loop().create_task(work, name=self.part)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def leave(self, task: "asyncio.Task[Any]") -> None:
        """End a task, and do not wait for that."""
        task.cancel()
        if not task.done():
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            asyncio.get_running_loop().call_later(GIVING_UP, self._leave, task)

    async def close(self) -> None:
        """End what is still under way."""
        tasks = [*self._running, *self._left]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=GIVING_UP)

    def _admit(self, about: str) -> None:
        now = asyncio.get_running_loop().time()
        if (again := self._paused.get(about, now) - now) > 0:
            why = f"was too late {LATE_IN_A_ROW} times in a row; it is asked again in {again:.0f} s"
            raise PartFailed(self.part, why, code="part-late")
        if len(self._left) >= MOST_LEFT:
            raise PartFailed(self.part, f"has {MOST_LEFT} calls that do not end", code="part-late")

    def _too_late(self, doing: str, about: str) -> PartFailed:
        for known in (self._late, self._paused):
            if len(known) > MOST_TOLD:
                known.clear()
        self._late[about] = self._late.get(about, 0) + 1
        if self._late[about] >= LATE_IN_A_ROW:
            del self._late[about]
            self._paused[about] = asyncio.get_running_loop().time() + PAUSE
        why = f"did not {doing} within {self.deadline:g} seconds"
        self.tell(doing, why)
        return PartFailed(self.part, why, code="part-late")

    async def _apart(self, work: Callable[[], Awaitable[object]]) -> object:
        """In a task of its own, which is left behind where it does not end."""
        task = asyncio.get_running_loop().create_task(_held(work), name=self.part)
        try:
            done, _ = await asyncio.wait({task}, timeout=self.deadline)
        except asyncio.CancelledError:
            self.leave(task)
            raise
        if not done:
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=GIVING_UP)
            if not done:
                self._leave(task)
            raise _Late
        value, error = task.result() if not task.cancelled() else (None, asyncio.CancelledError())
        if error is not None:
            raise error
        return value

    def _leave(self, task: "asyncio.Task[Any]") -> None:
        if not task.done():
            self._left.add(task)
            task.add_done_callback(self._left.discard)

    def checked(self, doing: str, value: object, check: Check[T]) -> T:
        """A value of the part's, checked. Raises PartFailed."""
        try:
            return check(value)
        except WrongAnswer as wrong:
            raise self._wrong(doing, str(wrong)) from None
        except BaseException as error:
            raise self.failed(doing, error) from None

    def _wrong(self, doing: str, what: str) -> PartFailed:
        why = f"gave something else than it should: {_bounded(what)}"
        self.tell(doing, why)
        return PartFailed(self.part, why, code="part-wrong")

    def failed(self, doing: str, error: BaseException) -> BaseException:
        """What to raise for what the part raised."""
        if isinstance(error, asyncio.CancelledError):
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                return error
        if isinstance(error, KeyboardInterrupt | GeneratorExit):
            return error
        if isinstance(error, CallboardError):
            if len(error.message) > MOST_WORDS:
                error.message = _bounded(error.message)
            return error
        why = f"failed unexpectedly ({shown_type(error)})"
        self.tell(doing, why, error)
        return PartFailed(self.part, why)

    def tell(self, doing: str, why: str, error: BaseException | None = None) -> None:
        """Log a failure: at warning with what the part said, where it happened at debug."""
        facts: dict[str, object] = {"part": self.part, "asked_to": doing, "why": why}
        place = ""
        if error is not None:
            frames = traceback.extract_tb(error.__traceback__)[-8:]
            place = _place(frames)
            facts["said"] = "" if self._quiet else _said(error)
            _log.debug(
                "a part failed here",
                part=self.part,
                frames=[f"{f.filename}:{f.lineno} {f.name}" for f in frames],
            )
        if self.extension:
            said = str(facts.get("said", ""))
            FAILED.note(self.extension, self.part, doing, why, said=said, place=place)
        now = _now()
        key = f"{why} {facts.get('said', '')}"
        if now - self._told.get(key, float("-inf")) >= TOLD_AGAIN:
            if len(self._told) >= MOST_TOLD:
                self._told.clear()
            self._told[key] = now
            _log.warning("a part failed; only what it is there for is missing", **facts)
        else:
            _log.debug("a part failed again", **facts)


async def _awaited(work: Callable[[], Awaitable[object]]) -> object:
    given = work()
    if not hasattr(given, "__await__"):
        raise WrongAnswer(f"expected something to await, got {shown_type(given)}")
    return await given


class _Late(Exception):
    """The deadline has passed."""


async def _here(work: Callable[[], Awaitable[object]], seconds: float) -> object:
    """In the task we are in: of what ends when it is told to."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await _awaited(work)
    except TimeoutError:
        if limit.expired():
            raise _Late from None
        raise


async def _held(work: Callable[[], Awaitable[object]]) -> tuple[object, BaseException | None]:
    """What came of it as a value: some exceptions end a loop when a task raises them."""
    try:
        return await _awaited(work), None
    except asyncio.CancelledError:
        raise
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        return None, error


def _place(frames: Sequence[traceback.FrameSummary]) -> str:
    """Where it happened: the innermost place that is not ours."""
    theirs = [f for f in frames if f"{os.sep}callboard{os.sep}" not in f.filename] or list(frames)
    return f"{theirs[-1].filename}:{theirs[-1].lineno} {theirs[-1].name}"[-300:] if theirs else ""


def _what_came(error: BaseException) -> str:
    if isinstance(error, PartFailed):
        return error.why
    if isinstance(error, CallboardError):
        return f"raised {error.code}: {_bounded(_LOOKS_SECRET.sub('…', error.message))}"
    return "was ended by whoever asked" if isinstance(error, asyncio.CancelledError) else shown_type(error)


def _said(error: BaseException) -> str:
    with suppress(Exception):
        return _bounded(_LOOKS_SECRET.sub("…", str(error)))
    return ""


def _bounded(text: str) -> str:
    line = " ".join(text[: 2 * MOST_WORDS].split())
    return line if len(line) <= MOST_WORDS else line[:MOST_WORDS] + "…"


def _now() -> float:
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return 0.0
