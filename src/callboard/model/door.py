"""What the door looks at, and what it answers."""

from collections.abc import Awaitable, Callable
from enum import StrEnum

import msgspec

from callboard.model.caller import Caller

__all__ = ["Admitted", "Refused", "RequestFacts", "RouteClass"]


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
    """The parts of a request the door decides on, as they came; "" for an absent header. `peer` is the client's address."""

    method: str
    path: str
    host: str = ""
    origin: str = ""
    fetch_site: str = ""
    cookie: str = ""
    authorization: str = ""
    peer: str = ""


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
