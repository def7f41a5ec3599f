"""Which service is judged next: each once however often it is asked for, none too soon. Those that were touched come first, and
the others are not kept waiting for ever."""

import asyncio
import heapq
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

from callboard.portal.health.service_state import ServiceState

__all__ = ["LATER", "TOUCHED", "JudgingQueue"]

TOUCHED = "touched"
LATER = "later"
TOUCHED_FIRST = 3.0
"""Of the time spent, so many parts go to the touched for one to the others, while both wait: looking at all for the first
time goes on however much changes."""


class JudgingQueue:
    """Bounded by the services there are: each waits in one lane at most, and for one renewal."""

    def __init__(self) -> None:
        self.lanes: dict[str, deque[ServiceState]] = {TOUCHED: deque(), LATER: deque()}
        self._waiting: list[tuple[float, int, ServiceState, str]] = []
        self._renewals: list[tuple[float, int, ServiceState]] = []
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

    def ask(self, service: ServiceState, lane: str) -> None:
        """In this lane, when it is due."""
        if service.lane in (TOUCHED, lane):
            return
        service.lane = lane
        if service.due > asyncio.get_running_loop().time():
            heapq.heappush(self._waiting, (service.due, next(self._number), service, lane))
        else:
            self.lanes[lane].append(service)
        self._news.set()

    def touched(self, service: ServiceState) -> None:
        """Something of it has changed. While it has no verdict it is one of those that are looked at for the first time,
        however often it is touched meanwhile: a first sync touches everything."""
        self.ask(service, TOUCHED if service.verdict is not None else LATER)

    def renew(self, service: ServiceState, after: float) -> None:
        """Tell of it in so many seconds, unless that is to come already."""
        if not service.renewing:
            service.renewing = True
            at = asyncio.get_running_loop().time() + after
            heapq.heappush(self._renewals, (at, next(self._number), service))

    def renewals(self) -> Iterator[ServiceState]:
        """Those that are to be looked at again because of time alone."""
        now = asyncio.get_running_loop().time()
        while self._renewals and self._renewals[0][0] <= now:
            service = heapq.heappop(self._renewals)[2]
            service.renewing = False
            yield service

    def take(self) -> ServiceState | None:
        """The next that is due."""
        now = asyncio.get_running_loop().time()
        while self._waiting and self._waiting[0][0] <= now:
            _, _, due, lane = heapq.heappop(self._waiting)
            self.lanes[lane].append(due)
        if not all(self.lanes.values()):
            self._spent = 0.0
        first, second = (TOUCHED, LATER) if self._spent <= 0 else (LATER, TOUCHED)
        service = self._first(first) or self._first(second)
        if service is None:
            self._news.clear()
        return service

    def spent(self, seconds: float) -> None:
        """What the turn taken last has cost."""
        self._spent += seconds if self.lane == TOUCHED else -seconds * TOUCHED_FIRST

    def _first(self, lane: str) -> ServiceState | None:
        queue = self.lanes[lane]
        while queue:
            service = queue.popleft()
            if service.lane == lane:  # else it was moved to the other meanwhile, or had its turn
                service.lane = None
                self.lane = lane
                return service
        return None

    async def wait(self) -> None:
        """Until there may be one."""
        until = min((each[0][0] for each in (self._waiting, self._renewals) if each), default=None)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._news.wait()
