"""The garbage collector of a process that holds hundreds of thousands of objects for days.

What finds the objects of a fleet are dicts and sets with millions of entries. A full collection walks over all of them, some
300 ms in which nobody is answered, and finds nothing: they go when nobody refers to them any more. So what has outlived a look
that took long is set aside, and looked at again once a day, for the cycles it may have got into since. What comes and goes all
the time must therefore go by itself: an exception that its frames lead back to is let go of with `base.tasks.without_frames`.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

__all__ = ["Collector", "collector"]

GROWN: Final = 2
"""After so many of the collector's own looks at the youngest objects, each because thousands more are held than at the one
before, a look at all of them is due: at what came since then, in some milliseconds."""
PAUSE: Final = 100
"""How many times as long as it took nothing is looked at after a look: what comes with a page goes with it."""
AT_REST: Final = 60.0
"""Seconds between two looks while nothing grows: what somebody has let go of may be held by itself all the same."""
LONG: Final = 0.005
"""Seconds of CPU beyond which what was walked over is set aside: a quarter of what a page may wait for the loop."""
WHOLE: Final = 24 * 3600.0
"""Seconds between two looks at everything."""
_NEVER: Final = 1_000_000_000


class Collector:
    """Looks for cycles when told to. `aside` counts how often something was set aside."""

    def __init__(
        self, cpu: Callable[[], float] = time.thread_time, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._cpu = cpu
        self._now = now
        self._whole_at = now() + WHOLE
        self.aside = 0

    def look(self) -> float:
        """Free what is only held by itself, of what has not been set aside; once a day of all there is. Returns what it took."""
        if self._now() >= self._whole_at:
            self._whole_at = self._now() + WHOLE
            gc.unfreeze()
        began = self._cpu()
        gc.collect()
        took = self._cpu() - began
        if took > LONG:
            self.aside += 1
            gc.freeze()
        return took

    async def run(self) -> None:
        """Look when much more is held than before, and now and then, until cancelled."""
        loop = asyncio.get_running_loop()
        due = asyncio.Event()

        def young_seen(phase: str, info: Mapping[str, int]) -> None:
            """Called in whichever thread, wherever it is."""
            if phase == "stop" and not info["generation"] and gc.get_count()[1] >= GROWN:
                loop.call_soon_threadsafe(due.set)

        gc.callbacks.append(young_seen)
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(AT_REST):
                        await due.wait()
                due.clear()
                await asyncio.sleep(self.look() * PAUSE)
        finally:
            gc.callbacks.remove(young_seen)


@contextmanager
def collector() -> Iterator[Collector]:
    """Within it none but the youngest are collected by itself; what is there already, modules above all, is set aside, and not
    walked over first: importing leaves no cycles that the small collections have not found."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(before[0], _NEVER, _NEVER)
    try:
        yield Collector()
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
