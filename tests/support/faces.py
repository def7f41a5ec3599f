"""Callboard on a port of its own over a simulated fleet, to be looked at, restarted, and compared with one that begins anew."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from callboard.access.door import DoorPolicy, FrontDoor, allowed_hosts
from callboard.access.sessions import Sessions
from callboard.app.application import Application, open_application
from callboard.app.site import whole_site
from callboard.http.server import Server, bind
from callboard.kube.limits import Limits
from callboard.simulator import Fleet, SimulatedCluster
from callboard.web.application import Operations, WebOptions
from support.listening import eventually
from support.open_page import OpenPage, differences, told_alike
from support.portal import write_config

__all__ = ["Faces", "FleetClock", "cut", "faces", "hurry"]

CONFIG: dict[str, Any] = {
    "parts": {"objectsProvider": "hub"},
    "watchInterval": 0.1,
    "lookAround": None,
    "clusters": {
        "limits": {"softDeadline": 2, "hardDeadline": 15, "idleDeadline": 2},
        "hub": {"pollInterval": 1},
    },
}


def hurry(patch: pytest.MonkeyPatch) -> None:
    """What is waited for in minutes comes in tenths of a second. What is waited for, and why, stays as it is."""
    for name, seconds in (
        ("kube.watching.watch._FIRST_PAUSE", 0.1),
        ("kube.watching.watch._LONGEST_PAUSE", 0.4),
        ("fleet.hub.holdings.holdings.STALE_AFTER", 0.3),
        ("fleet.hub.streams.refusals.FIRST_PAUSE", 0.1),
        ("fleet.hub.streams.refusals.DOUBTED", 0.5),
        ("fleet.hub.streams.refusals.LOOKED_AT", 0.5),
        ("fleet.hub.streams.refusals.REFUSED_AGAIN", 0.5),
        ("fleet.hub.streams.stream.LONGEST_PAUSE", 0.4),
        ("fleet.hub.provider.provider.RETRY", 0.3),
        ("fleet.hub.live_selection.RENEWED", 2.0),
        ("portal.health.judge.RENEWED", 2.0),
        ("portal.health.board.LOOK", 0.2),
    ):
        patch.setattr(f"callboard.{name}", seconds)
    of = Limits.of
    patch.setattr(Limits, "of", lambda s: msgspec.structs.replace(of(s), watch_silence=1.0, watch_start=3.0))


class FleetClock:
    """The fleet's time as Callboard's own: both stand still but for `Fleet.step`."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._began = fleet.timeline.now()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._fleet.timeline.now(), UTC)

    def monotonic(self) -> float:
        return time.monotonic() + self._fleet.timeline.now() - self._began


class Faces:
    """One Callboard at a time, always on the same port. Made by `faces`."""

    def __init__(
        self, fleet: Fleet, directory: Path, services: Sequence[str], known_as: tuple[str, ...]
    ) -> None:
        self.fleet = fleet
        self.services = services
        self.known_as = known_as
        self.clock = FleetClock(fleet)
        self.port = 0
        self.directory = directory
        self.config = write_config(directory, fleet, *services, callboard=CONFIG)
        self.app: Application | None = None
        self._running: AsyncExitStack | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def page(self, path: str = "") -> OpenPage:
        """A viewer's page, the first service's by default."""
        return OpenPage(lambda: self.base, path or self.path(self.services[0]))

    @staticmethod
    def path(service: str) -> str:
        return f"/catalog/default/component/{service}/kubernetes"

    async def begin(self) -> None:
        """Start Callboard, on the port it had before."""
        self._running = stack = AsyncExitStack()
        self.app, self.port = await stack.enter_async_context(
            _served(self.config, self.directory, self.clock, port=self.port, known_as=self.known_as)
        )

    async def end(self) -> None:
        """Stop it, as SIGTERM does."""
        if self._running is not None:
            running, self._running, self.app = self._running, None, None
            await running.aclose()

    async def document(self, service: str = "") -> dict[str, Any]:
        """What the JSON API says of a service."""
        return await _document(self.base, service or self.services[0])

    async def same_as_fresh(self, *pages: OpenPage, within: float = 45.0) -> None:
        """Wait until every page, and the JSON of every service, tell what a Callboard tells that begins now: it knows nothing
        of what was, and lists everything anew."""
        async with (
            _served(self.config, self.directory, self.clock, persist=False) as (_, port),
            AsyncExitStack() as stack,
        ):
            base = f"http://127.0.0.1:{port}"
            for page in pages:
                fresh = await stack.enter_async_context(OpenPage(lambda: base, page.path))
                if not await _alike(page, fresh, within):
                    raise AssertionError(f"{page.path} differs from a fresh one:\n{_difference(page, fresh)}")
            for service in self.services:
                await self._same_document(base, service, within)

    async def _same_document(self, base: str, service: str, within: float) -> None:
        here = there = ""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not here or here != there:
                    here, there = [_said(await _document(each, service)) for each in (self.base, base)]
        if here != there:
            raise AssertionError(f"the JSON of {service} differs:\n{differences(here, there)}")


