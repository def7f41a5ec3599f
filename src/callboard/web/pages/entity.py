"""An entity's page: its head and its tabs."""

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from callboard.base.errors import NotFound, Unavailable
from callboard.base.response_cache import PACKED, Body, ResponseCache
from callboard.extend.pages import CardContext, Tab
from callboard.http.door import caller_of
from callboard.model.entity import Entity
from callboard.portal.views import ServiceView
from callboard.web.kubernetes_tab import alarm_of
from callboard.web.live.fragments import Frame
from callboard.web.live.tabs import EntityTabs, TabTopic
from callboard.web.page_fences import sentence
from callboard.web.queries import entity_ref
from callboard.web.rendering import READER_GAP, Renderer
from callboard.web.urls import Urls

__all__ = ["EntityPages", "TabLink", "tab_links"]

WAIT_WITHOUT_SCRIPT = 10
"""Seconds a page without JavaScript lets the clusters answer after its first, quick look: below any proxy's patience."""
OWNERS = ("group", "user")
"""Kinds that services name as their owners, and that need not be in the catalog."""

log = structlog.get_logger(__name__)


class TabLink(msgspec.Struct, frozen=True):
    """One entry of the tab bar."""

    title: str
    url: str
    current: bool


class EntityPages:
    """`/catalog/{namespace}/{kind}/{name}` and below, but for single objects."""

    def __init__(self, tabs: EntityTabs, renderer: Renderer, bodies: ResponseCache) -> None:
        self._tabs = tabs
        self._renderer = renderer
        self._bodies = bodies

    async def first_tab(self, request: Request) -> Response:
        """The first tab that applies; ours is Overview. An owner of whom the catalog says nothing has no page: what they own is
        listed instead."""
        ref = entity_ref(request.path_params)
        try:
            service = await self._service(request)
        except NotFound:
            if ref.kind not in OWNERS or not await self._tabs.owns(ref, caller_of(request)):
                raise
            listed = self._renderer.urls.list_url((("owner", str(ref)),))
            return RedirectResponse(listed, status_code=303)
        tabs = self._tabs.applying(service.entity)
        if not tabs:
            raise NotFound("This entity has no page: no tab applies to it.")
        return await self._show(request, service, tabs[0])

    async def tab(self, request: Request) -> Response:
        """One tab by its key."""
        service = await self._service(request)
        return await self._show(
            request, service, self._tabs.named(request.path_params["tab"], service.entity)
        )

    async def _service(self, request: Request) -> ServiceView:
        return await self._tabs.service(entity_ref(request.path_params), caller_of(request))

    async def _show(self, request: Request, service: ServiceView, tab: Tab) -> Response:
        entity = service.entity
        context = CardContext(entity=entity, caller=caller_of(request), query=dict(request.query_params))
        links = tab_links(self._tabs.applying(entity), entity, tab.key, self._renderer.urls)
        try:
            return await self._drawn(request, service, tab, context, links)
        except Unavailable as error:
            # The page stands: its head, and the other tabs.
            log.debug("a tab is not to be had at the moment", tab=tab.key, code=error.code)
            html = self._renderer.page(
                "entity.html",
                service=service,
                entity=entity,
                tab=tab,
                tabs=links,
                content=self._renderer.template(
                    "callboard/tabs/failed.html", view=sentence(error.message), entity=entity
                ),
                topic="",
                have="",
                reload="",
                alarm="",
            )
            return HTMLResponse(html, status_code=503)

    async def _drawn(
        self,
        request: Request,
        service: ServiceView,
        tab: Tab,
        context: CardContext,
        links: tuple[TabLink, ...],
    ) -> Response:
        entity = service.entity
        view = await self._tabs.view(tab, context)
        frame = await self._tabs.frame(tab, view, entity)
        if tab.pieces is None:
            whole = self._page(service, tab, view, frame, links)
            return HTMLResponse(whole.replace(READER_GAP, self._renderer.reader()))
        # It holds nothing of its reader but who that is: whoever is given the same frame is given the same page otherwise.
        variant = (tab.key, entity.ref, entity.metadata.etag, service.problems, links)
        body = self._bodies.get(frame, variant)
        if body is None:
            html = self._page(service, tab, view, frame, links)
            body = self._bodies.put(frame, variant, Body(self._tabs.filled(html, frame)))
        who = self._renderer.reader()
        if who:
            shared, named = body, (*variant, who)
            body = self._bodies.get(frame, named) or self._bodies.put(
                frame, named, Body(shared.plain.replace(READER_GAP.encode(), who.encode(), 1))
            )
        request.scope[PACKED] = body.packed
        return HTMLResponse(body.plain)

    def _page(
        self, service: ServiceView, tab: Tab, view: object, frame: Frame, links: tuple[TabLink, ...]
    ) -> str:
        entity = service.entity
        settled = getattr(view, "settled", False)
        live = tab.live is not None and (not settled or getattr(view, "live", False))
        unscripted = f"{self._renderer.urls.tab_url(entity.ref, tab.key)}?wait={WAIT_WITHOUT_SCRIPT}"
        return self._renderer.shared_page(
            "entity.html",
            service=service,
            entity=entity,
            tab=tab,
            tabs=links,
            content=self._tabs.page(tab, view, entity, frame),
            topic=TabTopic.address(tab, entity.ref, view) if live else "",
            have=msgspec.json.encode(frame.tags()).decode() if live else "",
            reload=unscripted if live and not settled else "",
            alarm=alarm_of(view),
        )


def tab_links(shown: tuple[Tab, ...], entity: Entity, current: str, urls: Urls) -> tuple[TabLink, ...]:
    """The tab bar."""
    return tuple(
        TabLink(
            t.title,
            urls.entity_url(entity.ref) if t is shown[0] else urls.tab_url(entity.ref, t.key),
            t.key == current,
        )
        for t in shown
    )
