"""Code that holds up the event loop, named while it does: a thread looks at what the loop is at when its beat is late.

`beat` is called by the loop, several times a second; the thread sleeps and compares. It cannot see code that holds the
interpreter's lock all the time (a long step of a library in C): that is told afterwards, without its place.
"""

import asyncio
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from types import FrameType
from typing import Final

import msgspec
import structlog

__all__ = ["Stall", "StallWatch", "WhoseCode"]

LATE: Final = 1.0
"""Seconds without a beat after which whoever is at work is named."""
LOOK: Final = 0.5
MOST_KEPT: Final = 50
MOST_FRAMES: Final = 200

_log = structlog.get_logger(__name__)

WhoseCode = Callable[[str], str]
"""The extension that a module belongs to, "" for nobody's."""


class Stall(msgspec.Struct, frozen=True, kw_only=True):
    """One time that the loop was held up. `extension` is "" where no extension's code was found; `doing` is what was being done,
    as the fence around it is called; `place` is file, line and function."""

    at: datetime
    seconds: float
    extension: str
    doing: str
    place: str


class StallWatch:
    """`whose` says whose code a module is. `kept` are the last ones, the newest last. Begun and ended by the loop's owner."""

    def __init__(self, whose: WhoseCode, clock: Callable[[], float] = time.monotonic) -> None:
        self._whose = whose
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread_id = 0
        self._last = 0.0
        self._named: Stall | None = None
        self._ended = threading.Event()
        self._kept: deque[Stall] = deque(maxlen=MOST_KEPT)
        self.totals: dict[str, tuple[int, float]] = {}
        """By extension: how often, and seconds in all."""

    @property
    def kept(self) -> Sequence[Stall]:
        """The last ones, the newest last."""
        return tuple(self._kept)

    def attach(self) -> None:
        """It is the loop that is running here."""
        self._loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()
        self._last = self._clock()

    def begin(self) -> None:
        """Watch the loop that is running, in a thread that ends with `end`."""
        self.attach()
        threading.Thread(target=self._watch, name="stall-watch", daemon=True).start()

    def end(self) -> None:
        """Watch no longer."""
        self._ended.set()

    def beat(self) -> None:
        """The loop is alive. Called by it."""
        now, before = self._clock(), self._last
        self._last = now
        named, self._named = self._named, None
        if now - before > LATE:
            self._over(named, now - before)

    def look(self) -> None:
        """Name what holds up the loop, if something does. Called by the thread."""
        late = self._clock() - self._last
        if late <= LATE or self._named is not None:
            return
        frame = sys._current_frames().get(self._thread_id)
        extension, place = self._found(frame)
        doing = ""
        with suppress(Exception):  # it is another thread's; it may have ended meanwhile
            task = asyncio.current_task(self._loop)
            doing = task.get_name()[:200] if task is not None else ""
        stall = Stall(at=datetime.now(UTC), seconds=late, extension=extension, doing=doing, place=place)
        self._named = stall
        _log.warning(
            "code holds up everything else, for it never gives way",
            extension=extension or "none that is known",
            at=place,
            doing=doing,
            seconds=round(late, 1),
        )

    def _over(self, named: Stall | None, seconds: float) -> None:
        stall = named or Stall(at=datetime.now(UTC), seconds=0.0, extension="", doing="", place="")
        self._kept.append(msgspec.structs.replace(stall, seconds=seconds))
        times, total = self.totals.get(stall.extension, (0, 0.0))
        if stall.extension in self.totals or len(self.totals) < MOST_KEPT:
            self.totals[stall.extension] = (times + 1, total + seconds)

    def _found(self, frame: FrameType | None) -> tuple[str, str]:
        """(the extension whose code is innermost, its place; or "" and the innermost place of all)."""
        innermost = ""
        for _ in range(MOST_FRAMES):
            if frame is None:
                break
            code = frame.f_code
            place = f"{code.co_filename}:{frame.f_lineno} {code.co_qualname}"[-300:]
            innermost = innermost or place
            if extension := self._whose(str(frame.f_globals.get("__name__", ""))):
                return extension, place
            frame = frame.f_back
        return "", innermost

    def _watch(self) -> None:
        while not self._ended.wait(LOOK):
            with suppress(Exception):  # whatever it is, the next look is another
                self.look()
