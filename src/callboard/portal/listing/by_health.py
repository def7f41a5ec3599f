"""The list by what runs where: how many services are how, only those of some healths or clusters, and trouble first.

Only for callers who may see everything: how many services are how, and which of them are on a page, would tell anybody else
of what they may not see. For them the list stands as the catalog has it, or by what they themselves see of each service
(`list_pages.py`), and says so where that is not what was asked for.
"""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from callboard.base.bounded_map import BoundedMap
from callboard.catalog.search import ReadableRefs, SearchQuery
from callboard.diagnosis.findings import IMPACTS
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.environment import environment_of, is_production
from callboard.model.permission import Action
from callboard.model.verdict import RANK, Health, Verdict
from callboard.portal.health.board import HealthBoard
from callboard.portal.health.service_state import ServiceState
from callboard.portal.listing.groups import OF_CATALOG, Entry, group_counts, in_groups, said_in_catalog
from callboard.portal.listing.readable import ReadableCatalog
from callboard.portal.protocol import ListGrouping, ListOrder, ServicesQuery
from callboard.portal.views import Count, Facet, GroupCount, HealthTally, ServiceHealth

__all__ = ["NOT_ALL_SEEN", "NOT_FOLLOWED", "ByHealth", "Grouped", "place_of"]

NOT_FOLLOWED = (
    "This list cannot be chosen or sorted by health or cluster: Callboard does not keep healths current here."
)
NOT_ALL_SEEN = (
    "This list cannot be chosen or sorted by health or cluster for you: a cluster lets you see a part only, and a choice made "
    "of all would tell of the rest."
)
MOST_LISTS = 16
"""Lists kept, each of the refs of its services: those that people look at now. Ten thousand refs are about two megabytes."""

MOST_READ = 2_000
"""Services whose entries are read from the catalog to be grouped, for one list."""

_NOT_KNOWN = RANK[Health.UNKNOWN] + 0.5
_RUNS_NOWHERE = len(RANK)


_Key = tuple[SearchQuery, ReadableRefs | None, ReadableRefs | None]
"""A search without its page, the entities that somebody may read, and those of which they may see how they run; None for all."""


_GroupKey = tuple[ListGrouping, bool, bool, ReadableRefs | None, ReadableRefs | None, tuple[EntityRef, ...]]
"""How, whether by name, whether with healths, what somebody may read and see run, and the services."""


Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")
Revisions = tuple[int, int]
"""Of the board and of the catalog."""


class Places(msgspec.Struct, frozen=True):
    """How many services have something in each environment, and in each cluster."""

    environments: dict[str, int]
    clusters: dict[str, int]


class Grouped(msgspec.Struct, frozen=True):
    """The services of a list in their groups, and the groups in order."""

    entries: tuple[Entry, ...]
    groups: tuple[GroupCount, ...]


