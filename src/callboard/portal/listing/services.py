"""The list of services and what the catalog says about one."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress

import msgspec

from callboard.access.visibility import Visibility
from callboard.base.errors import NotFound, UsageError
from callboard.catalog.search import FacetValue, Found, SearchQuery
from callboard.history.verdict import LastVerdict
from callboard.history.verdicts import Verdicts
from callboard.model.caller import Caller
from callboard.model.entity import Entity, EntityRef
from callboard.model.grants import Grants
from callboard.portal.health.board import DECIDING_AGAIN, HealthBoard
from callboard.portal.listing.by_health import ByHealth
from callboard.portal.listing.list_pages import ListPages, narrowed
from callboard.portal.listing.pinned import NO_PINS, Pinned, Pins
from callboard.portal.listing.readable import ReadableCatalog
from callboard.portal.protocol import ServicesQuery
from callboard.portal.views import (
    Count,
    Facet,
    HealthTally,
    RelatedEntity,
    RelationGroup,
    ServiceHealth,
    ServiceRow,
    ServicesView,
    ServiceView,
)

__all__ = ["ServicesRoad"]

DECIDING = 0.5
"""Seconds the list waits for clusters to say what this caller may see; what is not decided by then is not told."""

POLICIES_AGAIN = 5.0
"""Seconds until it is looked again what policies let somebody read who keeps the list open."""
BETWEEN = 0.2
"""Seconds between two answers on what has changed, at least: what changes together is told together."""

_FACETS = {
    "kind": "Kind",
    "type": "Type",
    "owner": "Owner",
    "lifecycle": "Lifecycle",
    "system": "System",
    "tag": "Tag",
}
_REFS = {"owner": "group", "system": "system"}
"""Filters whose values are refs, with the kind that a short form means."""
_RELATIONS = {
    "ownedBy": "Owned by",
    "ownerOf": "Owner of",
    "partOf": "Part of",
    "hasPart": "Has parts",
    "dependsOn": "Depends on",
    "dependencyOf": "Needed by",
    "providesApi": "Provides APIs",
    "apiProvidedBy": "Provided by",
    "consumesApi": "Uses APIs",
    "apiConsumedBy": "Used by",
    "memberOf": "Member of",
    "hasMember": "Members",
    "childOf": "Child of",
    "parentOf": "Parent of",
}
"""Backstage's relation types in words, in the order of their interest to a service owner."""


