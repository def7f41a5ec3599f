"""Starring a service, by a button that works without a script."""

from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from callboard.http.door import caller_of
from callboard.http.forms import form_of
from callboard.model.entity import EntityRef
from callboard.portal.protocol import Portal
from callboard.web.rendering import Renderer
from callboard.web.urls import list_query

__all__ = ["StarPages"]

_MOST = 8192
_MOST_PAIRS = 500


class StarPages:
    """`/stars`."""

    def __init__(self, portal: Portal, renderer: Renderer) -> None:
        self._portal = portal
        self._renderer = renderer

    async def star(self, request: Request) -> Response:
        """Star the entity `add`, or `remove` its star; then back to the list as it was, by the address of the page before."""
        form = await form_of(request)
        adding = bool(form.get("add"))
        ref = EntityRef.parse(form.get("add") or form.get("remove", ""))
        await self._portal.star(ref, caller_of(request), starred=adding)
        query = list_query(
            parse_qsl(urlsplit(request.headers.get("referer", "")[:_MOST]).query)[:_MOST_PAIRS]
        )
        return RedirectResponse(self._renderer.urls.at(f"/catalog?{query}" if query else "/catalog"), 303)
