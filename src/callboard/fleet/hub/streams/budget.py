"""What listening may cost: to one cluster watches open, requests started per second, lists on their way; and to this process
lists that come in at once.

What matters most goes first: a list of pods is served before a list of events, and where all watches are taken, a pod's
pushes out an event's, which is polled from then on.
"""

import asyncio
import heapq
from collections.abc import Callable
from typing import Protocol

from callboard.base.settings import HubSettings
from callboard.fleet.hub.streams.reach import Reach

__all__ = ["Budget", "ListPermit", "ListPermits", "Watching"]

PLACES = 8
"""Lists of all clusters together that come in at once. More come in no sooner, since one core reads them all: they would be
whole at the same late moment, and hundreds of connections made at once keep one another from being made at all."""
LENT = 5.0
"""Seconds without progress after which a place is somebody else's: a cluster that does not answer may not hold up the others.
Not shorter than it takes to connect: on a busy machine each place given up early brings one more that is late."""


class Watching(Protocol):
    """Something that holds, or would like to hold, one of the watches."""

    tier: int

    def demote(self) -> None:
        """The watch is needed elsewhere: let it go and poll."""
        ...

    def promote(self) -> None:
        """A watch has become free: ask for it again."""
        ...


class ListPermit:
    """Leave to have one list on its way; given back once."""

    def __init__(self, give_back: Callable[[], None], progress: Callable[[], None] | None = None) -> None:
        self._give_back: Callable[[], None] | None = give_back
        self.progress: Callable[[], None] = progress or _nothing
        """To be called whenever something of the list has come."""

    def over(self) -> None:
        """The list has come, or has failed; a second call changes nothing."""
        if self._give_back is not None:
            give_back = self._give_back
            self._give_back, self.progress = None, _nothing  # or it and who lent it hold each other
            give_back()


def _nothing() -> None:
    """Nobody counts on it any more."""


class _Line:
    """Who waits for one of a few things, the important ones first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0
        self._queue: list[tuple[int, int, asyncio.Future[None]]] = []
        self._number = 0

    @property
    def waiting(self) -> int:
        return sum(not waiter.done() for _, _, waiter in self._queue)

    async def take(self, tier: int) -> ListPermit:
        """Wait until one is free."""
        if self.taken >= self.most or self._queue:
            self._number += 1
            waiter = asyncio.get_running_loop().create_future()
            heapq.heappush(self._queue, (tier, self._number, waiter))
            self._next()
            try:
                await waiter
            except BaseException:
                if waiter.done() and not waiter.cancelled():
                    self._over()
                raise
        else:
            self.taken += 1
        return ListPermit(self._over)

    def _over(self) -> None:
        self.taken -= 1
        self._next()

    def _next(self) -> None:
        while self._queue and self.taken < self.most:
            waiter = heapq.heappop(self._queue)[2]
            if not waiter.done():
                self.taken += 1
                waiter.set_result(None)


class ListPermits:
    """What lists of all clusters share. A place is kept until the list is there, and lost after `lent` seconds in which nothing
    of it has come."""

    def __init__(self, most: int = PLACES, lent: float = LENT) -> None:
        self._line = _Line(most)
        self._lent = lent

    @property
    def taken(self) -> int:
        return self._line.taken

    async def take(self, tier: int) -> ListPermit:
        """Wait for a place."""
        return _Lent(await self._line.take(tier), self._lent).permit


class _Lent:
    """One place, and whether anything has come since it was looked at last."""

    def __init__(self, place: ListPermit, seconds: float) -> None:
        self._place = place
        self._seconds = seconds
        self._heard = True
        self._timer: asyncio.TimerHandle | None = None
        self.permit = ListPermit(self._over, self._progress)
        self._look()

    def _progress(self) -> None:
        self._heard = True

    def _look(self) -> None:
        if self._heard:
            self._heard = False
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._look)
        else:
            self._over()

    def _over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._place.over()


class Budget:
    """One cluster's. `settings` may be replaced while it is in use; `reach` says whether it answers."""

    def __init__(self, settings: HubSettings, places: ListPermits | None = None) -> None:
        self._settings = settings
        self.reach = Reach()
        self._places = places or ListPermits()
        self._watching: dict[Watching, None] = {}
        self._waiting: dict[Watching, None] = {}
        self._line = _Line(settings.lists)
        self._due = 0.0

    @property
    def settings(self) -> HubSettings:
        """Those in force. With others, whoever waits gets the places there are now, and the least important let theirs go."""
        return self._settings

    @settings.setter
    def settings(self, settings: HubSettings) -> None:
        before, self._settings = self._settings.streams, settings
        if settings.streams > before:
            room = max(0, settings.streams - len(self._watching))
            for who in sorted(self._waiting, key=lambda w: w.tier)[:room]:
                who.promote()
        while len(self._watching) > settings.streams:
            self._make_way()

    @property
    def watches(self) -> int:
        return len(self._watching)

    @property
    def lists(self) -> int:
        return self._line.taken

    @property
    def waiting(self) -> int:
        """Streams that would watch and may not, and requests that wait for their turn."""
        return len(self._waiting) + self._line.waiting

    def admit(self, who: Watching) -> bool:
        """Whether `who` may watch; if not, it will be promoted when it may. The least important of those that watch makes
        room, if it matters less."""
        self._waiting.pop(who, None)
        if len(self._watching) >= self.settings.streams:
            if max(each.tier for each in self._watching) <= who.tier:
                self._waiting[who] = None
                return False
            self._make_way()
        self._watching[who] = None
        return True

    def _make_way(self) -> None:
        """The least important of those that watch polls, and waits."""
        least = max(self._watching, key=lambda w: w.tier)
        del self._watching[least]
        self._waiting[least] = None
        least.demote()

    def leave(self, who: Watching) -> None:
        """`who` watches no more, and waits for no watch."""
        self._waiting.pop(who, None)
        if who in self._watching:
            del self._watching[who]
            if self._waiting:
                min(self._waiting, key=lambda w: w.tier).promote()

    async def permit(self, tier: int) -> ListPermit:
        """Wait until a request may start, the important ones first. Whoever holds a permit bounds what it waits for."""
        self._line.most = self.settings.lists
        permit = await self._line.take(tier)
        try:
            await self.pace()
            place = await self._places.take(tier)
        except BaseException:
            permit.over()
            raise

        def over() -> None:
            place.over()
            permit.over()

        return ListPermit(over, place.progress)

    async def pace(self) -> None:
        """Wait until one more request may start: at most `requests_per_second`, with a burst of as many."""
        now = asyncio.get_running_loop().time()
        self._due = max(self._due, now - 1.0) + 1.0 / self.settings.requests_per_second
        if self._due > now:
            await asyncio.sleep(self._due - now)
