"""The list of services: drawn into frames, one element for each row, and kept current as a topic."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from urllib.parse import parse_qsl

import msgspec
from markupsafe import Markup
from starlette.datastructures import QueryParams

from callboard.base.bounded_map import BoundedMap
from callboard.base.clock import Clock
from callboard.model.caller import Caller
from callboard.portal.protocol import Portal
from callboard.portal.views import ServiceRow, ServicesView
from callboard.web import words
from callboard.web.list_links import Choices, chosen_in, group_head, paging, tally_links
from callboard.web.live.fragments import Fragment, Frame
from callboard.web.live.topics import Live
from callboard.web.queries import services_query
from callboard.web.rendering import Renderer
from callboard.web.urls import list_query

__all__ = ["ListTopic", "ServiceList"]

ROWS = "services"
"""The id of the list."""
TALLY = "health-tally"
COUNT = "list-count"
PAGING = "list-paging"
MOST_ROWS = 4000
"""Rows kept as they were drawn last, each about a kilobyte: all pages of a large catalog that are looked at."""
LONGEST = 1900
"""Characters of a topic's key: a list filtered by more is not kept current."""


class ServiceList:
    """Draws a page of the list. `rendered` counts, by template, what was not drawn before."""

    def __init__(self, renderer: Renderer, clock: Clock, rendered: Counter[str]) -> None:
        self._renderer = renderer
        self._urls = renderer.urls
        self._clock = clock
        self._rendered = rendered
        self._drawn: BoundedMap[Hashable, Fragment] = BoundedMap(MOST_ROWS)

    def frame(self, view: ServicesView, choices: Choices) -> Frame:
        """The page's elements, those drawn before as they were."""
        tally, page = tally_links(view, choices, self._urls), paging(view, choices, self._urls)
        around = (
            self._by_value(TALLY, "health_tally.html", tally),
            self._by_value(COUNT, "list_count.html", page),
            self._by_value(PAGING, "list_paging.html", page),
        )
        return Frame.of((*around, *self._rows(view, choices)), (ROWS,))

    def _rows(self, view: ServicesView, choices: Choices) -> Iterator[Fragment]:
        before = None
        groups = view.row_groups or ("",) * len(view.rows)
        for at, (row, group) in enumerate(zip(view.rows, groups, strict=True)):
            if view.group and group != before:
                head = group_head(view, group, choices, self._urls, first=at == 0)
                yield self._by_value(head.id, "list_group.html", head, ROWS)
                before = group
            yield self._row(row, f"{group}/" if view.group else "")

    def pieces(self, frame: Frame) -> Mapping[str, Markup]:
        """The same as they stand in a page: what is around the rows by its id, and the rows."""
        around = {f.id: f.html(self._clock) for f in frame.fragments if not f.within}
        rows = (f.html(self._clock) for f in frame.fragments if f.within)
        return {**around, ROWS: Markup("\n").join(rows)}

    def _row(self, row: ServiceRow, group: str) -> Fragment:
        # As of when a row is that is kept current is not on it: it is as of now.
        key = msgspec.structs.replace(row, health_as_of=None) if row.health_live else row
        name = words.anchor(f"{group}{row.ref}", "s")
        return self._once((name, key), name, "service_row.html", within=ROWS, row=row, row_id=name)

    def _by_value(self, name: str, template: str, shown: msgspec.Struct | None, within: str = "") -> Fragment:
        key = (name, b"" if shown is None else msgspec.json.encode(shown))
        return self._once(key, name, template, within, view=shown)

    def _once(self, key: Hashable, name: str, template: str, within: str = "", **shown: object) -> Fragment:
        fragment = self._drawn.get(key)
        if fragment is None:
            self._rendered[template] += 1
            html = self._renderer.shared_page(template, **shown).strip()
            fragment = self._drawn.put(key, Fragment(name, html, within, at=self._clock.monotonic()))
        return fragment


class ListTopic:
    """`list/<query string of the page>`."""

    kind = "list"

    def __init__(self, portal: Portal, drawing: ServiceList) -> None:
        self._portal = portal
        self._drawing = drawing

    @staticmethod
    def address(params: QueryParams) -> str:
        """The topic that keeps the page of this address current; "" where there is none."""
        key = list_query(params.multi_items())
        return f"list/{key}" if len(key) <= LONGEST else ""

    async def open(self, key: str, caller: Caller, have: Mapping[str, str]) -> Live:
        """The page's views as they come. Raises UsageError, as the page does."""
        given = parse_qsl(key)
        query, choices = services_query(QueryParams(given)), chosen_in(given)

        async def draw(view: ServicesView) -> Frame:
            return self._drawing.frame(view, choices)

        return Live(self._portal.services_live(query, caller), draw)
