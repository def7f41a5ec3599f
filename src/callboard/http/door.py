"""The door's place in the faces: who decides (a protocol), what it is told, and the routes it is told about.

Every route carries a `RouteClass`; the site refuses a route that has none, whoever added it. It also says how its
errors are told.
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from enum import StrEnum
from typing import Final, Protocol

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from callboard.base.errors import Unavailable
from callboard.http.forwarded import PEER
from callboard.model.caller import Caller
from callboard.model.door import Admitted, Refused, RequestFacts, RouteClass

__all__ = [
    "READER",
    "ClassifiedRoute",
    "Door",
    "Endpoint",
    "ErrorForm",
    "SignIn",
    "SignOut",
    "admission_ended",
    "caller_of",
    "facts_of",
    "still_admitted",
]

CALLER = "callboard.caller"
ASK_AGAIN = "callboard.ask-again"
"""What the site leaves in the scope: a function that asks the door about the same request again."""
ENDED = "callboard.ended"
"""The same: `Admitted.ended`."""

READER: Final[ContextVar[Caller | None]] = ContextVar("callboard_reader", default=None)
"""Whom the door let in, for what stands on every page; None before it did, and where nobody is signed in."""

Endpoint = Callable[[Request], Awaitable[Response]]


class ErrorForm(StrEnum):
    """How a route tells what went wrong."""

    PAGE = "page"
    """A page; JSON for whoever asks for that and for no page."""
    JSON = "json"
    """`{"error": {"code", "message", "requestId"}}`, whoever asks."""


class Door(Protocol):
    """Decides who comes in. Implemented in `access`; whoever cannot be told apart in time is refused, never let in."""

    async def admit(self, facts: RequestFacts, route: RouteClass) -> Admitted | Refused:
        """Whether this request may reach a route of this class, and as whom."""
        ...


SignIn = Callable[[str], Awaitable[str | Refused]]
"""Uses up what a one-time link holds: the id of a new session, or why there is none."""
SignOut = Callable[[str, str, bool], Awaitable[str]]
"""Ends the session that a Cookie header names, to the host of that name, and all others of its owner where wished; the address
where to sign out at their provider, or ""."""


class ClassifiedRoute(Route):
    """A route that says what it is to the door, and how its errors are told."""

    def __init__(
        self,
        path: str,
        endpoint: Endpoint,
        route_class: RouteClass,
        *,
        name: str,
        methods: tuple[str, ...] = ("GET",),
        errors: ErrorForm = ErrorForm.PAGE,
        owner: str = "",
    ) -> None:
        """`owner` is the extension whose it is, "" for ours."""
        super().__init__(path, endpoint, methods=list(methods), name=name)
        self.route_class = route_class
        self.errors = errors
        self.owner = owner


def facts_of(scope: Scope) -> RequestFacts:
    """What the door may look at. Of a header sent twice every value counts, so none can hide behind another."""
    headers = Headers(scope=scope)

    def header(name: str) -> str:
        return ", ".join(headers.getlist(name))

    client = scope.get("client")
    return RequestFacts(
        method=scope["method"],
        path=scope["path"],
        host=header("host"),
        origin=header("origin"),
        fetch_site=header("sec-fetch-site"),
        cookie="; ".join(headers.getlist("cookie")),
        authorization=header("authorization"),
        peer=scope.get(PEER) or (client[0] if client else ""),
        client=client[0] if client else "",
        header=header,
    )


def caller_of(request: Request) -> Caller:
    """The caller the door admitted."""
    caller = request.scope[CALLER]
    assert isinstance(caller, Caller)  # noqa: S101  # set by the site before any endpoint runs
    return caller


def still_admitted(request: Request) -> Callable[[], Awaitable[Refused | None]]:
    """Asks the door again, for what stays open long: why the request would be refused by now, or None."""
    ask: Callable[[], Awaitable[Admitted | Refused]] = request.scope[ASK_AGAIN]

    async def refused() -> Refused | None:
        try:
            answer = await ask()
        except Unavailable as error:
            return Refused(503, error.code, error.message)
        return answer if isinstance(answer, Refused) else None

    return refused


def admission_ended(request: Request) -> Callable[[], Awaitable[None]] | None:
    """Returns when what let the caller in has ended; None where nothing tells of that."""
    ended: Callable[[], Awaitable[None]] | None = request.scope[ENDED]
    return ended