class ByHealth:
    """Joins what the catalog finds with what the board has. What is the same for several readers is worked out once."""

    def __init__(self, catalog: ReadableCatalog, board: HealthBoard) -> None:
        self._catalog = catalog
        self._board = board
        self._lists: BoundedMap[_Key, tuple[int, tuple[EntityRef, ...]]] = BoundedMap(MOST_LISTS)
        self._tallies: BoundedMap[_Key, tuple[Revisions, HealthTally]] = BoundedMap(MOST_LISTS)
        self._places: BoundedMap[_Key, tuple[Revisions, Places]] = BoundedMap(MOST_LISTS)
        self._chosen: BoundedMap[tuple[_Key, ServicesQuery], tuple[Revisions, tuple[EntityRef, ...]]]
        self._chosen = BoundedMap(MOST_LISTS)
        self._grouped: BoundedMap[_GroupKey, tuple[Revisions, Grouped]] = BoundedMap(MOST_LISTS)

    def refused(self, query: ServicesQuery, caller: Caller) -> str:
        """Why the list is not chosen or sorted by health or cluster although the query says so; "" where it is, or the query
        does not."""
        by_place = query.group is not ListGrouping.NONE and query.group not in OF_CATALOG
        asked = _narrows(query) or by_place or query.order is ListOrder.TROUBLE
        if not asked or self._board.states(caller) is not None:
            return ""
        return NOT_ALL_SEEN if self._board.live else NOT_FOLLOWED

    async def tally(self, search: SearchQuery, caller: Caller) -> HealthTally | None:
        """How the services are that the search finds, those of other pages included; None for callers who may not see all of
        it, and where nothing is followed."""
        states = self._board.states(caller)
        if states is None:
            return None
        key, refs = await self._found(search, caller)
        return self._once(self._tallies, key, lambda: tallied(_those(states, key[2]), refs))

    async def facets(self, query: ServicesQuery, search: SearchQuery, caller: Caller) -> tuple[Facet, ...]:
        """The filters by where services run, for the same callers; those without a value to choose are left out."""
        states = self._board.states(caller)
        if states is None:
            return ()
        key, refs = await self._found(search, caller)
        places = self._once(self._places, key, lambda: placed(_those(states, key[2]), refs))
        made = (
            Facet("environment", "Environment", _counts(places.environments, query.environment)),
            Facet("cluster", "Cluster", _counts(places.clusters, query.cluster)),
        )
        return tuple(facet for facet in made if facet.values)

    async def chosen(
        self, query: ServicesQuery, search: SearchQuery, caller: Caller
    ) -> tuple[EntityRef, ...] | None:
        """The services of all pages, in order; None where the query neither chooses nor sorts by health or cluster, or the
        caller may not."""
        states = self._board.states(caller)
        grouped = query.group is not ListGrouping.NONE
        if states is None or not (_narrows(query) or grouped or query.order is not ListOrder.NAME):
            return None
        key, refs = await self._found(search, caller)
        whole = msgspec.structs.replace(query, offset=0, limit=0)
        return self._once(self._chosen, (key, whole), lambda: chosen(_those(states, key[2]), refs, query))

    async def entries(
        self, group: ListGrouping, refs: tuple[EntityRef, ...], caller: Caller, *, by_name: bool
    ) -> Grouped | None:
        """The services in their groups, which stand by name or as their first services do; None where they are not grouped, or
        not for this caller."""
        states = self._board.states(caller)
        if group is ListGrouping.NONE or (states is None and group not in OF_CATALOG):
            return None
        shown = await self._catalog.allowed(caller, Action.RESOURCES_READ)
        readable = await self._catalog.allowed(caller)
        key = (group, by_name, states is not None, readable, shown, refs)
        as_of, kept = (self._board.revision, self._catalog.revision), self._grouped.get(key)
        if kept is not None and kept[0] == as_of:
            return kept[1]
        seen = {} if states is None else _those(states, shown)
        unseen = [ref for ref in refs if ref not in seen] if group in OF_CATALOG else []
        if len(unseen) > MOST_READ:
            return None
        known = dict(zip(unseen, await self._catalog.entities(unseen, caller), strict=True))

        def values_of(ref: EntityRef) -> Collection[str]:
            service = seen.get(ref)
            if group in OF_CATALOG:
                return said_in_catalog(known[ref] if service is None else service.entity, group)
            if service is None:
                return ()
            return sorted({p for name in _runs_in(service) if (p := _place_name(service, name, group))})

        def is_unhealthy(value: str, ref: EntityRef) -> bool:
            service = seen.get(ref)
            if service is None or service.health is not Health.UNHEALTHY:
                return False
            if not value or group in OF_CATALOG:
                return True
            return any(
                place.health is Health.UNHEALTHY and value == _place_name(service, name, group)
                for name, place in service.by_cluster.items()
            )

        unhealthy = None if states is None else is_unhealthy
        made = in_groups(refs, values_of, by_name=by_name, unhealthy=unhealthy)
        found = Grouped(made, group_counts(made, unhealthy))
        return self._grouped.put(key, (as_of, found))[1]

    def sees_all(self, caller: Caller) -> bool:
        """Whether healths of all services are told to this caller."""
        return self._board.states(caller) is not None

    async def refs(self, search: SearchQuery, caller: Caller) -> tuple[EntityRef, ...]:
        """All that a search finds for a caller, in its order."""
        return (await self._found(search, caller))[1]

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

    def _once(
        self, kept: BoundedMap[Key, tuple[Revisions, Made]], key: Key, make: Callable[[], Made]
    ) -> Made:
        """What is made of the board and the catalog as they are now."""
        as_of, known = (self._board.revision, self._catalog.revision), kept.get(key)
        if known is None or known[0] != as_of:
            known = kept.put(key, (as_of, make()))
        return known[1]


