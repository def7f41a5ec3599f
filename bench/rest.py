"""When a process that has been busy is at rest: what it puts off (checkpoints, judging) belongs to what made it busy."""

import asyncio
import time
from typing import Final

from bench import tree

__all__ = ["at_rest"]

_WINDOW: Final = 10.0
"""Seconds: longer than what comes at an interval of its own takes."""
_LITTLE: Final = 0.05
"""Of a core: what is above is work that was put off."""
_CALM: Final = 3
"""Windows in a row: two may lie between two things that were put off."""
_MOST: Final = 300.0
"""Seconds: a first checkpoint of everything is written within 150."""


async def at_rest(pid: int) -> float:
    """Wait until three windows in a row used little, or for as long as anyone would; the seconds that took."""
    began = time.monotonic()
    calm = 0
    while calm < _CALM and time.monotonic() - began < _MOST:
        before, at = tree.cpu(pid), time.monotonic()
        await asyncio.sleep(_WINDOW)
        calm = calm + 1 if tree.cpu(pid) - before < _LITTLE * (time.monotonic() - at) else 0
    return time.monotonic() - began
