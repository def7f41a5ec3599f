"""The C library's memory, in a process that opens and closes hundreds of TLS connections for days.

uvloop gives each TLS connection 256 KiB to read into, of which few pages are ever touched. Once glibc cuts blocks of that size
from its heap (`M_MMAP_THRESHOLD` in mallopt(3): a threshold that rises), each new connection touches other pages of it, and what
is free between two blocks in use stays resident: memory grows for hours without anything being held.

Setting the threshold would keep those blocks apart, and with them the buffer of every read of every connection and every page
of a list, whose pages the kernel clears anew each time: lists took a third longer to read. So what is free is given back
now and then.
"""

import asyncio
import ctypes
from typing import Final

__all__ = ["give_back"]

EVERY: Final = 20.0
"""Seconds between two times: the sooner a page is given back, the less that is small gets to stand in it; what is taken again
costs 1 ms a MiB."""


def give_back() -> bool:
    """Let the kernel have all whole pages that are free. Whether there were any. With other C libraries than glibc: nothing."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and bool(trim(0))


async def give_back_now_and_then() -> None:
    """Until cancelled."""
    while True:
        await asyncio.sleep(EVERY)
        give_back()
