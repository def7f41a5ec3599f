"""The API behind the real site, door and server, on a real socket; the portal gives what a test made."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from callboard.access.door import DoorPolicy, FrontDoor, allowed_hosts
from callboard.access.sessions import Sessions
from callboard.api.routes import API_ROOT, api_routes
from callboard.base.clock import SystemClock
from callboard.http.server import Server, bind
from callboard.web.application import Operations, create_web
from support.stub_wiring import StubPortal


class Answered(msgspec.Struct, frozen=True):
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    json: Any


class Api:
    """A running API."""

    def __init__(self, portal: StubPortal, port: int, http: aiohttp.ClientSession) -> None:
        self.portal = portal
        self.port = port
        self._http = http

    async def get(self, path: str, **headers: str) -> Answered:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://127.0.0.1:{self.port}/api/callboard/v1{path}"
        async with self._http.get(url, headers=given) as response:
            body = await response.read()
            named = {name.lower(): value for name, value in response.headers.items()}
            return Answered(response.status, named, msgspec.json.decode(body) if body else None)


async def no_figures(counts: bool) -> bytes:
    return b""


@asynccontextmanager
async def running_api(portal: StubPortal, *, everyone: bool = True) -> AsyncIterator[Api]:
    """The running API of `portal`; `everyone` on this machine may come in, or nobody."""
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    hosts, origins = allowed_hosts("127.0.0.1", port)
    policy = DoorPolicy(hosts=hosts, origins=origins, cookie="callboard", open=everyone)
    site = create_web(
        portal,
        FrontDoor(policy, Sessions(SystemClock())),
        Operations(ready=lambda: (), metrics=no_figures),
        further=api_routes(portal),
        json_below=(API_ROOT,),
    )
    stop, ready = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(Server(site, listener, drain=1).run(stop, ready.set))
        await ready.wait()
        async with aiohttp.ClientSession() as http:
            yield Api(portal, port, http)
        stop.set()
