"""Callboard beside a real Backstage backend: same clusters, same catalog, same machine, by turns."""

import argparse
import asyncio
import gzip
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench import tree
from bench.cells import COLUMNS, Row, Sides, cold, crowd, row, warm
from bench.daemons import DidNotStart
from bench.day import Day, Pieces, break_even
from bench.inputs import callboard_config, common_config, service_names
from bench.machine import load
from bench.peer import NotInstalled, Peer, backstage, installed
from bench.portal import Portal, portal
from bench.processes import ServedFleet, served
from bench.rest import at_rest
from bench.samples import median
from bench.tables import doing, line, say, table
from bench.viewer import Got, Screen, viewer

__all__ = ["ROWS", "run"]

ROWS: Final = ("cells", "handshakes", "delay", "large", "shared", "day")
_PODS: Final = 880
"""In each cluster: four services of 100 pods, four of 50, twelve of 10; all of them are listened to."""
_DELAY: Final = 0.05
_WARMING_PAGES: Final = 15
"""Pages of Backstage before the first that counts: its first one takes eight times as long as its tenth."""
_QUIET: Final = 15.0
"""Seconds over which an idle process is measured."""


def run(given: argparse.Namespace, node: str) -> None:
    """All rows that were asked for, cluster count by cluster count. Without npm's packages Callboard is measured alone."""
    place: Path | None = None
    try:
        place = installed(node)
    except NotInstalled as error:
        say(f"\n**Backstage is left out:** {error}")
    grid: dict[int, list[int]] = {}
    for cell in given.cells:
        clusters, _, size = cell.partition("x")
        grid.setdefault(int(clusters), []).append(int(size))
    for clusters, sizes in grid.items():
        asyncio.run(_with(clusters, sizes, given, node, place))


async def _with(
    clusters: int, sizes: list[int], given: argparse.Namespace, node: str, place: Path | None
) -> None:
    rows = given.rows
    with TemporaryDirectory(prefix="callboard-bench-") as folder, ExitStack() as stack:
        directory = Path(folder)
        fleet = stack.enter_context(served(clusters=clusters, pods=_PODS))
        config = common_config(fleet, _PODS, directory, plain=given.plain)
        peer: Peer | None = None
        if place is not None:
            try:
                peer = stack.enter_context(backstage(node, place, config, directory))
            except DidNotStart as error:
                say(f"\n**Backstage is left out:** {error}")
        asks, listens = (
            stack.enter_context(
                portal([config, callboard_config(directory, provider)], directory / f"{provider}.log")
            )
            for provider in ("fanOut", "hub")
        )
        async with AsyncExitStack() as browsers:
            looker = await browsers.enter_async_context(viewer(given.encoding))
            sides = Sides(fleet, asks, listens, peer, looker)
            if peer is not None:
                await _warmed_up(sides, service_names(_PODS, 10)[-1])
            sync = await _synced(sides, service_names(_PODS, 10)[0])
            title = (
                f"{clusters} clusters, {given.encoding}, {'http' if given.plain else 'https'} to the clusters"
            )
            doing(f"started: {title}")
            found = await _cells(sides, clusters, sizes, given.rounds, rows, title)
            if "delay" in rows:
                doing("answers late")
                await _delayed(sides, given.rounds)
            if "large" in rows:
                doing("2,000 pods")
                await _large(sides, clusters, given.rounds)
            if "shared" in rows:
                doing("many viewers")
                await _shared(sides, given.viewers)
            if "day" in rows:
                doing("a day of it")
                await _a_day(sides, sync, found, given.rounds)


async def _warmed_up(sides: Sides, service: str) -> None:
    """Wait until Backstage has read its catalog, then let its compiler see the work some times."""
    assert sides.peer is not None  # noqa: S101 - the caller looked
    until, pages = time.monotonic() + 60, 0
    while pages < _WARMING_PAGES:
        try:
            await sides.viewer.ask(sides.peer, service)
            pages += 1
        except ConnectionError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.5)


async def _synced(sides: Sides, service: str) -> float:
    """Open one page and so begin to listen; the CPU seconds until everything is there."""
    before = tree.cpu(sides.warm.pid)
    until = time.monotonic() + 180
    while (
        b'"complete":true' not in (await sides.viewer.get(sides.warm, Portal.json(service) + "?wait=15")).body
    ):
        if time.monotonic() > until:
            raise TimeoutError("the hub did not get all it listens to within 180 s")
    await asyncio.sleep(2)
    return tree.cpu(sides.warm.pid) - before


