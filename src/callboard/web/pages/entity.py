"""An entity's page: its head, its tabs, and the stream that keeps an open tab current."""

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from callboard.base.errors import NotFound
from callboard.extend.pages import CardContext, Tab
from callboard.model.entity import Entity
from callboard.portal.protocol import Portal
from callboard.portal.views import ServiceView
from callboard.web.door import caller_of
from callboard.web.events import EventStream, Pace
from callboard.web.queries import entity_ref
from callboard.web.rendering import Renderer
from callboard.web.urls import entity_url, tab_url

__all__ = ["EntityPages", "TabLink", "tab_links"]

log = structlog.get_logger(__name__)

WAIT_WITHOUT_SCRIPT = 10
"""Seconds a page without JavaScript lets the clusters answer after its first, quick look: below any proxy's patience."""


class TabLink(msgspec.Struct, frozen=True):
    """One entry of the tab bar."""

    title: str
    url: str
    current: bool


class EntityPages:
    """`/catalog/{namespace}/{kind}/{name}` and below, but for single objects."""

    def __init__(self, portal: Portal, renderer: Renderer, pace: Pace) -> None:
        self._portal = portal
        self._renderer = renderer
        self._pace = pace

    async def first_tab(self, request: Request) -> Response:
        """The first tab that applies; ours is Overview."""
        service = await self._service(request)
        tabs = applying(self._portal.tabs(), service.entity)
        if not tabs:
            raise NotFound("This entity has no page: no tab applies to it.")
        return await self._show(request, service, tabs[0])

    async def tab(self, request: Request) -> Response:
        """One tab by its key."""
        service = await self._service(request)
        return await self._show(request, service, self._named(request, service.entity))

    async def stream(self, request: Request) -> Response:
        """The tab's fragments as they change, until nothing more will come."""
        service = await self._service(request)
        tab, entity = self._named(request, service.entity), service.entity
        if tab.live is None:
            raise NotFound(f"The tab “{tab.title}” does not change while it is looked at.")

        def render(view: object) -> str:
            return self._renderer.template(tab.template, view=view, entity=entity)

        return EventStream(tab.live(self._context(request, entity)), render, self._pace)

    async def _service(self, request: Request) -> ServiceView:
        return await self._portal.service(entity_ref(request.path_params), caller_of(request))

    def _named(self, request: Request, entity: Entity) -> Tab:
        key = request.path_params["tab"]
        tab = next((t for t in applying(self._portal.tabs(), entity) if t.key == key), None)
        if tab is None:
            raise NotFound(f"{entity.title} has no tab of this name.")
        return tab

    async def _show(self, request: Request, service: ServiceView, tab: Tab) -> Response:
        entity = service.entity
        view = await tab.view(self._context(request, entity))
        settled = getattr(view, "settled", False)
        live = tab.live is not None and (not settled or getattr(view, "live", False))
        unscripted = f"{tab_url(entity.ref, tab.key)}?wait={WAIT_WITHOUT_SCRIPT}"
        html = self._renderer.page(
            "entity.html",
            service=service,
            entity=entity,
            tab=tab,
            tabs=tab_links(self._portal.tabs(), entity, tab.key),
            content=self._renderer.template(tab.template, view=view, entity=entity),
            stream=tab_url(entity.ref, tab.key, stream=True) if live else "",
            reload=unscripted if live and not settled else "",
        )
        return HTMLResponse(html)

    def _context(self, request: Request, entity: Entity) -> CardContext:
        return CardContext(entity=entity, caller=caller_of(request), query=dict(request.query_params))


def applying(tabs: tuple[Tab, ...], entity: Entity) -> tuple[Tab, ...]:
    """The tabs this entity has, in order. One extension's mistake costs its own tab only."""
    found = []
    for tab in tabs:
        try:
            if tab.applies(entity):
                found.append(tab)
        except Exception:
            log.exception("a tab failed", tab=tab.key)
    return tuple(found)


def tab_links(tabs: tuple[Tab, ...], entity: Entity, current: str) -> tuple[TabLink, ...]:
    """The tab bar."""
    shown = applying(tabs, entity)
    return tuple(
        TabLink(
            t.title, entity_url(entity.ref) if t is shown[0] else tab_url(entity.ref, t.key), t.key == current
        )
        for t in shown
    )
