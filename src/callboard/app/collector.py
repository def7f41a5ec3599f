"""The garbage collector of a process that holds hundreds of thousands of objects for days.

What finds the objects of a fleet are dicts and sets with millions of entries. A full collection walks over all of them, some
300 ms in which nobody is answered, and finds nothing: they go when nobody refers to them any more. So what has outlived a look
that took long is set aside, and looked at again once a day, for the cycles it may have got into since. What comes and goes all
the time must therefore go by itself: an exception that its frames lead back to is let go of with `base.tasks.without_frames`.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["Collector", "collector"]

EVERY: Final = 5.0
"""Seconds between two looks: short, so that a first sync does not bring more than one look can walk over in time."""
LONG: Final = 0.005
"""Seconds of CPU beyond which what was walked over is set aside: a quarter of what a page may wait for the loop."""
AT_REST: Final = 60.0
"""Seconds between two looks while next to nothing is made anew: what is held has nothing in it then that the last look had
not, but for what somebody let go of since."""
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
        self._at_rest_until = now()
        self.aside = 0

    def due(self) -> bool:
        """Whether it is time for a look: young objects have grown old since the last one, or it was long ago."""
        return gc.get_count()[2] > 0 or self._now() >= self._at_rest_until

    def look(self) -> None:
        """Free what is only held by itself, of what has not been set aside; once a day of all there is."""
        if self._now() >= self._whole_at:
            self._whole_at = self._now() + WHOLE
            gc.unfreeze()
        self._at_rest_until = self._now() + AT_REST
        began = self._cpu()
        gc.collect()
        if self._cpu() - began > LONG:
            self.aside += 1
            gc.freeze()

    async def run(self) -> None:
        """Look now and then until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            if self.due():
                self.look()


@contextmanager
def collector() -> Iterator[Collector]:
    """Within it no full collection comes by itself; what is there already, modules above all, is set aside, and not walked over
    first: importing leaves no cycles that the small collections have not found."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*before[:2], _NEVER)
    try:
        yield Collector()
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