def _narrows(query: ServicesQuery) -> bool:
    return bool(query.health or query.cluster or query.environment)


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


def placed(states: Mapping[EntityRef, ServiceState], refs: Iterable[EntityRef]) -> Places:
    """Where these services run."""
    environments: Counter[str] = Counter()
    clusters: Counter[str] = Counter()
    for ref in refs:
        if (service := states.get(ref)) is not None:
            runs = _runs_in(service)
            clusters.update(runs)
            environments.update({e for name in runs if (e := _environment(service, name))})
    return Places(environments, clusters)


def chosen(
    states: Mapping[EntityRef, ServiceState], refs: Sequence[EntityRef], query: ServicesQuery
) -> tuple[EntityRef, ...]:
    """Of these, those of the healths, clusters and environments asked for; trouble first unless the query says by name, which
    is the order they have."""
    wanted, clusters = frozenset(query.health), frozenset(query.cluster)
    environments = frozenset(query.environment)

    def is_wanted(service: ServiceState) -> bool:
        if wanted and service.health not in wanted:
            return False
        if not (clusters or environments):
            return True
        runs = _runs_in(service)
        return not (clusters and clusters.isdisjoint(runs)) and not (
            environments and environments.isdisjoint(_environment(service, name) for name in runs)
        )

    if _narrows(query):
        refs = [r for r in refs if (s := states.get(r)) is not None and is_wanted(s)]
    if query.order is ListOrder.NAME:
        return tuple(refs)
    return tuple(sorted(refs, key=lambda ref: _place(states.get(ref))))


def place_of(row: ServiceHealth | None) -> tuple[float, int]:
    """Where a service stands as somebody sees it: by health, then by impact on users."""
    if row is None or row.health is None:
        return (_RUNS_NOWHERE if row is None else _NOT_KNOWN), 0
    if row.health is not Health.UNHEALTHY:
        return RANK[row.health], 0
    return RANK[Health.UNHEALTHY], len(IMPACTS) if row.impact is None else IMPACTS[row.impact]


def _place(service: ServiceState | None) -> tuple[float, int, bool]:
    """Where a service stands: by health, then by impact on users, then production before the rest."""
    if service is None:
        return _RUNS_NOWHERE, 0, False
    found = service.verdict
    if found is None or found.health is not Health.UNHEALTHY:
        return (_NOT_KNOWN if service.health is None else RANK[service.health]), 0, False
    impact = len(IMPACTS) if found.impact is None else IMPACTS[found.impact]
    return RANK[Health.UNHEALTHY], impact, not _in_production(service, found)


def _in_production(service: ServiceState, found: Verdict) -> bool:
    """Whether what is worst about it is in production: by the labels of the clusters, and where they name no environment by
    the lifecycle that the catalog tells."""
    worst = [c.cluster for c in found.clusters if c.health is found.health and c.impact is found.impact]
    named = [e for name in worst if (e := _environment(service, name))]
    return any(map(is_production, named or [service.entity.spec_text("lifecycle")]))


def _runs_in(service: ServiceState) -> list[str]:
    return [name for name, found in service.by_cluster.items() if found.health is not Health.NOTHING]


def _environment(service: ServiceState, cluster: str) -> str:
    followed = service.states.get(cluster)
    return "" if followed is None else environment_of(followed.cluster.labels)


def _place_name(service: ServiceState, cluster: str, group: ListGrouping) -> str:
    return cluster if group is ListGrouping.CLUSTER else _environment(service, cluster)


def _counts(found: Mapping[str, int], selected: Sequence[str]) -> tuple[Count, ...]:
    """The values by name; a selected one is there even where nothing has it, so that it can be taken away again."""
    return tuple(Count(v, found.get(v, 0), v in selected) for v in sorted({*found, *selected}))
