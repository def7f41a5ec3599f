"""The C library's memory, in a process that opens and closes hundreds of TLS connections for days.

uvloop gives each TLS connection 256 KiB to read into, of which few pages are ever touched. glibc maps a block of that size by
itself and gives it back whole, until the first is given back: from then on it cuts such blocks from the heap
(`M_MMAP_THRESHOLD` in mallopt(3): the threshold is dynamic), where each new connection touches other pages, and what is free
stays resident behind whatever small stands after it. A threshold that is set does not move.
"""

import ctypes
from typing import Final

__all__ = ["keep_large_blocks_apart"]

LARGE: Final = 256 * 1024
"""Bytes from which a block is mapped by itself: uvloop's buffer of a connection."""
_M_MMAP_THRESHOLD: Final = -3
"""malloc.h of glibc."""


def keep_large_blocks_apart() -> bool:
    """From now on large blocks go back to the kernel when they are let go of. Whether the C library took it: only glibc has it,
    and others do so anyway."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_M_MMAP_THRESHOLD, LARGE))
