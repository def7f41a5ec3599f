"""Whose turn it is to be judged: each once however often it is asked for, none too soon, and the touched before the others,
who get their turn all the same."""

import asyncio
import heapq
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

from callboard.portal.health.service_state import Standing

__all__ = ["LATER", "TOUCHED", "Turns"]

TOUCHED = "touched"
LATER = "later"
TOUCHED_FIRST = 3.0
"""Of the time spent, so many parts go to the touched for one to the others, while both wait: looking at all for the first
time goes on however much changes."""


class Turns:
    """Bounded by the services there are: each waits in one lane at most, and for one renewal."""

    def __init__(self) -> None:
        self.lanes: dict[str, deque[Standing]] = {TOUCHED: deque(), LATER: deque()}
        self._waiting: list[tuple[float, int, Standing, str]] = []
        self._renewals: list[tuple[float, int, Standing]] = []
        self._number = count()
        self.lane = TOUCHED
        """Of the turn taken last."""
        self._spent = 0.0
        """Seconds that the touched have had beyond their part; below zero, the others."""
        self._news = asyncio.Event()

    def clear(self) -> None:
        """Nobody waits any more."""
        for lane in self.lanes.values():
            lane.clear()
        self._waiting.clear()
        self._renewals.clear()

    def ask(self, standing: Standing, lane: str) -> None:
        """In this lane, when it is due."""
        if standing.lane in (TOUCHED, lane):
            return
        standing.lane = lane
        if standing.due > asyncio.get_running_loop().time():
            heapq.heappush(self._waiting, (standing.due, next(self._number), standing, lane))
        else:
            self.lanes[lane].append(standing)
        self._news.set()

    def touched(self, standing: Standing) -> None:
        """Something of it has changed. While it has no verdict it is one of those that are looked at for the first time,
        however often it is touched meanwhile: a first sync touches everything."""
        self.ask(standing, TOUCHED if standing.verdict is not None else LATER)

    def renew(self, standing: Standing, after: float) -> None:
        """Tell of it in so many seconds, unless that is to come already."""
        if not standing.renewing:
            standing.renewing = True
            at = asyncio.get_running_loop().time() + after
            heapq.heappush(self._renewals, (at, next(self._number), standing))

    def renewals(self) -> Iterator[Standing]:
        """Those that are to be looked at again because of time alone."""
        now = asyncio.get_running_loop().time()
        while self._renewals and self._renewals[0][0] <= now:
            standing = heapq.heappop(self._renewals)[2]
            standing.renewing = False
            yield standing

    def take(self) -> Standing | None:
        """The next that is due."""
        now = asyncio.get_running_loop().time()
        while self._waiting and self._waiting[0][0] <= now:
            _, _, due, lane = heapq.heappop(self._waiting)
            self.lanes[lane].append(due)
        if not all(self.lanes.values()):
            self._spent = 0.0
        first, second = (TOUCHED, LATER) if self._spent <= 0 else (LATER, TOUCHED)
        standing = self._first(first) or self._first(second)
        if standing is None:
            self._news.clear()
        return standing

    def spent(self, seconds: float) -> None:
        """What the turn taken last has cost."""
        self._spent += seconds if self.lane == TOUCHED else -seconds * TOUCHED_FIRST

    def _first(self, lane: str) -> Standing | None:
        queue = self.lanes[lane]
        while queue:
            standing = queue.popleft()
            if standing.lane == lane:  # else it was moved to the other meanwhile, or had its turn
                standing.lane = None
                self.lane = lane
                return standing
        return None

    async def wait(self) -> None:
        """Until there may be one."""
        until = min((each[0][0] for each in (self._waiting, self._renewals) if each), default=None)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._news.wait()
