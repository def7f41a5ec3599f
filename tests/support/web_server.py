"""A site on a free port of loopback, behind an open door, for tests that need a browser or a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp
import msgspec
from starlette.types import ASGIApp
from yarl import URL

from callboard.access.door import DoorPolicy, FrontDoor, allowed_hosts
from callboard.access.sessions import Sessions
from callboard.base.clock import Clock, FakeClock, SystemClock
from callboard.http.server import Server, bind
from callboard.http.site import Site
from callboard.portal.protocol import Portal
from callboard.web.application import Operations, WebOptions, create_web
from support.web_scenes import NOW


def door(
    port: int = 7007, *, open_to_all: bool = True, clock: Clock | None = None
) -> tuple[FrontDoor, Sessions]:
    """The real door of a loopback listener."""
    hosts, origins = allowed_hosts("127.0.0.1", port)
    sessions = Sessions(clock or SystemClock())
    policy = DoorPolicy(hosts=hosts, origins=origins, cookie=f"callboard-{port}", open=open_to_all)
    return FrontDoor(policy, sessions), sessions


async def figures(counts: bool) -> bytes:
    return b"callboard_up 1\n" + (b"callboard_objects 7\n" if counts else b"")


def operations(guard: FrontDoor | None = None, waiting: tuple[str, ...] = ()) -> Operations:
    """Ready, unless something is waited for."""
    return Operations(
        ready=lambda: waiting,
        metrics=figures,
        sign_in=guard.sign_in if guard else None,
        sign_out=guard.sign_out if guard else None,
        cookie=(guard or door()[0]).policy.cookie_for,
    )


def site(portal: Portal, port: int = 7007, options: WebOptions | None = None) -> Site:
    """The site with time held still."""
    guard, _ = door(port)
    return create_web(portal, guard, operations(guard), options, clock=FakeClock(NOW))


@asynccontextmanager
async def listening(make: Callable[[int], ASGIApp]) -> AsyncIterator[str]:
    """Serve the site made for a free port, for as long as the context lasts; gives the base URL."""
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    stop, ready = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(Server(make(port), listener, drain=2).run(stop, ready.set))
    try:
        await ready.wait()
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        await task


@asynccontextmanager
async def serving(portal: Portal, options: WebOptions | None = None) -> AsyncIterator[str]:
    """Serve a portal behind an open door."""
    async with listening(lambda port: site(portal, port, options)) as base:
        yield base


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str


async def get(
    base: str, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET"
) -> Answer:
    """One request over the wire; the path goes out as it is written here; redirects are not followed."""
    url = URL(base + path, encoded=True)
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, headers=headers, allow_redirects=False) as response,
    ):
        return Answer(response.status, response.headers.copy(), await response.text())
