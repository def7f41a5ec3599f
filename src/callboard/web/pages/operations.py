"""What machines ask: liveness, readiness, figures."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from callboard.http.door import SignIn, SignOut, caller_of
from callboard.http.sign_in import SignInDesk
from callboard.model.caller import Caller
from callboard.model.door import SessionCookie
from callboard.web.rendering import Renderer
from callboard.web.static_files import StaticFiles

__all__ = ["OperationPages", "Operations"]

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Operations(msgspec.Struct, frozen=True, kw_only=True):
    """What `app` lends the pages.

    `ready` gives what is not ready yet, one plain phrase each (none: ready; it is not about clusters being up).
    `metrics` gives the Prometheus text, with or without what counts objects. `sign_in` (by a
    link) and `sign_out` are there where sessions are.
    """

    ready: Callable[[], tuple[str, ...]]
    metrics: Callable[[bool], Awaitable[bytes]]
    may_count: Callable[[Caller], bool] = lambda caller: False
    """Whether a caller is given the figures that count objects."""
    sign_in: SignIn | None = None
    sign_out: SignOut | None = None
    cookie: Callable[[str], SessionCookie] = lambda host: SessionCookie("callboard")
    """The session's cookie for whoever asks by a host's name."""
    desk: SignInDesk | None = None
    """Where there are ways to sign in."""


class OperationPages:
    """`/livez`, `/readyz`, `/metrics`."""

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

    async def favicon(self, request: Request) -> Response:
        """Browsers ask here before they read the page."""
        return RedirectResponse(self._renderer.urls.at(self._static.url("mark.svg")), status_code=302)
