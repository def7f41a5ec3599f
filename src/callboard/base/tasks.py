"""Loops that must not end because one turn failed, and exceptions that must not keep what they went through."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from callboard.base.errors import Unavailable

__all__ = ["keep_running", "leaving_nothing", "without_frames"]

E = TypeVar("E", bound=BaseException)

MOST_CAUSES: Final = 10

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds between two tries: soon enough to heal unnoticed, seldom enough not to fill the log."""

_log = structlog.get_logger(__name__)


async def keep_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` and start it again whenever it fails, with growing, jittered pauses, until it returns or is cancelled.

    What it raised is logged: in a sentence where something else was not to be had (Unavailable), with its traceback otherwise.
    Cancellation passes through.
    """
    pause = FIRST_PAUSE
    loop = asyncio.get_running_loop()
    while True:
        started = loop.time()
        try:
            await work()
        except Unavailable as error:
            _log.warning(
                "background work waits for what is not to be had; it starts again in a moment",
                work=name,
                error=error.message,
            )
        except Exception as error:
            _log.error("background work failed; it starts again in a moment", work=name, exc_info=error)
        else:
            return
        if loop.time() - started > LONGEST_PAUSE:
            pause = FIRST_PAUSE
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
        pause = min(LONGEST_PAUSE, pause * 2)


def without_frames(error: E) -> E:
    """The exception, and those it came from, without the frames they went through.

    Where one of those frames, or what keeps the exception (a task that was cancelled, an answer that broke off), leads back to
    it, all of them stay with what they hold until the garbage collector finds them, and what is set aside (`app/collector.py`)
    it does not find for a day.
    """
    each: BaseException | None = error
    for _ in range(MOST_CAUSES):
        if each is None:
            break
        each.__traceback__ = None
        each = each.__cause__ or each.__context__
    return error


async def leaving_nothing(work: Awaitable[None]) -> None:
    """The same work, for a task that is cancelled in the middle of it and goes `without_frames`."""
    try:
        await work
    except asyncio.CancelledError as ended:
        raise without_frames(ended)  # noqa: B904 - it is the very same
