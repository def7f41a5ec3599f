"""What machines ask (liveness, readiness, figures), and the one-time link that starts a session."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from callboard.base.errors import NotFound
from callboard.http.door import SignIn, caller_of
from callboard.http.errors import Refusal
from callboard.model.caller import Caller
from callboard.model.door import Refused
from callboard.web.rendering import Renderer
from callboard.web.static_files import StaticFiles

__all__ = ["OperationPages", "Operations"]

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Operations(msgspec.Struct, frozen=True, kw_only=True):
    """What `app` lends the pages.

    `ready` gives what is not ready yet, one plain phrase each (none: ready; it is not about clusters being up).
    `metrics` gives the Prometheus text, with or without what counts objects. `sign_in`, `sign_out` and `cookie` (its name) are
    there where sessions are.
    """

    ready: Callable[[], tuple[str, ...]]
    metrics: Callable[[bool], Awaitable[bytes]]
    may_count: Callable[[Caller], bool] = lambda caller: False
    """Whether a caller is given the figures that count objects."""
    sign_in: SignIn | None = None
    sign_out: Callable[[str], Awaitable[None]] | None = None
    """Ends the session that a Cookie header names."""
    cookie: str = ""
    secure_cookie: bool = False
    """Over TLS the cookie is sent over TLS only."""


class OperationPages:
    """`/livez`, `/readyz`, `/metrics`, `/sign-in`, `/sign-out`."""

    def __init__(self, operations: Operations, renderer: Renderer, static: StaticFiles) -> None:
        self._operations = operations
        self._renderer = renderer
        self._static = static

    async def livez(self, request: Request) -> Response:
        """The loop turns."""
        return PlainTextResponse("ok\n")

    async def readyz(self, request: Request) -> Response:
        """Whether requests may be sent here."""
        waiting = self._operations.ready()
        if waiting:
            return PlainTextResponse("".join(f"{each}\n" for each in waiting), status_code=503)
        return PlainTextResponse("ok\n")

    async def metrics(self, request: Request) -> Response:
        """Figures in Prometheus' text format; those that count objects for whoever is signed in, or as `web.openCounts` says."""
        text = await self._operations.metrics(self._operations.may_count(caller_of(request)))
        return Response(text, media_type=PROMETHEUS_TEXT)

    async def sign_in(self, request: Request) -> Response:
        """Turn the link's token into a session and lead to the front page, so that the token leaves the address bar."""
        if self._operations.sign_in is None:
            raise NotFound("There is nothing to sign in to here.")
        session = await self._operations.sign_in(request.query_params.get("token", ""))
        if isinstance(session, Refused):
            raise Refusal(session)
        response = RedirectResponse(self._renderer.urls.at("/"), status_code=303)
        # Lax, not Strict: the link is opened from a terminal or a chat, and links to pages come from there as well
        response.set_cookie(
            self._operations.cookie,
            session,
            httponly=True,
            samesite="lax",
            secure=self._operations.secure_cookie,
            path=self._renderer.urls.cookie_path,
        )
        return response

    async def sign_out(self, request: Request) -> Response:
        """End the session, here and in the browser."""
        if self._operations.sign_out is None:
            raise NotFound("There is nothing to sign out of here.")
        await self._operations.sign_out("; ".join(request.headers.getlist("cookie")))
        response = HTMLResponse(self._renderer.page("signed_out.html"))
        response.delete_cookie(
            self._operations.cookie,
            httponly=True,
            samesite="lax",
            secure=self._operations.secure_cookie,
            path=self._renderer.urls.cookie_path,
        )
        return response

    async def favicon(self, request: Request) -> Response:
        """Browsers ask here before they read the page."""
        return RedirectResponse(self._renderer.urls.at(self._static.url("mark.svg")), status_code=302)
