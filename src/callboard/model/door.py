"""What the door looks at, and what it answers."""

from collections.abc import Awaitable, Callable
from enum import StrEnum

import msgspec

from callboard.model.caller import Caller

__all__ = [
    "Admitted",
    "EnteredBrowser",
    "LedAway",
    "OfferedWay",
    "Refused",
    "RequestFacts",
    "RouteClass",
    "SessionCookie",
]


class RouteClass(StrEnum):
    """What a route is to the door. Every route has exactly one; a route without one fails the route test."""

    PUBLIC = "public"
    """Anyone who reaches the listener may have it: liveness, static files. Tells nothing of services or clusters."""
    SIGN_IN = "sign-in"
    """Takes a proof of who is asking and gives a session."""
    READ = "read"
    """A page or fragment, for a known caller."""
    STREAM = "stream"
    """As READ, and never for another site's page: a stream holds a connection and ambient credentials."""
    UNSAFE = "unsafe"
    """Changes something: a known caller, from our own pages only."""
    METRICS = "metrics"
    """Figures for the operator's Prometheus: for anyone who reaches the listener, those that count objects for a known caller
    alone unless a setting opens them."""


class RequestFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a request the door decides on, as they came; "" for an absent header. `peer` is the address
    at the other end of the connection."""

    method: str
    path: str
    host: str = ""
    origin: str = ""
    fetch_site: str = ""
    cookie: str = ""
    authorization: str = ""
    peer: str = ""
    client: str = ""
    """Whom the request is from: as `peer`, or as a proxy says that the operator named."""
    header: Callable[[str], str] = lambda name: ""
    """Any other header by its name, for what recognises a proxy's; of one that came twice, both with a comma between."""


class Admitted(msgspec.Struct, frozen=True):
    """Come in, as this caller. `ended` returns when what lets them in has ended, for what stays open long; None where nothing
    tells of that."""

    caller: Caller
    ended: Callable[[], Awaitable[None]] | None = None


class Refused(msgspec.Struct, frozen=True):
    """Stay out: an HTTP status, a stable code, and one plain sentence that tells what to do."""

    status: int
    code: str
    message: str


class SessionCookie(msgspec.Struct, frozen=True):
    """How the session's cookie is called and where it is sent."""

    name: str
    secure: bool = False
    path: str = "/"


class OfferedWay(msgspec.Struct, frozen=True):
    """A way to sign in, as the sign-in page offers it."""

    key: str
    title: str


class LedAway(msgspec.Struct, frozen=True):
    """Where a browser is led to sign in, and the cookie it has to bring back; without a name there is none."""

    url: str
    cookie: str = ""
    value: str = ""


class EnteredBrowser(msgspec.Struct, frozen=True):
    """A browser that has signed in: what its session cookie holds, the path to show it, and the cookie that is used up."""

    session: str
    to: str
    used: str
