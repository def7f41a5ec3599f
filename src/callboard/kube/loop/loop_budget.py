"""Reading much without keeping others waiting: work is cut into steps of some milliseconds, and all steps together have four
milliseconds in each round of the event loop.

Without it, when many lists come in at once, their steps would follow one another: each of them short, all of them long.
"""

import asyncio
import heapq
import time
from typing import Final

__all__ = ["LoopBudget"]

_ROUND: Final = 0.004
"""Seconds since the first step of a round of the loop in which another may begin; a step takes some milliseconds at most."""
_WOKEN: Final = 8
"""Of those who wait, so many look in each round whether their step fits."""


class LoopBudget:
    """One for all that share a loop. Costs next to nothing while there is little to read."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._began: float | None = None
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._number = 0
        self._due = False
        self.rounds = 0
        """Rounds of the loop in which steps were taken, for tests."""

    def at_once(self) -> bool:
        """Whether a step may begin now, before which nobody has to wait; who is told so begins it."""
        return not self._waiting and self._fits()

    async def next_step(self) -> None:
        """Wait until a step may begin, in the order in which they asked."""
        if self.at_once():
            return
        self._number += 1
        number = self._number
        while True:
            waiter = self._loop.create_future()
            heapq.heappush(self._waiting, (number, waiter))
            self._next_round()
            await waiter
            if self._fits():
                return

    def _fits(self) -> bool:
        now = time.monotonic()
        if self._began is None:
            self._began = now
            self.rounds += 1
            self._next_round()
        return now - self._began < _ROUND

    def _next_round(self) -> None:
        if not self._due:
            self._due = True
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._due = False
        self._began = None
        woken = 0
        while self._waiting and woken < _WOKEN:
            waiter = heapq.heappop(self._waiting)[1]
            if not waiter.done():
                waiter.set_result(None)
                woken += 1
        if self._waiting:
            self._next_round()
