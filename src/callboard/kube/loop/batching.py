"""Changes that come one by one are taken in together, 20 times a second for all watches of a process.

A change that wakes the process by itself costs two or three times what it costs among others: every CPU cache is cold, and the
waking itself has its price.
"""

import asyncio
from typing import Final

__all__ = ["Batcher"]

_SECONDS: Final = 0.05
"""Between two batches: a page is told of what has changed every 150 ms."""


class Batcher:
    """One for all that share a loop. At rest it has no timer: what comes after a pause is taken in at once."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._due = float("-inf")
        self._waiting: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self.batches = 0
        """Those that somebody waited for, for tests."""

    async def come(self) -> bool:
        """Something has come: return when it may be taken in, and whether that had to be waited for."""
        now = self._loop.time()
        if self._timer is None and now >= self._due:
            self._due = now + self._seconds
            return False
        await self.rest()
        return True

    def rest(self) -> "asyncio.Future[None]":
        """Wait for the next batch."""
        if self._timer is None:
            self._timer = self._loop.call_at(self._due, self._strike)
        waiter = self._loop.create_future()
        self._waiting.append(waiter)
        return waiter

    def _strike(self) -> None:
        self.batches += 1
        self._timer = None
        self._due = self._loop.time() + self._seconds
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)