class ServicesRoad:
    """Reads the catalog for a caller, and what is remembered of each service's health."""

    def __init__(
        self,
        catalog: ReadableCatalog,
        verdicts: Verdicts,
        visibility: Visibility,
        board: HealthBoard,
        pinned: Pinned,
    ) -> None:
        self._pinned = pinned
        self._catalog = catalog
        self._verdicts = verdicts
        self._visibility = visibility
        self._board = board
        self._by_health = ByHealth(catalog, board)
        self._pages = ListPages(catalog, board, self._by_health, pinned, self._current)

    async def entity(self, ref: EntityRef, caller: Caller) -> Entity:
        """The entity. Raises NotFound when it is not there for this caller."""
        found = await self._catalog.entity(ref, caller)
        if found is None:
            absence = await self._catalog.absence(ref, caller)
            raise NotFound(absence.sentence(ref), code="no-such-entity")
        return found

    async def list(
        self,
        query: ServicesQuery,
        caller: Caller,
        before: ServicesView | None = None,
        pins: Pins | None = None,
    ) -> ServicesView:
        """One page of the list with its filters; with those of the same list `before` where the catalog has not changed."""
        pins = await self._pinned.of(caller) if pins is None else pins
        search = _search(query, pins)
        listed = await self._pages.page(query, search, caller, pins)
        found, refused = listed.found, listed.refused
        facets, problems = (
            (before.facets, before.problems) if before else await self._around(query, search, caller)
        )
        rows = [_row(e, pins) for e in found.entities]
        refs = [r.ref for r in rows]
        current = await self._current(refs, caller)
        last = await self._last([r for r in refs if r not in current], caller)
        return ServicesView(
            rows=tuple(_with_health(r, current.get(r.ref), last.get(r.ref)) for r in rows),
            total=found.total,
            offset=query.offset,
            limit=query.limit,
            text=query.text,
            facets=facets,
            problems=problems,
            tally=await self._tally(query, caller, pins),
            health=() if refused else query.health,
            trouble_first=listed.trouble_first,
            refused=refused,
            live=self._board.live,
            yours=bool(pins.mine or pins.starred or pins.may_star),
            own=len(pins.mine),
            mine=query.mine,
            starred=query.starred,
            group=str(query.group) if listed.groups else "",
            groups=listed.groups,
            row_groups=listed.row_groups,
        )

    async def star(self, ref: EntityRef, caller: Caller, *, starred: bool) -> None:
        """Star an entity, or star it no longer. Raises NotAllowed, UsageError, Unavailable."""
        await self._pinned.stars.put(caller, ref, starred=starred)

    async def entities(self, query: ServicesQuery, caller: Caller) -> Found:
        """Entities that fit a query, without what is known of their health."""
        return await self._catalog.search(_search(query, NO_PINS), caller)

    async def _around(
        self, query: ServicesQuery, search: SearchQuery, caller: Caller
    ) -> tuple[tuple[Facet, ...], tuple[str, ...]]:
        """(the filters, what is wrong with the catalog's files)."""
        asked = _search(query, NO_PINS)
        facets = await self._catalog.facets(search, caller)
        problems = await self._catalog.problems(caller)
        made = (
            Facet(key, title, _counts(key, facets.get(key, ()), asked.values(key)))
            for key, title in _FACETS.items()
        )
        places = await self._by_health.facets(query, search, caller)
        return (*made, *places), tuple(str(p) for p in problems)

    async def _tally(self, query: ServicesQuery, caller: Caller, pins: Pins) -> HealthTally | None:
        if narrowed(query, pins):
            return None  # it would be of others too
        return await self._by_health.tally(_search(query, pins), caller)

    async def live(self, query: ServicesQuery, caller: Caller) -> AsyncGenerator[ServicesView, None]:
        """The page of the list, and again whenever it reads otherwise, until it is closed; ends where nothing is kept
        current."""
        board, loop = self._board, asyncio.get_running_loop()
        catalog, revision = -1, 0
        again: float | None = None
        view: ServicesView | None = None
        pins, all_seen = await self._pinned.of(caller), self._by_health.sees_all(caller)
        while view is None or board.live:
            before, at = view, board.revision
            sees_all = self._by_health.sees_all(caller)
            unchanged = catalog == self._catalog.revision and sees_all is all_seen
            shown, search = view if unchanged else None, _search(query, pins)
            if shown is None or not await self._pages.stands(shown, query, search, caller, pins):
                all_seen = sees_all
                catalog, revision = self._catalog.revision, 0
                pins = await self._pinned.of(caller)
                shown = await self.list(query, caller, shown, pins)
                again = None
            if again is None or loop.time() >= again or board.revision > revision:
                everything = again is not None and loop.time() >= again
                tally = await self._tally(query, caller, pins)
                shown, again = self._renewed(shown, caller, tally, 0 if everything else revision)
                revision = board.revision
            if self._catalog.may_change(caller):
                soon = loop.time() + POLICIES_AGAIN
                again = soon if again is None else min(again, soon)
            view = shown
            if before is None or _timeless(view) != _timeless(before):
                yield view
            with suppress(TimeoutError):
                async with asyncio.timeout_at(again):
                    await board.changed(at)  # before it was looked who is on the page
            await asyncio.sleep(BETWEEN)

    async def _current(self, refs: Sequence[EntityRef], caller: Caller) -> dict[EntityRef, ServiceHealth]:
        """What is known now, waiting a moment for what is being decided."""
        until = asyncio.get_running_loop().time() + DECIDING
        while True:
            found, again = self._board.healths(refs, caller)
            if again is None or again > DECIDING_AGAIN or asyncio.get_running_loop().time() >= until:
                return found
            await asyncio.sleep(again)

    def _renewed(
        self, view: ServicesView, caller: Caller, tally: HealthTally | None, since: int
    ) -> tuple[ServicesView, float | None]:
        """(the view with that tally and what has changed since that revision, when to look at all of it again)."""
        refs = [row.ref for row in view.rows]
        found, again = self._board.healths(refs, caller, since)
        if not since:
            found = {row.ref: ServiceHealth(ref=row.ref) for row in view.rows if row.health_live} | found
        newer = msgspec.structs.replace(
            view,
            rows=tuple(_with_health(row, found.get(row.ref), None) for row in view.rows),
            tally=tally,
        )
        return newer, None if again is None else asyncio.get_running_loop().time() + again

    async def _last(self, refs: Sequence[EntityRef], caller: Caller) -> dict[EntityRef, LastVerdict]:
        """What is remembered for callers who may see of each service what this one may; nothing where that is not known."""
        by_class: dict[Grants, list[EntityRef]] = {}
        for ref, grants in (await self._visibility.recall(refs, caller, within=DECIDING)).items():
            by_class.setdefault(grants, []).append(ref)
        found: dict[EntityRef, LastVerdict] = {}
        for grants, alike in by_class.items():
            found |= await self._verdicts.last_known(alike, grants)
        return found

    async def service(self, ref: EntityRef, caller: Caller) -> ServiceView:
        """An entity with the other ends of its relations."""
        entity = await self.entity(ref, caller)
        by_type: dict[str, list[EntityRef]] = {}
        for relation in entity.relations:
            by_type.setdefault(relation.type, []).append(EntityRef.parse(relation.target_ref))
        refs = list(dict.fromkeys(r for found in by_type.values() for r in found))
        known = dict(zip(refs, await self._catalog.entities(refs, caller), strict=True))
        order = {name: at for at, name in enumerate(_RELATIONS)}
        groups = tuple(
            RelationGroup(
                name, _RELATIONS.get(name, name), tuple(_related(r, known[r]) for r in by_type[name])
            )
            for name in sorted(by_type, key=lambda n: (order.get(n, len(order)), n))
        )
        owners = next((g.entities for g in groups if g.type == "ownedBy"), ())
        return ServiceView(
            entity=entity, owners=owners, relations=groups, problems=tuple(s.message for s in entity.status)
        )


