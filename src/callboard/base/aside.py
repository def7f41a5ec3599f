"""Work on large values that is too long for the loop and is not cut into pieces: on one thread, one after the other.

It has to be pure: functions of immutable values. Threads give way to the loop after a millisecond (`app/threads.py`), so that
however long it takes, the loop has half of the time; a second such thread would leave it a third.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

__all__ = ["LARGE", "aside"]

LARGE: Final = 500
"""Objects of one part beyond which judging it goes aside: some ten milliseconds. What is smaller costs more to hand over."""
_THREAD: Final = ThreadPoolExecutor(1, thread_name_prefix="aside")

T = TypeVar("T")


async def aside(work: Callable[[], T]) -> T:
    """What it returns; raises what it raises. Who is cancelled meanwhile leaves it to its end."""
    loop, held = asyncio.get_running_loop(), [work]
    del work

    def run() -> T:
        try:
            return held[0]()
        finally:
            # What it holds is let go of on the loop, where caches forget what was kept with it.
            with suppress(RuntimeError):  # the loop is closed: nobody keeps anything any more
                loop.call_soon_threadsafe(held.clear)

    return await loop.run_in_executor(_THREAD, run)
