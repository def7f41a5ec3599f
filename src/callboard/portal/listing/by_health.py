"""The list by health: which services of it are how, only those of some healths, and trouble first.

Only for callers who may see everything: how many services are how, and which of them are on a page, would tell anybody else
of what they may not see. For them the list stands as the catalog has it, and says so.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from callboard.base.bounded_map import BoundedMap
from callboard.catalog.search import ReadableRefs, SearchQuery
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.permission import Action
from callboard.model.verdict import RANK, Health
from callboard.portal.health.board import HealthBoard
from callboard.portal.health.service_state import ServiceState
from callboard.portal.listing.readable import ReadableCatalog
from callboard.portal.protocol import ServicesQuery
from callboard.portal.views import HealthTally

__all__ = ["NOT_ALL_SEEN", "NOT_FOLLOWED", "ByHealth"]

NOT_FOLLOWED = "This list cannot be chosen or sorted by health: Callboard does not keep healths current here."
NOT_ALL_SEEN = (
    "This list cannot be chosen or sorted by health for you: a cluster lets you see a part only, and a choice made of all "
    "would tell of the rest."
)
MOST_LISTS = 16
"""Lists kept, each of the refs of its services: those that people look at now. Ten thousand refs are about two megabytes."""

_NOT_KNOWN = RANK[Health.UNKNOWN] + 0.5
_RUNS_NOWHERE = len(RANK)


_Key = tuple[SearchQuery, ReadableRefs | None, ReadableRefs | None]
"""A search without its page, the entities that somebody may read, and those of which they may see how they run; None for all."""


class ByHealth:
    """Joins what the catalog finds with what the board has. What is the same for several readers is worked out once."""

    def __init__(self, catalog: ReadableCatalog, board: HealthBoard) -> None:
        self._catalog = catalog
        self._board = board
        self._lists: BoundedMap[_Key, tuple[int, tuple[EntityRef, ...]]] = BoundedMap(MOST_LISTS)
        self._tallies: BoundedMap[_Key, tuple[tuple[int, int], HealthTally]] = BoundedMap(MOST_LISTS)

    def refused(self, query: ServicesQuery, caller: Caller) -> str:
        """Why the list is not chosen or sorted by health although the query asks for it; "" where it is, or does not ask."""
        if not (query.health or query.trouble_first) or self._board.states(caller) is not None:
            return ""
        return NOT_ALL_SEEN if self._board.live else NOT_FOLLOWED

    async def tally(self, search: SearchQuery, caller: Caller) -> HealthTally | None:
        """How the services are that the search finds, those of other pages included; None for callers who may not see all of
        it, and where nothing is followed."""
        states = self._board.states(caller)
        if states is None:
            return None
        key, refs = await self._found(search, caller)
        as_of, known = (self._board.revision, self._catalog.revision), self._tallies.get(key)
        if known is None or known[0] != as_of:
            known = self._tallies.put(key, (as_of, tallied(_those(states, key[2]), refs)))
        return known[1]

    async def chosen(
        self, query: ServicesQuery, search: SearchQuery, caller: Caller
    ) -> tuple[EntityRef, ...] | None:
        """The services of all pages, in order; None where the query does not ask by health, or the caller may not."""
        states = self._board.states(caller)
        if states is None or not (query.health or query.trouble_first):
            return None
        key, refs = await self._found(search, caller)
        return chosen(_those(states, key[2]), refs, query)

    async def _found(self, search: SearchQuery, caller: Caller) -> tuple[_Key, tuple[EntityRef, ...]]:
        """(what it is the same for, everything it finds)."""
        readable = await self._catalog.allowed(caller)
        shown = await self._catalog.allowed(caller, Action.RESOURCES_READ)
        search = msgspec.structs.replace(search, offset=0, limit=0)
        key = (search, readable, shown)
        known, revision = self._lists.get(key), self._catalog.revision
        if known is None or known[0] != revision:
            known = self._lists.put(key, (revision, await self._catalog.refs(search, caller)))
        return key, known[1]


def _those(
    states: Mapping[EntityRef, ServiceState], shown: ReadableRefs | None
) -> Mapping[EntityRef, ServiceState]:
    """The services of which somebody may see how they run."""
    return states if shown is None else {r: s for r in shown.refs if (s := states.get(r)) is not None}


def tallied(states: Mapping[EntityRef, ServiceState], refs: Iterable[EntityRef]) -> HealthTally:
    """How these services are. What cannot be told from what is held, and was never known, is not counted."""
    counts: Counter[Health] = Counter()
    total = earlier = 0
    for ref in refs:
        service = states.get(ref)
        if service is None or ((health := service.health) is None and service.lost):
            continue
        total += 1
        if health is not None:
            counts[health] += 1
            earlier += service.verdict is None
    found = {h: n for h in Health if (n := counts[h])}
    return HealthTally(known=counts.total(), total=total, counts=found, earlier=earlier)


def chosen(
    states: Mapping[EntityRef, ServiceState], refs: Sequence[EntityRef], query: ServicesQuery
) -> tuple[EntityRef, ...]:
    """Of these, those of the healths asked for; trouble first where that is asked for, else in the order they had."""

    def rank(ref: EntityRef) -> float:
        service = states.get(ref)
        if service is None:
            return _RUNS_NOWHERE
        return _NOT_KNOWN if service.health is None else RANK[service.health]

    if query.health:
        wanted = frozenset(query.health)
        refs = [r for r in refs if (s := states.get(r)) is not None and s.health in wanted]
    return tuple(sorted(refs, key=rank)) if query.trouble_first else tuple(refs)
