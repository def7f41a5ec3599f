"""The cells: one service opened on both sides in turn, cold, warm and by ten at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from bench.peer import Peer
from bench.portal import Portal
from bench.processes import ServedFleet
from bench.samples import Sample, median, sample, share_of_replay
from bench.tables import percentile
from bench.turns import Turns
from bench.viewer import Got, Viewer

__all__ = ["COLUMNS", "Row", "Sides", "cold", "crowd", "row", "warm"]

COLUMNS: Final = (
    "cell",
    "Backstage, ms CPU a page",
    "Callboard, ms CPU a page",
    "Backstage ÷ Callboard",
    "wait p50, p95 Backstage",
    "wait p50, p95 Callboard",
    "requests upstream, Backstage and Callboard",
    "simulator, of a core",
)
_WARM_PAGES: Final = 30
"""A warm page costs less than the kernel's clock tick is long: so many are one measurement."""
_WAIT: Final = "?wait=15"


class Sides(msgspec.Struct, frozen=True):
    """Everything that runs. `cold` asks its clusters anew for each look, `warm` listens to them; without `peer` the
    columns of Backstage stay empty."""

    fleet: ServedFleet
    cold: Portal
    warm: Portal
    peer: Peer | None
    viewer: Viewer


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A cell, measured: round by round for both sides."""

    title: str
    ours: tuple[Sample, ...]
    theirs: tuple[Sample, ...]

    @property
    def void(self) -> bool:
        """Whether the simulator had too little of a core left for this to mean anything."""
        return any(share_of_replay(side)[1] for side in (self.ours, self.theirs) if side)

    @property
    def ratio(self) -> float:
        """Their CPU by ours; 0 without them."""
        return (
            median([s.cpu for s in self.theirs]) / median([s.cpu for s in self.ours]) if self.theirs else 0.0
        )


def row(found: Row) -> tuple[str, ...]:
    """Its line in the table of COLUMNS."""
    rounds = [theirs.cpu / ours.cpu for ours, theirs in zip(found.ours, found.theirs, strict=False)]
    share = ", ".join(f"{share_of_replay(side)[0]:.0%}" for side in (found.theirs, found.ours) if side)
    return (
        found.title,
        _milliseconds([s.cpu for s in found.theirs]),
        _milliseconds([s.cpu for s in found.ours]),
        f"{found.ratio:.1f} (by round {min(rounds):.1f}-{max(rounds):.1f})" if rounds else "",
        _waits(found.theirs),
        _waits(found.ours),
        ", ".join(f"{median([s.requests for s in side]):.0f}" for side in (found.theirs, found.ours) if side),
        f"{share} **void**" if found.void else share,
    )


async def cold(
    sides: Sides, title: str, services: Sequence[str], rounds: int, *, handshakes: bool = False
) -> list[Row]:
    """Connections open (or, with `handshakes`, all of them cut before), nothing cached: as JSON and as page.

    No service is asked for twice within the time the fan-out shares an answer; the requests upstream show it.
    """
    calls = {
        "JSON": lambda name: sides.viewer.get(sides.cold, Portal.json(name) + _WAIT),
        "page": lambda name: sides.viewer.get(sides.cold, Portal.page(name) + _WAIT),
    }
    theirs: list[Sample] = []
    ours: dict[str, list[Sample]] = {way: [] for way in calls}
    turns = Turns(services)
    for number in range(rounds + 1):  # the first opens the connections and warms up
        if sides.peer is not None:
            await _cut(sides.fleet, handshakes)
            found = await _one(sides.fleet, sides.peer.pid, _asked(sides, await turns.next()))
            theirs += [found] if number else []
        for way, call in calls.items():
            await _cut(sides.fleet, handshakes)
            name = await turns.next()
            found = await _one(sides.fleet, sides.cold.pid, _called(call, name))
            ours[way] += [found] if number else []
    return [Row(title=f"{title}, {way}", ours=tuple(ours[way]), theirs=tuple(theirs)) for way in calls]


async def warm(sides: Sides, title: str, service: str, rounds: int) -> tuple[list[Row], Got]:
    """A service that somebody looks at already: as JSON and as page. Also the page itself."""
    calls = {"JSON": Portal.json(service) + _WAIT, "page": Portal.page(service) + _WAIT}
    theirs: list[Sample] = []
    ours: dict[str, list[Sample]] = {way: [] for way in calls}
    page = await sides.viewer.get(sides.warm, calls["page"])
    for number in range(rounds + 1):
        if sides.peer is not None:
            found = await _one(sides.fleet, sides.peer.pid, _asked(sides, service))
            theirs += [found] if number else []
        for way, path in calls.items():

            async def many(path: str = path) -> list[float]:
                return [(await sides.viewer.get(sides.warm, path)).seconds for _ in range(_WARM_PAGES)]

            found = await sample(sides.fleet, sides.warm.pid, many, pages=_WARM_PAGES)
            ours[way] += [found] if number else []
    rows = [Row(title=f"{title}, {way}", ours=tuple(ours[way]), theirs=tuple(theirs)) for way in calls]
    return rows, page


async def crowd(sides: Sides, title: str, service: str, rounds: int, *, viewers: int = 10) -> Row:
    """So many open the page of one service at the same moment."""
    theirs: list[Sample] = []
    ours: list[Sample] = []
    peer = sides.peer
    for _ in range(rounds):
        if peer is not None:

            async def all_there() -> list[float]:
                return await _at_once([_answered(sides, peer, service) for _ in range(viewers)])

            found = await sample(sides.fleet, peer.pid, all_there, pages=viewers)
            theirs.append(found)

        async def all_here() -> list[float]:
            path = Portal.page(service) + _WAIT
            return await _at_once([sides.viewer.get(sides.warm, path) for _ in range(viewers)])

        found = await sample(sides.fleet, sides.warm.pid, all_here, pages=viewers)
        ours.append(found)
    return Row(title=title, ours=tuple(ours), theirs=tuple(theirs))


async def _at_once(asked: Sequence[Awaitable[Got]]) -> list[float]:
    return [got.seconds for got in await asyncio.gather(*asked)]


async def _answered(sides: Sides, peer: Peer, service: str) -> Got:
    """As often as it takes: a backend with ten viewers resets some of its own connections and answers 500."""
    began = time.monotonic()
    for _ in range(5):
        try:
            got = await sides.viewer.ask(peer, service)
        except ConnectionError:
            continue
        return msgspec.structs.replace(got, seconds=time.monotonic() - began)
    raise ConnectionError("Backstage refused five times in a row")


async def _one(fleet: ServedFleet, pid: int, call: Callable[[], Awaitable[Got]]) -> Sample:
    async def work() -> list[float]:
        return [(await call()).seconds]

    return await sample(fleet, pid, work)


def _asked(sides: Sides, service: str) -> Callable[[], Awaitable[Got]]:
    peer = sides.peer
    assert peer is not None  # noqa: S101 - the caller looked
    return lambda: _answered(sides, peer, service)


def _called(call: Callable[[str], Awaitable[Got]], name: str) -> Callable[[], Awaitable[Got]]:
    return lambda: call(name)


async def _cut(fleet: ServedFleet, wanted: bool) -> None:
    if wanted:
        fleet.report(drop=len(fleet.places))
        await asyncio.sleep(0.4)  # both sides notice


def _milliseconds(seconds: Sequence[float]) -> str:
    if not seconds:
        return ""
    values = [s * 1e3 for s in seconds]
    digits = 1 if median(values) < 100 else 0
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def _waits(samples: Sequence[Sample]) -> str:
    walls = [wall * 1e3 for s in samples for wall in s.walls]
    return f"{percentile(walls, 0.5):.0f}, {percentile(walls, 0.95):.0f} ms" if walls else ""
