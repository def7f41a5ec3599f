"""Services that people have starred: kept by who they are, so that they stand in every browser."""

from typing import Final

from callboard.access.store import StarStore
from callboard.base.clock import Clock
from callboard.base.errors import NotAllowed, Unavailable, UsageError
from callboard.model.caller import PEOPLE, Caller
from callboard.model.entity import EntityRef

__all__ = ["MOST_STARS", "Stars"]

MOST_STARS: Final = 200
"""Of one person."""
_MOST_SUBJECT: Final = 300


class Stars:
    """Of people alone: a service has none. Without a store nobody has any."""

    def __init__(self, clock: Clock, store: StarStore | None = None) -> None:
        self._clock = clock
        self._store = store

    def may_star(self, caller: Caller) -> bool:
        """Whether stars of this caller are kept."""
        return self._store is not None and caller.kind in PEOPLE and len(caller.subject) <= _MOST_SUBJECT

    async def of(self, caller: Caller) -> frozenset[EntityRef]:
        """What they have starred, whether it is still there or not; nothing while the database does not answer."""
        if self._store is None or not self.may_star(caller):
            return frozenset()
        try:
            return frozenset(EntityRef.parse(ref) for ref in await self._store.of(caller.subject))
        except Unavailable:
            return frozenset()

    async def put(self, caller: Caller, ref: EntityRef, *, starred: bool) -> None:
        """Star an entity, or no longer. Raises NotAllowed for whoever is no person, UsageError for one too many, Unavailable."""
        if self._store is None or not self.may_star(caller):
            raise NotAllowed("Stars are kept for people who are signed in.", code="no-stars")
        if not starred:
            await self._store.remove(caller.subject, str(ref))
        elif not await self._store.add(caller.subject, str(ref), self._clock.now(), MOST_STARS):
            raise UsageError(
                f"You have starred {MOST_STARS} services, as many as are kept.", code="too-many-stars"
            )
