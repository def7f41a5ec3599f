"""Who is reading: as whom they are signed in, what they may see, and how to leave."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from callboard.http.door import caller_of
from callboard.portal.protocol import Portal
from callboard.web.rendering import Renderer

__all__ = ["ReaderPages"]


class ReaderPages:
    """`/me`."""

    def __init__(self, portal: Portal, renderer: Renderer) -> None:
        self._portal = portal
        self._renderer = renderer

    async def me(self, request: Request) -> Response:
        """Who somebody is here, which groups they are in, what they may not see and whom to ask."""
        view = await self._portal.reach(caller_of(request))
        return HTMLResponse(self._renderer.page("me.html", me=view))
