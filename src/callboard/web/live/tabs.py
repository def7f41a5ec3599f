"""Tabs of an entity's page: found for a caller, drawn into frames, and kept current as topics."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import aclosing, suppress
from functools import partial
from urllib.parse import parse_qsl, urlencode

from markupsafe import Markup

from callboard.base.errors import CallboardError, NotFound, UsageError
from callboard.base.fenced_steps import each
from callboard.base.giving_way import giving_way
from callboard.base.object_cache import ObjectCache
from callboard.base.part_calls import Given
from callboard.extend.pages import CardContext, Piece, Tab
from callboard.model.caller import Caller
from callboard.model.entity import Entity, EntityRef
from callboard.portal.protocol import Portal, ServicesQuery
from callboard.portal.views import ServiceView
from callboard.web.live.fragments import Fragment, Fragments, Frame
from callboard.web.live.topics import Live
from callboard.web.page_fences import PageFences, anything, pieces_of
from callboard.web.queries import entity_ref
from callboard.web.rendering import Renderer

__all__ = ["EntityTabs", "TabTopic", "applying"]

_GAP = re.compile("<!--list ([^>]*)-->")
MOST_PARAMETERS = 20
BETWEEN_VIEWS = 0.005
"""Seconds between two views of an extension, so that one who gives them without end leaves time for others."""
WHOLE = "tab-whole"
"""The id of the one element of a tab that is not made of pieces."""


class EntityTabs:
    """The tabs there are, and how one is drawn."""

    def __init__(self, portal: Portal, renderer: Renderer, fragments: Fragments) -> None:
        self._portal = portal
        self._renderer = renderer
        self._fragments = fragments
        self._frames: ObjectCache[Frame] = ObjectCache()

    async def service(self, ref: EntityRef, caller: Caller) -> ServiceView:
        """The entity, for this caller. Raises NotFound."""
        return await self._portal.service(ref, caller)

    async def owns(self, owner: EntityRef, caller: Caller) -> bool:
        """Whether anything that this caller may see names it as its owner."""
        found = await self._portal.services(ServicesQuery(owner=(str(owner),), limit=1), caller)
        return bool(found.rows)

    def applying(self, entity: Entity) -> tuple[Tab, ...]:
        """The tabs this entity has, in order. One extension's mistake costs its own tab only."""
        return applying(self._portal.tabs(), entity, self._renderer.fences)

    def named(self, key: str, entity: Entity) -> Tab:
        """One of them by its key. Raises NotFound."""
        tab = next((t for t in self.applying(entity) if t.key == key), None)
        if tab is None:
            raise NotFound(f"{entity.title} has no tab of this name.")
        return tab

    async def view(self, tab: Tab, context: CardContext) -> object:
        """What the tab shows. Raises CallboardError: what the tab raises of it, else that it failed."""
        fence = self._renderer.fences.of(tab)
        return await fence.call(
            "show itself", lambda: tab.view(context), anything, given=Given(context.entity, context.caller)
        )

    def live(self, tab: Tab, context: CardContext) -> AsyncIterator[object]:
        """What it shows from now on. An extension's raises CallboardError alone."""
        begin = tab.live
        if begin is None:
            raise NotFound(f"The tab “{tab.title}” does not change while it is looked at.")
        return self._given(tab, lambda: begin(context)) if tab.extension else begin(context)

    async def _given(
        self, tab: Tab, begin: Callable[[], AsyncIterator[object]]
    ) -> AsyncGenerator[object, None]:
        views = each(self._renderer.fences.of(tab), "go on showing itself", begin, anything)
        async with aclosing(views):
            async for view in views:
                yield view
                await asyncio.sleep(BETWEEN_VIEWS)

    async def frame(self, tab: Tab, view: object, entity: Entity) -> Frame:
        """The tab's elements, those rendered before as they were; the same frame for everyone who has the same view. Raises
        CallboardError where they cannot be drawn."""
        try:
            return await self._frame(tab, view, entity)
        except Exception as error:
            raise self._renderer.fences.of(tab).failed("be drawn", error) from None

    async def _frame(self, tab: Tab, view: object, entity: Entity) -> Frame:
        fences = self._renderer.fences
        if tab.pieces is None:
            draw = partial(self._renderer.template, tab.template, view=view, entity=entity)
            html = fences.drawn(tab, draw).strip()
            whole = f'<div id="{WHOLE}">{html}</div>'
            return Frame.of((Fragment(WHOLE, whole, at=self._fragments.clock.monotonic()),))
        variant = (tab.key, entity.ref, entity.metadata.etag)
        if (known := self._frames.get(view, variant)) is not None:
            return known
        make = tab.pieces
        pieces = fences.of(tab).now("say what it consists of", lambda: make(view), pieces_of)
        on_demand = {p.id: partial(self._fragments.of, p, entity) for p in pieces if p.on_demand}
        shown = [p for p in pieces if not p.on_demand]
        frame = Frame.of(await giving_way(self._rendered(shown, entity)), tab.lists, on_demand)
        self._frames.put(view, frame, variant)
        return frame

    def page(self, tab: Tab, view: object, entity: Entity, frame: Frame) -> Markup:
        """The tab as it stands in a page, but for its lists: where one belongs there is a gap, for `filled`. Raises
        CallboardError where it cannot be drawn."""
        clock = self._fragments.clock
        if tab.pieces is None:
            return frame.fragments[0].html(clock)
        pieces: Mapping[str, Markup] = {f.id: f.html(clock) for f in frame.fragments if not f.within} | {
            name: Markup(f"<!--list {name}-->" if any(f.within == name for f in frame.fragments) else "")  # noqa: S704
            for name in tab.lists
        }
        draw = partial(self._renderer.template, tab.template, view=view, entity=entity, pieces=pieces)
        return Markup(self._renderer.fences.drawn(tab, draw))  # noqa: S704  # escaped by Jinja2

    def filled(self, html: str, frame: Frame) -> bytes:
        """The page around the tab, encoded, its gaps filled. Lists are nearly all of a page, and each template that is handed
        one copies it twice. No foreign text can look like a gap, for it is escaped."""
        clock = self._fragments.clock
        pieces = _GAP.split(html)
        written = [pieces[0].encode()]
        for name, rest in zip(pieces[1::2], pieces[2::2], strict=True):
            within = (f.html(clock).encode() for f in frame.fragments if f.within == name)
            written += (b"\n".join(within), rest.encode())
        return b"".join(written)

    def _rendered(self, pieces: Sequence[Piece], entity: Entity) -> Generator[None, None, list[Fragment]]:
        made: list[Fragment] = []
        for piece in pieces:
            made.append(self._fragments.of(piece, entity))
            yield
        return made


