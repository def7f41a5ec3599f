"""Work of many pieces on a loop that others share: written as a generator that stands still after each piece."""

import asyncio
import time
from collections.abc import Generator
from typing import Final, TypeVar

__all__ = ["GIVE_WAY", "at_once", "giving_way"]

GIVE_WAY: Final = 0.005
"""Seconds of work after which others have their turn: far below what a person feels as a stutter of another page."""

T = TypeVar("T")


async def giving_way(pieces: Generator[None, None, T]) -> T:
    """What the generator returns; between its pieces others have their turn. Raises what it raises."""
    began = time.monotonic()
    while True:
        try:
            next(pieces)
        except StopIteration as ended:
            found: T = ended.value
            return found
        if time.monotonic() - began > GIVE_WAY:
            await asyncio.sleep(0)
            began = time.monotonic()


def at_once(pieces: Generator[None, None, T]) -> T:
    """The same, where nobody waits. Raises what it raises."""
    while True:
        try:
            next(pieces)
        except StopIteration as ended:
            found: T = ended.value
            return found
