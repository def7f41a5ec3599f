"""The list of services."""

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from callboard.http.door import caller_of
from callboard.portal.protocol import Portal
from callboard.web.list_links import BY_HEALTH, FILTERS, YOURS, chosen_in, group_links, list_alarm
from callboard.web.live.listing import ListTopic, ServiceList
from callboard.web.queries import services_query
from callboard.web.rendering import Renderer

__all__ = ["CatalogPages"]


class CatalogPages:
    """`/` and `/catalog`."""

    def __init__(self, portal: Portal, renderer: Renderer, drawing: ServiceList) -> None:
        self._portal = portal
        self._renderer = renderer
        self._drawing = drawing

    async def root(self, request: Request) -> Response:
        """The list is the front page."""
        return RedirectResponse(self._renderer.urls.home, status_code=302)

    async def services(self, request: Request) -> Response:
        """The whole page; htmx takes `#results` out of it while someone types."""
        query = services_query(request.query_params)
        view = await self._portal.services(query, caller_of(request))
        choices = chosen_in(request.query_params.multi_items())
        chosen = tuple(pair for pair in choices if pair[0] in (*YOURS, *FILTERS))
        frame = self._drawing.frame(view, choices)
        topic = ListTopic.address(request.query_params) if view.live else ""
        html = self._renderer.page(
            "services.html",
            pieces=self._drawing.pieces(frame),
            topic=topic,
            have=msgspec.json.encode(frame.tags()).decode() if topic else "",
            view=view,
            alarm=list_alarm(view),
            by_health=tuple(pair for pair in choices if pair[0] in BY_HEALTH),
            grouped_by=group_links(view, choices, self._renderer.urls),
            filtered=bool(chosen or query.text),
            unfolded=any(key != "kind" for key, _ in chosen),
        )
        return HTMLResponse(html)
