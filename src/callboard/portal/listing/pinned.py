"""What stands first in the list for one person: what they have starred, then what they or their groups own."""

from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from callboard.access.stars import Stars
from callboard.base.bounded_map import BoundedMap
from callboard.catalog.search import SearchQuery
from callboard.model.caller import Caller, CallerKind
from callboard.model.entity import EntityRef
from callboard.portal.listing.readable import ReadableCatalog

__all__ = ["NO_PINS", "Pinned", "Pins", "only"]

MOST_OWNERS = 50
"""Groups of one person that count: a search takes so many."""
MOST_KEPT = 256
MOST_ORDERS = 16


class Pins(msgspec.Struct, frozen=True):
    """`owners` are the refs of somebody and of their groups, `mine` what those own and they may read."""

    owners: tuple[str, ...] = ()
    mine: frozenset[EntityRef] = frozenset()
    starred: frozenset[EntityRef] = frozenset()
    may_star: bool = False

    def first(self, ref: EntityRef) -> int:
        """0 for what is starred, 1 for what is somebody's own, 2 for the rest."""
        return 0 if ref in self.starred else 1 if ref in self.mine else 2


NO_PINS = Pins()


class Pinned:
    """`groups_of` gives somebody's own ref and those of all their groups, groups of groups included."""

    def __init__(
        self, catalog: ReadableCatalog, stars: Stars, groups_of: Callable[[Caller], frozenset[str]]
    ) -> None:
        self._catalog = catalog
        self.stars = stars
        self._groups_of = groups_of
        self._mine: BoundedMap[tuple[object, ...], tuple[int, frozenset[EntityRef]]] = BoundedMap(MOST_KEPT)
        self._places: BoundedMap[int, tuple[tuple[EntityRef, ...], dict[EntityRef, int]]]
        self._places = BoundedMap(MOST_ORDERS)

    async def of(self, caller: Caller) -> Pins:
        """Whoever is no person has none."""
        if not self.stars.may_star(caller) and caller.kind is not CallerKind.PERSON:
            return NO_PINS
        owners = self.owners(caller)
        return Pins(
            owners=owners,
            mine=await self._owned(owners, caller) if owners else frozenset(),
            starred=await self.stars.of(caller),
            may_star=self.stars.may_star(caller),
        )

    def owners(self, caller: Caller) -> tuple[str, ...]:
        """As whom somebody may own something, as refs."""
        named = {caller.entity_ref, *self._groups_of(caller)}
        return tuple(sorted(ref for ref in named if ref.startswith(("user:", "group:"))))[:MOST_OWNERS]

    async def _owned(self, owners: tuple[str, ...], caller: Caller) -> frozenset[EntityRef]:
        readable = await self._catalog.allowed(caller)
        key, revision = (owners, readable), self._catalog.revision
        known = self._mine.get(key)
        if known is None or known[0] != revision:
            found = frozenset(await self._catalog.refs(SearchQuery(owner=owners), caller))
            known = self._mine.put(key, (revision, found))
        return known[1]

    def page(self, refs: tuple[EntityRef, ...], pins: Pins, offset: int, limit: int) -> tuple[EntityRef, ...]:
        """One page of a list in which what is pinned comes first, each part in the order of the list. What the list does not have
        is not there for being pinned. It looks at what is pinned and at what comes before the page, not at all of the list."""
        known = self._places.get(id(refs))
        if known is None or known[0] is not refs:
            known = self._places.put(id(refs), (refs, {ref: at for at, ref in enumerate(refs)}))
        places = known[1]
        first = sorted(
            (ref for ref in pins.starred | pins.mine if ref in places),
            key=lambda ref: (pins.first(ref), places[ref]),
        )
        found = first[offset : offset + limit]
        if len(found) < limit:
            apart = frozenset(first)
            begin = max(0, offset - len(first))
            others = (ref for ref in refs if ref not in apart)
            found += islice(others, begin, begin + limit - len(found))
        return tuple(found)


def only(refs: Sequence[EntityRef], wanted: frozenset[EntityRef]) -> tuple[EntityRef, ...]:
    """Those of a list that are wanted, in its order."""
    return tuple(ref for ref in refs if ref in wanted)
