"""How background work leaves the process to those who look."""

import asyncio
import time

__all__ = ["CpuShare"]

SLICE = 0.004
"""Seconds of work in one go: well below what anyone notices."""


class CpuShare:
    """Lets one worker have at most a `share` of the wall's time: `begin` before a piece of work, `rest` after it."""

    def __init__(self, share: float) -> None:
        self._pause = 1 / share - 1
        self._began = 0.0
        self._spent = 0.0
        self.total = 0.0
        """Seconds of all the work there was."""

    def begin(self) -> None:
        """A piece of work that waits for nothing begins."""
        self._began = time.perf_counter()

    async def rest(self) -> None:
        """It has ended. Returns at once until a slice is used up."""
        took = time.perf_counter() - self._began
        self.total += took
        self._spent += took
        if self._spent >= SLICE:
            spent, self._spent = self._spent, 0.0
            await asyncio.sleep(spent * self._pause)
