"""Asking one of our own routes as whoever is asking us: through the same door, with what they came with."""

import asyncio
import time
from typing import Final, Protocol
from urllib.parse import unquote

import msgspec
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import Message, Receive, Scope, Send

from callboard.base.errors import UsageError
from callboard.http.forwarded import PEER
from callboard.http.route_figures import RouteFigures

__all__ = ["INSIDE", "InsideAnswer", "InsideSite", "ask_inside", "site_of"]

INSIDE: Final = "callboard.inside"
"""What the site leaves in the scope: itself, an `InsideSite`."""
DEADLINE: Final = 60.0
MOST_SHOWN: Final = 64 * 1024
_NOT_HANDED_ON: Final = (b"accept", b"content-", b"if-", b"sec-", b"transfer-", b"connection", b"expect", b"origin",
                         b"range", b"referer", b"upgrade", b"x-request-id")  # fmt: skip
"""Beginnings of headers that are about the request itself; by the others somebody may be known."""
_BELOW: Final = "/api/"


class InsideSite(Protocol):
    """The site, for whoever is answering a request."""

    figures: RouteFigures

    @property
    def routes(self) -> tuple[BaseRoute, ...]:
        """All that are served now."""
        ...

    async def inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request of whoever is being answered already."""
        ...


def site_of(request: Request) -> InsideSite:
    """The site that a request came to."""
    site: InsideSite = request.scope[INSIDE]
    return site


class InsideAnswer(msgspec.Struct, frozen=True):
    """What came: its status, its type, the beginning of its body as text, whether there is more, and how long it took."""

    status: int
    kind: str
    text: str
    cut: bool
    seconds: float


async def ask_inside(request: Request, address: str) -> InsideAnswer:
    """GET an address below `/api/`. Raises UsageError for another; what goes wrong at it is its answer."""
    path, _, query = address.partition("?")
    if not path.startswith(_BELOW) or any(c <= " " or c > "~" for c in address) or "#" in address:
        raise UsageError(f"An address that can be tried begins with {_BELOW} and has no blanks in it.")
    outer = request.scope
    headers = [each for each in outer["headers"] if not each[0].startswith(_NOT_HANDED_ON)]
    scope = {
        **{k: outer[k] for k in ("type", "asgi", "http_version", "scheme", "server", "client") if k in outer},
        PEER: outer.get(PEER, ""),
        "method": "GET",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [*headers, (b"accept", b"application/json"), (b"sec-fetch-site", b"same-origin")],
    }
    began = time.monotonic()
    status, kind, body, cut = 0, "", bytearray(), False

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, kind, cut
        if message["type"] == "http.response.start":
            status = message["status"]
            kind = next(
                (v.decode("latin-1") for n, v in message["headers"] if n.lower() == b"content-type"), ""
            )
        elif message["type"] == "http.response.body":
            body.extend(message.get("body", b"")[: MOST_SHOWN + 1 - len(body)])
            cut = len(body) > MOST_SHOWN

    try:
        async with asyncio.timeout(DEADLINE):
            await site_of(request).inside(scope, receive, send)
    except TimeoutError:
        raise UsageError(f"It did not answer within {DEADLINE:g} seconds.", code="late") from None
    text = bytes(body[:MOST_SHOWN]).decode("utf-8", "replace")
    return InsideAnswer(status, kind, text, cut, time.monotonic() - began)
