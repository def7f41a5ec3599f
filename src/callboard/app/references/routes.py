"""routes.md: every address and what it is to the door, from the tables the site is built of."""

import asyncio
import inspect
from collections.abc import Iterator
from typing import cast

from starlette.routing import Route

from callboard.access.door import DoorPolicy, FrontDoor
from callboard.access.sessions import Sessions
from callboard.app.references.source import attribute_docs, own_doc, paragraphs
from callboard.app.site import whole_site
from callboard.base.clock import SystemClock
from callboard.model.door import RouteClass
from callboard.portal.protocol import Portal
from callboard.web.application import Operations, WebOptions

__all__ = ["render"]

HEAD = """\
<!-- Written from the route tables by `make docs`; edit the endpoints' docstrings instead. -->

# Routes

Every address the server answers, and what it is to the door."""


def render() -> str:
    """The page as Markdown."""
    classes = "\n".join(f"- **{each.value}**: {doc}" for each, doc in _classes())
    rows = "\n".join(("| route | methods | class | |", "| --- | --- | --- | --- |", *_rows()))
    return "\n\n".join((HEAD, paragraphs(own_doc(RouteClass)), classes, rows)) + "\n"


def _classes() -> Iterator[tuple[RouteClass, str]]:
    docs = attribute_docs(RouteClass)
    for each in RouteClass:
        yield each, docs[each.name]


async def _no_figures(counts: bool) -> bytes:
    return b""


def _rows() -> Iterator[str]:
    door = FrontDoor(DoorPolicy(hosts=frozenset(), origins=frozenset(), cookie=""), Sessions(SystemClock()))
    operations = Operations(ready=lambda: (), metrics=_no_figures, sign_in=None)
    options = WebOptions(draining=asyncio.Event())
    # the routes are read here and never called, so nothing asks the portal
    site = whole_site(cast(Portal, None), door, operations, options, SystemClock())
    for route in site.routes:
        if not isinstance(route, Route):
            raise TypeError(f"{route!r} is no route this page can tell of")
        # HEAD goes wherever GET does
        methods = ", ".join(sorted((route.methods or set()) - {"HEAD"}))
        kind = getattr(route, "route_class", None)
        told = " ".join((inspect.getdoc(route.endpoint) or "").split())
        yield f"| `{route.path}` | {methods} | {kind.value if kind else 'none: refused'} | {told} |"
