"""The site: one ASGI application around all routes.

In this order for every request: a request id, the route, the door, the endpoint; and on the way out the security headers
and, where something went wrong, an error page; all of it compressed. It handles plain HTTP only and knows nothing of what
the routes show.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Message, Receive, Scope, Send

from callboard.base.base_path import below
from callboard.base.errors import NotFound, Unavailable
from callboard.base.request import request_begun, request_ended
from callboard.http.compression import Compressed
from callboard.http.door import ASK_AGAIN, CALLER, ENDED, READER, Door, ErrorForm, facts_of
from callboard.http.errors import MethodNotAllowed, Refusal, Trouble, as_json, trouble_of, wants_json
from callboard.http.forwarded import TrustedProxies
from callboard.http.headers import secure
from callboard.http.inside import INSIDE
from callboard.http.rates import Rates, SlowDown
from callboard.http.route_figures import RouteFigures
from callboard.model.audit import AuditDeed
from callboard.model.caller import Caller, CallerKind
from callboard.model.door import Admitted, Refused, RequestFacts, RouteClass

__all__ = ["Refusals", "Site"]

log = structlog.get_logger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
DOOR_SECONDS = 5.0
"""For the door to say who is asking; nobody is let in afterwards."""
GONE = 499
"""In the log, the status of a request whose sender was gone before it was whole."""
QUIET = (RouteClass.PUBLIC, RouteClass.METRICS)
"""Asked every few seconds by machines: logged at debug."""


Refusals = Callable[[AuditDeed, Caller, str, str], None]
"""Is told the deed, who it was, the path, and the code of the error. May raise Unavailable."""


def _unrecorded(deed: AuditDeed, caller: Caller, path: str, code: str) -> None:
    return None


class Site:
    """The ASGI application. `page` draws a Trouble, with the request's id and address, as HTML. Below the paths `json_below` an
    address that has no route is told so as JSON. A path may begin with one of `bases`, which a proxy may as well have taken off;
    routes, door and log know it without. `later` gives further routes, which may be others from one request to the next. Call
    `prepare` in a thread once it serves."""

    def __init__(
        self,
        routes: Sequence[BaseRoute],
        door: Door,
        page: Callable[[Trouble, str, str], str],
        prepare: Callable[[], None] = lambda: None,
        *,
        json_below: tuple[str, ...] = (),
        bases: tuple[str, ...] = (),
        proxies: TrustedProxies | None = None,
        rates: Rates | None = None,
        hsts: bool = False,
        refused: Refusals = _unrecorded,
        later: Callable[[], Sequence[BaseRoute]] = tuple,
    ) -> None:
        """`hsts` has browsers come by TLS alone from then on; `refused` keeps a record of who was not allowed what."""
        self._refused = refused
        self._routes = tuple(routes)
        self._later = later
        self._door = door
        self._page = page
        self._json_below = json_below
        self._bases = bases
        self._proxies = proxies or TrustedProxies()
        self._rates = rates or Rates()
        self._hsts = hsts
        self.prepare = prepare
        self.figures = RouteFigures()
        """How each route does."""
        self._compressed = Compressed(self._identified)

    @property
    def routes(self) -> tuple[BaseRoute, ...]:
        """All that are served now."""
        return (*self._routes, *self._later())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])  # uvicorn reads this as: no lifespan
        scope = self._proxies.seen(scope)
        if self._bases:
            scope = {**scope, "path": below(scope["path"], self._bases)}
        await self._compressed(scope, receive, send)

    async def inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request of whoever is being answered already, through the same door, and not compressed."""
        await self._identified(scope, receive, send)

    async def _identified(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        client = scope.get("client")
        begun = request_begun(request_id, client[0] if client else "")
        reader = READER.set(None)
        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                await self._answer(scope, receive, send, request_id)
        finally:
            READER.reset(reader)
            request_ended(begun)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started, status, code = time.monotonic(), 0, ""

        async def guarded_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                secure(MutableHeaders(scope=message), request_id, hsts=self._hsts)
            await send(message)

        route, child, allowed = self._find(scope)
        route_class: RouteClass | None = getattr(route, "route_class", None)
        try:
            await self._enter(route, child, allowed, route_class, scope, receive, guarded_send)
        except ClientDisconnect:
            status = GONE  # left, or was cut off, before its request was whole: nobody to tell
        except Exception as error:
            trouble = trouble_of(error)
            code = trouble.code
            self._record(trouble, route_class, scope)
            if trouble.status >= 500:
                log.error(
                    "a page or answer could not be made; whoever asked was told so",
                    path=scope["path"],
                    code=trouble.code,
                    exc_info=error,
                )
            if status:
                raise  # half an answer is out: the connection has to end, so that nobody takes it for a whole one
            response = self._told(trouble, route, scope, request_id)
            if isinstance(error, SlowDown):
                response.headers["retry-after"] = str(error.seconds)
            await response(scope, receive, guarded_send)
        finally:
            level = log.debug if route_class in QUIET else log.info
            name = getattr(route, "name", "")
            if name:
                self.figures.count(name, time.monotonic() - started, status, code, datetime.now(UTC))
            level(
                "request",
                method=scope["method"],
                route=name,
                status=status,
                took=round(time.monotonic() - started, 4),
            )

    async def _enter(
        self,
        route: BaseRoute | None,
        child: Scope,
        allowed: bool,
        route_class: RouteClass | None,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        if route is not None and route_class is None:
            raise Refusal(Refused(403, "unclassified-route", "This address has not been opened to anyone."))
        # an unknown address passes the door as well: a foreign Host learns nothing, not even what is not there
        facts, kind = facts_of(scope), route_class or RouteClass.PUBLIC
        self._rates.from_address(facts.client, kind)
        ask = partial(self._ask, facts, kind)
        answer = await ask()
        if isinstance(answer, Refused):
            raise Refusal(answer)
        if answer.caller.kind is not CallerKind.ANONYMOUS:
            READER.set(answer.caller)
            self._rates.from_caller(answer.caller.through or answer.caller.subject, kind)
        if route is None:
            raise NotFound("There is no page at this address.")
        if not allowed:
            raise MethodNotAllowed(f"{scope['method']} is not something this address understands.")
        scope.update(child)
        scope[CALLER], scope[ASK_AGAIN], scope[ENDED] = answer.caller, ask, answer.ended
        scope[INSIDE] = self
        await route.handle(scope, receive, send)

    async def _ask(self, facts: RequestFacts, route: RouteClass) -> Admitted | Refused:
        try:
            async with asyncio.timeout(DOOR_SECONDS):
                return await self._door.admit(facts, route)
        except TimeoutError:
            raise Unavailable("It could not be found out in time who is asking.", code="door-late") from None

    def _record(self, trouble: Trouble, route_class: RouteClass | None, scope: Scope) -> None:
        """What somebody was refused, and every sign-in that failed. That nobody is signed in is no refusal."""
        signing_in = route_class is RouteClass.SIGN_IN and trouble.status in (401, 403)
        if trouble.status != 403 and not signing_in and trouble.code != "bad-token":
            return
        deed = AuditDeed.SIGN_IN if signing_in else AuditDeed.REFUSED
        with suppress(Unavailable):  # it does not happen in any case, and is in the log
            self._refused(deed, scope.get(CALLER) or Caller.anonymous(), scope["path"], trouble.code)

    def _told(self, trouble: Trouble, route: BaseRoute | None, scope: Scope, request_id: str) -> Response:
        path, headers = scope["path"], Headers(scope=scope)
        form = getattr(route, "errors", ErrorForm.PAGE)
        if route is None and path.startswith(self._json_below):
            form = ErrorForm.JSON
        if form is ErrorForm.JSON or wants_json(headers.get("accept", "")):
            return JSONResponse(as_json(trouble, request_id), status_code=trouble.status)
        query = scope.get("query_string", b"").decode("latin-1")
        address = f"{path}?{query}" if query else path
        shown = self._page(trouble, request_id, address if scope["method"] == "GET" else "/")
        return HTMLResponse(shown, status_code=trouble.status)

    def _find(self, scope: Scope) -> tuple[BaseRoute | None, Scope, bool]:
        """The route, what matching it adds to the scope, and whether it has this method."""
        partial: tuple[BaseRoute | None, Scope, bool] = (None, {}, False)
        for route in self.routes:
            match, child = route.matches(scope)
            if match is Match.FULL:
                return route, dict(child), True
            if match is Match.PARTIAL and partial[0] is None:
                partial = (route, dict(child), False)
        return partial
