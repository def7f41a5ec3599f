"""Routes and pages of an extension: addresses of its own, behind the same door and permissions as ours.

A route stands at `/api/ext/<extension><path>` and gives JSON; a page stands at `/ext/<extension><path>`, in our frame. The path
is made of plain segments and of parameters in braces: `/pods/{cluster}/{namespace}`. `{entity}` stands for three segments,
namespace, kind and name of an entity, which is then read for the caller and given as `context.entity`.

Each says what its caller must be allowed to do (`permission`); one that does not is left out at the start, and told. Of an
entity the permission is asked for just that, in the `{cluster}` and `{namespace}` of the path; where a path is about no entity,
what is asked about each is decided then. Each has a deadline, a bound on bodies and on how many calls run at once. What it
raises, hangs in or gives wrongly is its own error and nobody else's; after five such failures in a row it is left alone for a
while.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec

from callboard.extend.context import RequestContext
from callboard.model.permission import Action

__all__ = ["ExtensionPage", "ExtensionRoute", "RouteContext", "RouteMethod"]

RouteMethod = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
"""Anything but GET changes something, and is let in from our own pages only."""


class RouteContext(RequestContext, frozen=True, kw_only=True):
    """One request to a route or page."""

    path: dict[str, str] = msgspec.field(default_factory=dict)
    """The path's parameters, as they were sent: foreign text."""
    parameters: Any = None
    """Those of the path and of the query string, as the struct of the route's `parameters`; None where it has none."""
    body: Any = None
    """The body, as the route's `body`; None where it has none."""


class ExtensionRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A route. `handler` gives what is sent as JSON; it raises `CallboardError`s for what whoever asked should read."""

    path: str
    """As above, beginning with `/`."""
    handler: Callable[[RouteContext], Awaitable[object]]
    """Called for each request that may come in."""
    permission: Action | None = None
    """What its caller must be allowed to do. It has to be given."""
    method: RouteMethod = "GET"
    """The verb."""
    parameters: type[msgspec.Struct] | None = None
    """A struct with a field for each parameter of path and query string, by its name there. Without it, a query string is
    refused."""
    body: type | None = None
    """What the body is decoded to, from JSON. Without it, a body is refused."""
    answer: Any = object
    """The type of what `handler` gives; something else is the route's error."""
    title: str = ""
    """What it is for, in one sentence."""
    deadline: float = 10.0
    """Seconds for one call, 60 at most."""
    most_body: int = 64 * 1024
    """Bytes of a body, 4 MiB at most."""
    concurrent: int = 8
    """How many calls may run at once, 100 at most; one more is told to come again."""
    extension: str = ""
    """Whose it is; Callboard fills it in."""


class ExtensionPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page: `view` makes the struct that `template` ("package:path" of a package resource) sees as `view`, with the macros of
    `callboard/parts.html`."""

    path: str
    """As a route's."""
    title: str
    """Its heading."""
    template: str
    """Which template."""
    view: Callable[[RouteContext], Awaitable[object]]
    """Called for each request that may come in."""
    permission: Action | None = None
    """As a route's."""
    parameters: type[msgspec.Struct] | None = None
    """As a route's."""
    deadline: float = 10.0
    """As a route's."""
    concurrent: int = 8
    """As a route's."""
    extension: str = ""
    """As a route's."""