async def _cells(
    sides: Sides, clusters: int, sizes: list[int], rounds: int, rows: list[str], title: str
) -> list[Row]:
    """Each row is printed as soon as it is measured."""
    found: list[Row] = []
    if not {"cells", "handshakes"} & set(rows):
        return found
    table(f"Backstage and Callboard: {title}", COLUMNS, [])
    for size in sizes:
        names = service_names(_PODS, size)
        cell = f"{clusters} × {size}"
        if "cells" in rows:
            doing(f"{cell}, cold")
            found += _told(await cold(sides, f"{cell}, cold", names, rounds))
            doing(f"{cell}, warm")
            found += _told((await warm(sides, f"{cell}, warm", names[0], rounds))[0])
            doing(f"{cell}, ten viewers")
            found += _told([await crowd(sides, f"{cell}, ten viewers, page", names[0], rounds)])
        if "handshakes" in rows and size == sizes[0]:
            doing(f"{cell}, cold with handshakes")
            found += _told(await cold(sides, f"{cell}, cold with handshakes", names, rounds, handshakes=True))
    say(f"\nLoad: {load()}")
    return found


def _told(rows: list[Row]) -> list[Row]:
    for each in rows:
        line(row(each))
    return rows


async def _delayed(sides: Sides, rounds: int) -> None:
    """Every answer of a cluster 50 ms late: when is the first healthy cluster shown, when everything?"""
    names = service_names(_PODS, 10)
    theirs: list[float] = []
    page: list[float] = []
    shown: list[float] = []
    complete: list[float] = []
    await sides.viewer.get(sides.cold, Portal.json(names[-1]) + "?wait=15")
    await asyncio.sleep(6)
    sides.fleet.report(delay=_DELAY)
    try:
        for number in range(min(rounds, len(names) // 2)):
            if sides.peer is not None:
                theirs.append((await sides.viewer.ask(sides.peer, names[number])).seconds)
            began = time.monotonic()
            async with sides.viewer.live(sides.cold, names[2 * number]) as screens:
                first = 0.0
                async for screen in screens:
                    first = first or (screen.at if screen.healthy else 0.0)
            complete.append(time.monotonic() - began)
            shown.append(first - began if first else float("nan"))
            page.append((await sides.viewer.get(sides.cold, Portal.page(names[2 * number + 1]))).seconds)
    finally:
        sides.fleet.report(delay=0)

    def trips(seconds: list[float]) -> str:
        if not seconds:
            return ""
        return f"{median(seconds) / _DELAY:.1f} ({min(seconds) / _DELAY:.1f}-{max(seconds) / _DELAY:.1f})"

    table(
        f"Cold, each upstream answer {_DELAY * 1e3:.0f} ms late, 10 pods in each cluster: in round trips of that length",
        ("", "Backstage", "Callboard"),
        [
            ("first healthy cluster shown, stream", trips(theirs), trips(shown)),
            ("first healthy cluster shown, page without a script", trips(theirs), trips(page)),
            ("complete, references included", trips(theirs), trips(complete)),
        ],
    )


async def _large(sides: Sides, clusters: int, rounds: int) -> None:
    """A page of 2,000 pods, and how many bytes it is."""
    size = max(1, 2000 // clusters) if clusters in (20, 40) else 50
    rows, page = await warm(sides, f"{clusters} × {size}, warm", service_names(_PODS, size)[0], rounds)
    table(
        f"A page of {clusters * size} pods that somebody looks at already",
        COLUMNS,
        [row(each) for each in rows],
    )
    say(f"\nThe page: {_size(page)}")


def _size(page: Got) -> str:
    packed = len(gzip.compress(page.body, 6))
    if page.wire < len(page.body):
        return f"{len(page.body) / 1e3:.0f} KB, {page.wire / 1e3:.1f} KB as sent (gzip -6 by us: {packed / 1e3:.1f} KB)"
    return f"{len(page.body) / 1e3:.0f} KB, sent as it is; compressed by us (gzip -6): {packed / 1e3:.1f} KB"


async def _shared(sides: Sides, viewers: int) -> None:
    """One looks at a service, then hundreds: what reaches the clusters, and what a change costs."""
    service = service_names(_PODS, 2)[0]
    fleet, pid = sides.fleet, sides.warm.pid
    rows = []
    started = fleet.report()
    async with AsyncExitStack() as open_pages:
        pages: list[AsyncGenerator[Screen, None]] = []
        for count in (1, viewers):
            before, used = fleet.report(), tree.cpu(pid)
            while len(pages) < count:
                page = await open_pages.enter_async_context(sides.viewer.live(sides.warm, service))
                await anext(page)
                pages.append(page)
            await asyncio.sleep(2)
            opened, after = tree.cpu(pid) - used, fleet.report()
            used, told = tree.cpu(pid), fleet.report(touch=service).touched
            late = [screen.at - told for screen in await asyncio.gather(*(anext(page) for page in pages))]
            await asyncio.sleep(0.5)
            rows.append(
                (
                    str(count),
                    str(after.requests - (started if count == 1 else before).requests),
                    str(after.streams - (started if count == 1 else before).streams),
                    f"{opened * 1e3:.0f}",
                    f"{(tree.cpu(pid) - used) * 1e3:.0f}",
                    f"{max(late) * 1e3:.0f} ms",
                    f"{tree.rss(pid) / 2**20:.0f} MiB",
                )
            )
    titles = (
        "viewers of one service",
        "requests upstream since there was one less",
        "of them watches",
        "opening, ms CPU",
        "one change shown to all, ms CPU",
        "shown to the last after",
        "RSS",
    )
    table("One service, watched by many: what reaches the clusters", titles, rows)


async def _a_day(sides: Sides, sync: float, found: list[Row], rounds: int) -> None:
    names = [name for size in (10, 5, 3) for name in service_names(_PODS, size)]
    pid = sides.warm.pid
    if not any("10, warm, page" in each.title for each in found):
        found, _ = await warm(sides, "10, warm", names[0], rounds)
    opened = next(each for each in found if "10, warm, page" in each.title)
    await at_rest(pid)
    with _used(pid) as idle:
        if sides.peer is not None:
            with _used(sides.peer.pid) as peer_idle:
                await asyncio.sleep(_QUIET)
        else:
            peer_idle = [0.0]
            await asyncio.sleep(_QUIET)
    events = await _events(sides.fleet)
    with _used(pid) as changing:
        sides.fleet.report(rate=1000)
        await asyncio.sleep(8)
        sides.fleet.report(rate=0)
        busy = 8 + await at_rest(pid)
    events = await _events(sides.fleet) - events
    async with AsyncExitStack() as open_pages:
        for name in names[:10]:
            screens = await open_pages.enter_async_context(sides.viewer.live(sides.warm, name))
            await anext(screens)
        await asyncio.sleep(3)
        with _used(pid) as quiet:
            await asyncio.sleep(2 * _QUIET)
    updates = 20
    async with sides.viewer.live(sides.warm, names[0]) as screens:
        await anext(screens)
        await asyncio.sleep(2)
        with _used(pid) as updating:
            for _ in range(updates):
                sides.fleet.report(touch=names[0])
                await asyncio.sleep(0.4)
    pieces = Pieces(
        sync=sync,
        idle=idle[0] / _QUIET,
        change=max(0.0, changing[0] - busy * idle[0] / _QUIET) / max(1, events),
        page=median([s.cpu for s in opened.ours]),
        viewer=max(0.0, quiet[0] / (2 * _QUIET) - idle[0] / _QUIET) / 10,
        update=max(0.0, updating[0] / updates - 0.4 * idle[0] / _QUIET),
        poll=median([s.cpu for s in opened.theirs]),
        peer_idle=peer_idle[0] / _QUIET,
        services=len(names),
    )
    _tell_day(pieces)


def _tell_day(pieces: Pieces) -> None:
    ours, theirs = Day.ours(pieces), Day.theirs(pieces)
    rows = [
        (
            f"{n} viewers",
            f"{theirs.hour(n):.0f}",
            f"{ours.hour(n):.1f}",
            f"{theirs.hour(n) / ours.hour(n):.1f}",
        )
        for n in (1, 10, 100)
    ]
    even = break_even(ours, theirs)
    rows.append(("break-even", "", "never" if even is None else f"{even:.1f} viewers", ""))
    table("A day of it: CPU seconds an hour", ("", "Backstage", "Callboard", "Backstage ÷ Callboard"), rows)
    say(
        "\nOut of: "
        f"sync {pieces.sync:.2f} s, idle {pieces.idle:.2%} of a core (Backstage {pieces.peer_idle:.2%}), "
        f"a change {pieces.change * 1e6:.0f} µs, a page {pieces.page * 1e3:.1f} ms, "
        f"a quiet open page {pieces.viewer:.3%} of a core, an update of it {pieces.update * 1e3:.1f} ms, "
        f"a poll of Backstage {pieces.poll * 1e3:.0f} ms, {pieces.services} services"
    )


async def _events(fleet: ServedFleet) -> int:
    return fleet.report().events


@contextmanager
def _used(pid: int) -> Iterator[list[float]]:
    """What the tree uses while the block runs: one number, known at its end."""
    found = [0.0]
    before = tree.cpu(pid)
    yield found
    found[0] = tree.cpu(pid) - before