async def _alike(page: OpenPage, fresh: OpenPage, within: float) -> bool:
    """Whether the two come to tell the same, once the fresh one has nothing left to wait for."""
    looked: tuple[int, int] | None = None

    def found() -> bool:
        nonlocal looked
        if looked == (page.changes, fresh.changes):
            return False
        looked = page.changes, fresh.changes
        return _calm(fresh) and _told(page) == _told(fresh)

    with suppress(TimeoutError):
        await eventually(found, within)
        return True
    return False


def _calm(page: OpenPage) -> bool:
    html = page.html()
    return not any(
        words in html for words in ("waiting for more", "Stale since", "was restarted", "could not be seen")
    )


def _told(page: OpenPage) -> str:
    return told_alike(page.html())


def _difference(page: OpenPage, fresh: OpenPage) -> str:
    return differences(_told(page), _told(fresh)) or f"nothing; but it says\n{fresh.html()}"


def _said(document: dict[str, Any]) -> str:
    """A document as text, without what two right answers may tell differently: when it was asked and how long that took, and
    since when a verdict stands, which only who was there can know."""
    verdict = {**document["verdict"], "since": None}
    clusters = [
        {**c, "asOf": None, "tookSeconds": 0, "freshness": [{**f, "asOf": None} for f in c["freshness"]]}
        for c in document["clusters"]
    ]
    told = {**document, "asOf": None, "verdict": verdict, "clusters": clusters}
    return json.dumps(told, indent=1, sort_keys=True)


async def _document(base: str, service: str) -> dict[str, Any]:
    address = f"{base}/api/callboard/v1/services/default/component/{service}/kubernetes?wait=5"
    async with aiohttp.ClientSession() as http, http.get(address) as response:
        assert response.status == 200, await response.text()
        found: dict[str, Any] = await response.json()
        return found


@asynccontextmanager
async def _served(
    config: Path,
    directory: Path,
    clock: FleetClock,
    *,
    port: int = 0,
    persist: bool = True,
    known_as: tuple[str, ...] = (),
) -> AsyncIterator[tuple[Application, int]]:
    """An application with everything that keeps it up to date, behind an open door, drained at the end."""
    async with open_application([config], directory=directory, clock=clock, persist=persist) as app:
        listener = bind("127.0.0.1", port)
        port = listener.getsockname()[1]
        hosts, origins = allowed_hosts("127.0.0.1", port, also=known_as)
        door = FrontDoor(
            DoorPolicy(hosts=hosts, origins=origins, cookie=f"callboard_{port}", open=True), Sessions(clock)
        )
        draining, ready = asyncio.Event(), asyncio.Event()
        operations = Operations(ready=lambda: (), metrics=app.metrics.written)
        site = whole_site(app.portal, door, operations, WebOptions(draining=draining), clock)
        keeping = asyncio.create_task(app.keep_up())
        serving = asyncio.create_task(Server(site, listener, drain=1).run(draining, ready.set))
        await ready.wait()
        try:
            yield app, port
        finally:
            draining.set()
            await serving
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping


@asynccontextmanager
async def faces(
    fleet: Fleet, directory: Path, *services: str, known_as: tuple[str, ...] = ()
) -> AsyncIterator[Faces]:
    """A running Callboard whose time is the fleet's; `known_as` are further addresses people reach it at."""
    world = Faces(fleet, directory, services or ("dice-roller", "scoreboard"), known_as)
    await world.begin()
    try:
        yield world
    finally:
        await world.end()


def cut(cluster: SimulatedCluster) -> None:
    """Every connection to the cluster breaks."""
    assert cluster._server is not None
    for handler in list(cluster._server.connections):
        if handler.transport is not None:
            handler.transport.abort()
