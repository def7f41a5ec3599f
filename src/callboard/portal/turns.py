"""Whose turn it is to be judged: those touched before the others, each once however often it is asked for, none too soon."""

import asyncio
import heapq
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

from callboard.portal.standing import Standing

__all__ = ["LATER", "TOUCHED", "Turns"]

TOUCHED = "touched"
LATER = "later"


class Turns:
    """Bounded by the services there are: each waits in one lane at most, and for one renewal."""

    def __init__(self) -> None:
        self._lanes: dict[str, deque[Standing]] = {TOUCHED: deque(), LATER: deque()}
        self._waiting: list[tuple[float, int, Standing, str]] = []
        self._renewals: list[tuple[float, int, Standing]] = []
        self._number = count()
        self._news = asyncio.Event()

    def clear(self) -> None:
        """Nobody waits any more."""
        for lane in self._lanes.values():
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
            self._lanes[lane].append(standing)
        self._news.set()

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
            _, _, standing, lane = heapq.heappop(self._waiting)
            self._lanes[lane].append(standing)
        for lane, queue in self._lanes.items():
            while queue:
                standing = queue.popleft()
                if standing.lane == lane:  # else it was moved to the other meanwhile, or had its turn
                    standing.lane = None
                    return standing
        self._news.clear()
        return None

    async def wait(self) -> None:
        """Until there may be one."""
        until = min((each[0][0] for each in (self._waiting, self._renewals) if each), default=None)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._news.wait()