class TabTopic:
    """`tab/<key of the tab>/<namespace>/<kind>/<name>`, and `?` with what else of the page's address decides what it shows."""

    kind = "tab"

    def __init__(self, tabs: EntityTabs) -> None:
        self._tabs = tabs

    @staticmethod
    def address(tab: Tab, ref: EntityRef, view: object) -> str:
        """The topic that keeps a tab current in the form of that view."""
        chosen = urlencode(tab.live_query(view)) if tab.live_query is not None else ""
        return f"tab/{tab.key}/{ref.namespace}/{ref.kind}/{ref.name}" + (f"?{chosen}" if chosen else "")

    async def open(self, key: str, caller: Caller, have: Mapping[str, str]) -> Live:
        """The tab's views as they come. Raises NotFound, as the page does."""
        path, _, asked = key.partition("?")
        parts = path.split("/")
        if len(parts) != 4:
            raise UsageError("A tab's topic is tab/key/namespace/kind/name.")
        name, *ref = parts
        service = await self._tabs.service(
            entity_ref(dict(zip(("namespace", "kind", "name"), ref, strict=True))), caller
        )
        entity = service.entity
        tab = self._tabs.named(name, entity)

        async def draw(view: object) -> Frame:
            return await self._tabs.frame(tab, view, entity)

        context = CardContext(entity=entity, caller=caller, query=_parameters(asked))
        return Live(self._tabs.live(tab, context), draw)


def _parameters(asked: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(asked, max_num_fields=MOST_PARAMETERS))
    except ValueError as error:
        raise UsageError("The parameters of a tab's topic cannot be read.") from error


def applying(tabs: tuple[Tab, ...], entity: Entity, fences: PageFences) -> tuple[Tab, ...]:
    """The tabs of these that an entity has, in order."""
    found = []
    for tab in tabs:
        with suppress(CallboardError):  # it was told; the page is shown without it
            if fences.of(tab).now("say whether it applies", partial(tab.applies, entity), bool):
                found.append(tab)
    return tuple(found)
