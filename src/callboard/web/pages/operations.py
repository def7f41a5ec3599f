"""What machines ask (liveness, readiness, figures), and the one-time link that starts a session."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from callboard.base.errors import NotFound
from callboard.http.door import SignIn
from callboard.http.errors import Refusal
from callboard.model.door import Refused
from callboard.web.static_files import StaticFiles

__all__ = ["OperationPages", "Operations"]

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Operations(msgspec.Struct, frozen=True, kw_only=True):
    """What `app` lends the pages.

    `ready` gives what is not ready yet, one plain phrase each (none: ready; it is not about clusters being up).
    `metrics` gives the Prometheus text. `sign_in` and `cookie` (its name) are there where sessions are.
    """

    ready: Callable[[], tuple[str, ...]]
    metrics: Callable[[], Awaitable[bytes]]
    sign_in: SignIn | None = None
    cookie: str = ""
    secure_cookie: bool = False
    """Over TLS the cookie is sent over TLS only."""


class OperationPages:
    """`/livez`, `/readyz`, `/metrics`, `/sign-in`."""

    def __init__(self, operations: Operations, static: StaticFiles) -> None:
        self._operations = operations
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
        """Figures in Prometheus' text format."""
        return Response(await self._operations.metrics(), media_type=PROMETHEUS_TEXT)

    async def sign_in(self, request: Request) -> Response:
        """Turn the link's token into a session and lead to the front page, so that the token leaves the address bar."""
        if self._operations.sign_in is None:
            raise NotFound("There is nothing to sign in to here.")
        session = await self._operations.sign_in(request.query_params.get("token", ""))
        if isinstance(session, Refused):
            raise Refusal(session)
        response = RedirectResponse("/", status_code=303)
        # Lax, not Strict: the link is opened from a terminal or a chat, and links to pages come from there as well
        response.set_cookie(
            self._operations.cookie,
            session,
            httponly=True,
            samesite="lax",
            secure=self._operations.secure_cookie,
            path="/",
        )
        return response

    async def favicon(self, request: Request) -> Response:
        """Browsers ask here before they read the page."""
        return RedirectResponse(self._static.url("mark.svg"), status_code=302)
