"""The catalog as a caller may read it: what they may not read is not there, by name, by number or as the other end of a relation.

It answers as `Catalog` does. Which entities somebody may read is found out whole before anything is read: so it takes as long to
be told that there is no such entity where there is none.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import msgspec

from callboard.access.policies.engine import FoundEntities, PolicyEngine
from callboard.base.errors import Problem
from callboard.base.giving_way import giving_way
from callboard.catalog.absence import Absence
from callboard.catalog.catalog import Catalog
from callboard.catalog.search import FacetValue, Found, ReadableRefs, SearchQuery
from callboard.catalog.stated import stated_by
from callboard.model.caller import Caller
from callboard.model.entity import Entity, EntityRef
from callboard.model.permission import Action

__all__ = ["ReadableCatalog"]

MOST_CALLERS: Final = 500
"""Callers of whom it is kept what they may read; those of equal results share one set."""


MOST_SEEN: Final = 2_000
"""Entities of which it is kept how those see them who may read the same."""
ROUNDS: Final = 20
"""Times that it is found out anew what somebody may read because more had to be known."""


class _Readable(msgspec.Struct, frozen=True):
    """What somebody may read, None for all; until when that holds, by the loop's time."""

    refs: ReadableRefs | None
    until: float


class ReadableCatalog:
    """Without an `engine` everybody who is signed in may read everything."""

    def __init__(self, catalog: Catalog, engine: PolicyEngine | None = None) -> None:
        self._catalog = catalog
        self._engine = engine
        self._known: OrderedDict[tuple[object, ...], _Readable] = OrderedDict()
        self._sets: dict[frozenset[EntityRef], ReadableRefs] = {}
        self._as_of: tuple[int, int] = (-1, -1)
        self._finding = asyncio.Lock()

    @property
    def revision(self) -> int:
        """Another number whenever something may read otherwise: entities, or who may read them."""
        version = self._engine.version if self._engine is not None else 0
        return (version << 40) + self._catalog.revision

    def may_change(self, caller: Caller) -> bool:
        """Whether what somebody may read follows from policies, which may become others."""
        return self._engine is not None and self._engine.decides_for(caller)

    async def allowed(self, caller: Caller, action: Action = Action.ENTITY_READ) -> ReadableRefs | None:
        """The entities to which somebody may do something, whose answer depends on the entity alone; None for all."""
        engine = self._engine
        if engine is None or not engine.decides_for(caller):
            return None
        key = (action, caller.kind, caller.subject, caller.groups, action in caller.may)
        loop, rounds = asyncio.get_running_loop(), 0
        while True:
            directory = await self._catalog.directory()
            as_of = (directory.revision, engine.version)
            if as_of != self._as_of:
                self._known.clear()
                self._sets.clear()
                self._as_of = as_of
            known = self._known.get(key)
            if known is not None and loop.time() < known.until:
                self._known.move_to_end(key)
                return known.refs
            found: FoundEntities | None = None
            async with self._finding:
                known = self._known.get(key)
                if known is None or loop.time() >= known.until:
                    found = await giving_way(engine.allowed(caller, action))
                    if as_of != (self._catalog.company.revision, engine.version) or as_of != self._as_of:
                        continue  # meanwhile something else holds
                    if not found.awaited:
                        self._keep(key, found)
            if found is None:
                continue  # somebody else has found it out
            rounds += 1
            if not found.awaited or rounds > ROUNDS:
                return self._set(found.refs)  # what is not known by then is not allowed
            await engine.another_answered()

    def _keep(self, key: tuple[object, ...], found: FoundEntities) -> None:
        self._known[key] = _Readable(self._set(found.refs), found.until)
        while len(self._known) > MOST_CALLERS:
            self._known.popitem(last=False)

    def _set(self, found: frozenset[EntityRef] | None) -> ReadableRefs | None:
        """One for all whose results are equal."""
        if found is None:
            return None
        refs = self._sets.get(found)
        if refs is None:
            refs = self._sets[found] = ReadableRefs(found)
        return refs

    # ---- as Catalog answers

    async def entity(self, ref: EntityRef, caller: Caller) -> Entity | None:
        """The entity as this caller may see it, or None."""
        may = await self.allowed(caller)
        if may is not None and ref not in may.refs:
            return None
        (found,) = await self._catalog.entities((ref,), caller)
        return found if may is None or found is None else self._seen(found, may)

    async def entities(self, refs: Sequence[EntityRef], caller: Caller) -> tuple[Entity | None, ...]:
        """Several entities in the order asked for, None where there is none for this caller."""
        may = await self.allowed(caller)
        if may is None:
            return await self._catalog.entities(refs, caller)
        found = await self._catalog.entities([ref for ref in refs if ref in may.refs], caller)
        by_ref = {entity.ref: self._seen(entity, may) for entity in found if entity is not None}
        return tuple(by_ref.get(ref) for ref in refs)

    async def search(self, query: SearchQuery, caller: Caller) -> Found:
        """One page of entities. Raises UsageError for a query out of bounds."""
        may = await self.allowed(caller)
        found = await self._catalog.search(query, caller, may)
        if may is None:
            return found
        entities = tuple(self._seen(entity, may) for entity in found.entities if entity.ref in may.refs)
        return Found(entities, found.total)

    async def refs(self, query: SearchQuery, caller: Caller) -> tuple[EntityRef, ...]:
        """All that a search finds, in its order, whatever page it asks for. Raises UsageError for a query out of bounds."""
        return await self._catalog.refs(query, caller, await self.allowed(caller))

    async def facets(self, query: SearchQuery, caller: Caller) -> dict[str, tuple[FacetValue, ...]]:
        """Of every filter its values, with how many entities have them. Raises UsageError for a query out of bounds."""
        return await self._catalog.facets(query, caller, await self.allowed(caller))

    async def absence(self, ref: EntityRef, caller: Caller) -> Absence:
        """Why an entity is not there; for whoever may not read all there are, without a reason: it would tell of the others."""
        if await self.allowed(caller) is not None:
            return Absence()
        return await self._catalog.absence(ref, caller)

    async def problems(self, caller: Caller) -> tuple[Problem, ...]:
        """What is wrong with the sources; for whoever may read everything that comes from them."""
        if await self.allowed(caller) is not None:
            return ()
        return await self._catalog.problems(caller)

    def _seen(self, entity: Entity, may: ReadableRefs) -> Entity:
        """Without the relations that only an entity tells of which is not there for the caller: what the entity itself names
        stays, as the name of something that is not in the catalog."""
        known = may.seen.get(entity.ref)
        if known is not None and known[0] is entity:
            return known[1]
        seen = self._without_hidden(entity, may)
        if len(may.seen) >= MOST_SEEN:
            may.seen.clear()
        may.seen[entity.ref] = (entity, seen)
        return seen

    def _without_hidden(self, entity: Entity, may: ReadableRefs) -> Entity:
        directory = self._catalog.company
        hidden = {
            relation
            for relation in entity.relations
            if (ref := EntityRef.parse(relation.target_ref)) not in may.refs
            and directory.facts(ref) is not None
        }
        if not hidden:
            return entity
        gone = hidden - stated_by(entity)
        return msgspec.structs.replace(entity, relations=tuple(r for r in entity.relations if r not in gone))
