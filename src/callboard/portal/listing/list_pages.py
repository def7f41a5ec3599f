"""In what order the services of a list stand, and which are on a page: by health, by name, one's own first, or in groups.

One's own stands first within the order that the list has. A list in groups is not reordered so: there the groups are the order,
and what is one's own is told by its mark.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import msgspec

from callboard.catalog.search import Found, SearchQuery
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.portal.health.board import HealthBoard
from callboard.portal.listing.by_health import ByHealth, place_of
from callboard.portal.listing.groups import Entry
from callboard.portal.listing.pinned import Pinned, Pins, only
from callboard.portal.listing.readable import ReadableCatalog
from callboard.portal.protocol import ListGrouping, ListOrder, ServicesQuery
from callboard.portal.views import GroupCount, ServiceHealth, ServicesView

__all__ = ["ListPages", "narrowed"]

MOST_JUDGED = 100
"""Services that are judged as somebody sees them, to be sorted: each costs about a millisecond."""

Current = Callable[[Sequence[EntityRef], Caller], Awaitable[dict[EntityRef, ServiceHealth]]]
"""What is known now of services, as a caller sees them."""


class _Listed(NamedTuple):
    """A page of the list. `refused` is why it is not what was asked for; `row_groups` has the group of each row."""

    found: Found
    trouble_first: bool
    refused: str
    groups: tuple[GroupCount, ...] = ()
    row_groups: tuple[str, ...] = ()


class _Slice(NamedTuple):
    """The services of a page, each with its group, and how many rows all pages have."""

    total: int
    entries: tuple[Entry, ...]
    groups: tuple[GroupCount, ...] = ()


class ListPages:
    """Pages of the list in their order."""

    def __init__(
        self,
        catalog: ReadableCatalog,
        board: HealthBoard,
        by_health: ByHealth,
        pinned: Pinned,
        current: Current,
    ) -> None:
        self._catalog = catalog
        self._board = board
        self._by_health = by_health
        self._pinned = pinned
        self._current = current

    async def page(self, query: ServicesQuery, search: SearchQuery, caller: Caller, pins: Pins) -> _Listed:
        """One page for a caller."""
        refs = await self._by_health.chosen(query, search, caller)
        of_all = refs is not None
        if refs is None:
            refs = await self._worst_first(query, search, caller, pins)
        trouble_first = refs is not None and query.order is not ListOrder.NAME
        refused = "" if of_all else self._refused(query, caller, sorted_for_them=trouble_first)
        if refs is None:
            if query.group is ListGrouping.NONE and not (_apart(query, pins) or narrowed(query, pins)):
                return _Listed(await self._catalog.search(search, caller), trouble_first, refused)
            refs = await self._by_health.refs(search, caller)
        shown = await self._slice(refs, query, caller, pins, by_name=not trouble_first)
        entities = await self._catalog.entities([ref for _, ref in shown.entries], caller)
        there = [(group, e) for (group, _), e in zip(shown.entries, entities, strict=True) if e is not None]
        return _Listed(
            Found(tuple(e for _, e in there), shown.total),
            trouble_first,
            refused,
            shown.groups,
            tuple(group for group, _ in there) if shown.groups else (),
        )

    async def stands(
        self, view: ServicesView, query: ServicesQuery, search: SearchQuery, caller: Caller, pins: Pins
    ) -> bool:
        """Whether the page still holds the services that it would hold now. One that is sorted for its reader alone, or not by
        health, keeps its order while it is open."""
        refs = await self._by_health.chosen(query, search, caller)
        if refs is None:
            return view.refused == self._refused(query, caller, sorted_for_them=view.trouble_first)
        by_name = query.order is ListOrder.NAME
        now = await self._slice(refs, query, caller, pins, by_name=by_name)
        groups = view.row_groups or ("",) * len(view.rows)
        shown = tuple(zip(groups, (row.ref for row in view.rows), strict=True))
        return (
            not view.refused
            and view.trouble_first is not by_name
            and _Slice(view.total, shown, view.groups) == now
        )

    async def _worst_first(
        self, query: ServicesQuery, search: SearchQuery, caller: Caller, pins: Pins
    ) -> tuple[EntityRef, ...] | None:
        """A short list by health for a caller who may see a part only: by how each service is as they see it, which tells of
        nothing else. None for a long one, and where it would be chosen by health or place."""
        by_place = query.health or query.cluster or query.environment
        sees_all = self._by_health.sees_all(caller)
        if sees_all or by_place or query.order is ListOrder.NAME or not self._board.live:
            return None
        refs = _kept(await self._by_health.refs(search, caller), query, pins)
        if len(refs) > MOST_JUDGED:
            return None
        current = await self._current(refs, caller)
        return tuple(sorted(refs, key=lambda ref: place_of(current.get(ref))))

    def _refused(self, query: ServicesQuery, caller: Caller, *, sorted_for_them: bool) -> str:
        """Why it is not by health or place although that was asked for."""
        asked = msgspec.structs.replace(query, order=ListOrder.USUAL) if sorted_for_them else query
        return self._by_health.refused(asked, caller)

    async def _slice(
        self, refs: tuple[EntityRef, ...], query: ServicesQuery, caller: Caller, pins: Pins, *, by_name: bool
    ) -> _Slice:
        """What of a list in its order is on the page."""
        refs, begin, end = _kept(refs, query, pins), query.offset, query.offset + query.limit
        grouped = await self._by_health.entries(query.group, refs, caller, by_name=by_name)
        if grouped is not None:
            return _Slice(len(grouped.entries), grouped.entries[begin:end], grouped.groups)
        if _apart(query, pins):
            page = self._pinned.page(refs, pins, begin, query.limit)
        else:
            page = refs[begin:end]
        return _Slice(len(refs), tuple(("", ref) for ref in page))


def narrowed(query: ServicesQuery, pins: Pins) -> bool:
    """Whether the list holds less than its search finds."""
    return query.starred or (query.mine and bool(query.owner or not pins.owners))


def _apart(query: ServicesQuery, pins: Pins) -> bool:
    """Whether what is somebody's own stands before the rest."""
    return query.order is ListOrder.USUAL and bool(pins.mine or pins.starred)


def _kept(refs: tuple[EntityRef, ...], query: ServicesQuery, pins: Pins) -> tuple[EntityRef, ...]:
    """What of a list is left where one's own alone is asked for."""
    if query.starred:
        refs = only(refs, pins.starred)
    return only(refs, pins.mine) if query.mine and narrowed(query, pins) else refs