def _search(query: ServicesQuery, pins: Pins) -> SearchQuery:
    """What is somebody's own is found by its owners, unless others are asked for besides."""
    query = msgspec.structs.replace(query, owner=pins.owners) if query.mine and not query.owner else query
    return SearchQuery(
        text=query.text,
        kind=query.kind,
        type=query.type,
        owner=query.owner,
        lifecycle=query.lifecycle,
        tag=query.tag,
        system=query.system,
        offset=query.offset,
        limit=query.limit,
    )


def _timeless(view: ServicesView) -> ServicesView:
    """Without the moment that rows are as of which are kept current: what makes two views the same to a reader."""
    rows = tuple(msgspec.structs.replace(r, health_as_of=None) if r.health_live else r for r in view.rows)
    return msgspec.structs.replace(view, rows=rows)


def _with_health(row: ServiceRow, current: ServiceHealth | None, last: LastVerdict | None) -> ServiceRow:
    """The row with what is known now, else with what was seen last."""
    if current is not None:
        return msgspec.structs.replace(
            row,
            health=current.health,
            impact=current.impact,
            sentence=current.sentence,
            health_since=current.since,
            health_as_of=current.as_of,
            health_live=current.live,
            health_polled=current.polled,
            health_stale_since=current.stale_since,
            health_stale=current.stale,
        )
    if last is not None:
        return msgspec.structs.replace(
            row,
            health=last.health,
            sentence=last.sentence,
            health_since=last.since,
            health_as_of=last.as_of,
        )
    return row


def _related(ref: EntityRef, entity: Entity | None) -> RelatedEntity:
    return RelatedEntity(ref, entity.title if entity else ref.name, entity is not None)


def _row(entity: Entity, pins: Pins) -> ServiceRow:
    return ServiceRow(
        ref=entity.ref,
        title=entity.title,
        kind=entity.kind,
        description=entity.metadata.description,
        type=entity.spec_text("type"),
        owner=next(iter(entity.related("ownedBy")), None),
        system=next((r for r in entity.related("partOf") if r.kind == "system"), None),
        lifecycle=entity.spec_text("lifecycle"),
        tags=entity.metadata.tags,
        broken=bool(entity.status),
        runs=entity.runs_on_kubernetes,
        mine=entity.ref in pins.mine,
        starred=entity.ref in pins.starred if pins.may_star else None,
    )


def _counts(key: str, values: Sequence[FacetValue], selected: tuple[str, ...]) -> tuple[Count, ...]:
    """The values with their counts; a selected one is there even when nothing has it any more, so that it can be taken away
    again, and as it was written. Values are compared as they are searched by: without regard to case, refs in their short
    forms, too."""
    chosen = {_as_searched(key, s): s for s in selected}
    counts = [Count(v.value, v.count, _as_searched(key, v.value) in chosen) for v in values]
    shown = {_as_searched(key, c.value) for c in counts}
    return (*counts, *(Count(s, 0, True) for form, s in chosen.items() if form not in shown))


def _as_searched(key: str, value: str) -> str:
    kind = _REFS.get(key)
    if kind is None:
        return value.lower()
    try:
        return str(EntityRef.parse(value, default_kind=kind)).lower()
    except UsageError:
        return value.lower()
