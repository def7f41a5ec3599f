"""Rows of the hub: one Callboard process, pinned to one core, that listens to a whole fleet."""

import argparse
import asyncio
import os
import re
import socket
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from bench import tree
from bench.inputs import callboard_config, common_config, service_names
from bench.machine import load
from bench.portal import Portal, portal
from bench.processes import ServedFleet, served
from bench.pulse import Beat, Pulse, pulse
from bench.rest import at_rest
from bench.samples import MOST_REPLAY, median
from bench.tables import doing, line, percentile, say, table
from bench.turns import Turns
from bench.viewer import Screen, Viewer, viewer

__all__ = ["ROWS", "all_there", "run"]

ROWS: Final = ("rate", "growth", "hang")
_RATES: Final = (0.2, 0.5, 1.0, 1.5, 2.0)
"""Of the rate aimed at, tried one after the other."""
_WINDOW: Final = 6.0
"""Seconds of each half of a try."""
_TOUCHES: Final = 4.0
"""Changes a second to the watched service, whose way to the screen is timed."""
_NEVER: Final = 10.0
"""Seconds after which a change counts as not shown."""
_SYNC_DEADLINE: Final = 400.0
_STREAMS: Final = re.compile(rb'^callboard_hub_streams\{[^}]*stream="(\w+)"\} (\S+)', re.MULTILINE)
_IDLE: Final = 20.0
_GROWTH: Final = (225, 2250, 22500)
"""Pods in each of four clusters: 1, 10, and 100 times."""
_PAGES: Final = 40


def run(given: argparse.Namespace, node: str) -> None:
    """The rows that were asked for."""
    asyncio.run(_all(given))


async def _all(given: argparse.Namespace) -> None:
    core = given.core if given.core is not None else max(os.sched_getaffinity(0))
    async with viewer(given.encoding) as looker:
        if "rate" in given.hub_rows:
            await _rates(given, core, looker)
        if "growth" in given.hub_rows:
            await _growth(given, looker)
        if "hang" in given.hub_rows:
            await _hang(given, looker)


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    """A window at one rate: CPU in its first half, in the second `late`, the seconds from a change to the screen, and the loop's
    absence, whose measuring costs CPU."""

    asked: float
    events: int
    seconds: float
    cpu: float
    replay: float
    behind: int
    cut_off: int
    late: tuple[float, ...]
    beat: Beat

    @property
    def held(self) -> bool:
        """Whether the rate was made, and kept up with."""
        made = self.behind <= 0.02 * self.asked * self.seconds and not self.cut_off
        return made and percentile(self.late, 0.99) < 1.0

    def row(self) -> tuple[str, ...]:
        """Its line."""
        void = " **void**" if self.replay > MOST_REPLAY else ""
        return (
            f"{self.asked:.0f}",
            f"{self.events / self.seconds:.0f}",
            f"{self.cpu * 1e6 / max(1, self.events):.0f}",
            f"{self.cpu / self.seconds:.0%}",
            f"{percentile(self.late, 0.5) * 1e3:.0f}, {percentile(self.late, 0.99) * 1e3:.0f} ms of {len(self.late)}",
            f"{self.beat.p99:.0f}, {self.beat.longest:.0f} ms",
            f"{self.beat.own_p99:.0f}, {self.beat.own_longest:.0f} ms",
            f"{self.behind}, {self.cut_off}",
            f"{self.replay:.0%}{void}",
            "yes" if self.held else "no",
        )


async def _rates(given: argparse.Namespace, core: int, looker: Viewer) -> None:
    """One whole fleet: how it is taken in, what it costs at rest, at which rates it is kept up with."""
    with TemporaryDirectory(prefix="callboard-bench-") as folder, ExitStack() as stack:
        directory = Path(folder)
        fleet = stack.enter_context(served(clusters=given.clusters, pods=given.pods))
        config = common_config(fleet, given.pods, directory, plain=given.plain)
        listens = stack.enter_context(
            portal([config, callboard_config(directory, "hub")], directory / "hub.log", core=core)
        )
        beats = stack.enter_context(pulse(listens))
        watched = (service_names(given.pods, 10) or service_names(given.pods, min(100, given.pods)))[0]
        beats.begin()
        began, used = time.monotonic(), tree.cpu(listens.pid)
        doing("the first sync")
        known, streams = await all_there(looker, listens, watched)
        took, used, beat = time.monotonic() - began, tree.cpu(listens.pid) - used, beats.end()
        peak = tree.peak_rss(listens.pid)
        rows = [
            ("initial sync", f"{took:.1f} s, {used:.1f} s of CPU; {known} of {streams} streams whole"),
            (
                "held",
                f"{given.clusters} clusters, {given.clusters * given.pods} pods; {fleet.report().bytes / 1e9:.2f} GB read",
            ),
            ("event loop away while syncing, P99 and longest", f"{beat.p99:.0f}, {beat.longest:.0f} ms"),
            ("the same, longest ten", ", ".join(f"{ms:.0f}" for ms in beat.worst)),
            ("the machine's own lateness meanwhile", f"{beat.own_p99:.0f}, {beat.own_longest:.0f} ms"),
            ("peak RSS after the sync", f"{peak / 2**30:.2f} GiB"),
        ]
        doing("a relist")
        rows += await _relisted(fleet, listens, looker, watched, beats)
        doing("what was put off")
        used = tree.cpu(listens.pid)
        seconds = await at_rest(listens.pid)
        rows.append(("until it is at rest", f"{seconds:.0f} s, {tree.cpu(listens.pid) - used:.1f} s of CPU"))
        used = tree.cpu(listens.pid)
        doing("idle")
        await asyncio.sleep(_IDLE)
        rows.append(("idle, nobody looks", f"{(tree.cpu(listens.pid) - used) / _IDLE:.2%} of a core"))
        async with looker.live(listens, watched) as screens:
            await anext(screens)
            await asyncio.sleep(2)
            used = tree.cpu(listens.pid)
            await asyncio.sleep(_IDLE)
            rows.append(("idle, one looks", f"{(tree.cpu(listens.pid) - used) / _IDLE:.2%} of a core"))
        table(f"One process pinned to core {core}; load {load()}", ("", ""), rows)
        titles = (
            "asked for/s",
            "changes/s",
            "µs CPU a change",
            "of a core",
            "change to screen, P50 and P99",
            "loop away, P99 and longest",
            "the machine's own",
            "not made, cut off",
            "simulator, of a core",
            "held",
        )
        table("Changes over all clusters, one service watched", titles, [])
        await _tried(given, fleet, listens, looker, watched, beats)
        say(f"\nPeak RSS at the end: {tree.peak_rss(listens.pid) / 2**30:.2f} GiB; load {load()}")


async def _relisted(
    fleet: ServedFleet, listens: Portal, looker: Viewer, watched: str, beats: Pulse
) -> list[tuple[str, str]]:
    """The largest cluster (all are alike) forgets its history and cuts its connections: everything of it comes again."""
    beats.begin()
    before, used = fleet.report(), tree.cpu(listens.pid)
    async with looker.live(listens, watched) as screens:
        await anext(screens)
        fleet.report(expire=1, drop=1)
        quiet, last = 0.0, before.bytes
        while quiet < 5.0:
            await asyncio.sleep(0.5)
            now = fleet.report().bytes
            quiet, last = (quiet + 0.5, last) if now - last < 100_000 else (0.0, now)
    beat, after = beats.end(), fleet.report()
    return [
        (
            "relist of the largest cluster",
            f"{(after.bytes - before.bytes) / 1e6:.0f} MB, {tree.cpu(listens.pid) - used:.1f} s of CPU",
        ),
        ("event loop away meanwhile, P99 and longest", f"{beat.p99:.0f}, {beat.longest:.0f} ms"),
        ("peak RSS after it", f"{tree.peak_rss(listens.pid) / 2**30:.2f} GiB"),
    ]


async def _tried(
    given: argparse.Namespace,
    fleet: ServedFleet,
    listens: Portal,
    looker: Viewer,
    watched: str,
    beats: Pulse,
) -> None:
    """Rates one after the other until one is not held; then the highest held, not above the one aimed at, for long."""
    found: list[_Held] = []
    async with looker.live(listens, watched) as screens:
        await anext(screens)
        fleet.report(touch=watched)  # from now on it changes by touches alone
        shown = _Shown()
        reading = asyncio.create_task(shown.read(screens))
        try:
            for share in _RATES:
                found.append(
                    await _window(given.rate * share, _WINDOW, fleet, listens, watched, shown, beats)
                )
                line(found[-1].row())
                if not found[-1].held:
                    break
            best = max(
                (f.asked for f in found if f.held and f.asked <= given.rate), default=given.rate * _RATES[0]
            )
            line((await _window(best, given.seconds, fleet, listens, watched, shown, beats)).row())
        finally:
            fleet.report(rate=0)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


class _Shown:
    """Reads a live page and tells when its marks were other than before: a change of a pod's health has arrived."""

    def __init__(self) -> None:
        self.at = 0.0
        self._marks: object = None
        self._changed = asyncio.Event()

    async def read(self, screens: AsyncGenerator[Screen, None]) -> None:
        """Until cancelled."""
        async for screen in screens:
            if (marks := screen.marks) != self._marks:
                self._marks, self.at = marks, screen.at
                self._changed.set()

    async def after(self, moment: float) -> float:
        """When the next change since `moment` was on the screen; _NEVER seconds later if there was none."""
        try:
            async with asyncio.timeout(_NEVER):
                while self.at <= moment:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return moment + _NEVER
        return self.at


async def _window(
    rate: float,
    seconds: float,
    fleet: ServedFleet,
    listens: Portal,
    watched: str,
    shown: _Shown,
    beats: Pulse,
) -> _Held:
    doing(f"{rate:.0f} changes a second, twice {seconds:.0f} s")
    fleet.report(rate=rate)
    await asyncio.sleep(2)
    before, used, began = fleet.report(), tree.cpu(listens.pid), time.monotonic()
    await asyncio.sleep(seconds)
    after, used, wall = fleet.report(), tree.cpu(listens.pid) - used, time.monotonic() - began
    late: list[float] = []
    began = time.monotonic()
    beats.begin()
    while (now := time.monotonic()) - began < seconds:
        told = fleet.report(touch=watched).touched
        late.append(await shown.after(told) - told)
        await asyncio.sleep(max(0.0, now + 1 / _TOUCHES - time.monotonic()))
    beat, whole, twice = beats.end(), fleet.report(), wall + time.monotonic() - began
    return _Held(
        asked=rate,
        events=after.events - before.events,
        seconds=wall,
        cpu=used,
        replay=(whole.cpu - before.cpu) / twice,
        behind=whole.behind - before.behind,
        cut_off=whole.cut_off - before.cut_off,
        late=tuple(late),
        beat=beat,
    )


async def _growth(given: argparse.Namespace, looker: Viewer) -> None:
    """The same page in fleets of 1, 10 and 100 times the size."""
    rows = []
    for pods in _GROWTH:
        doing(f"growth: {pods} pods in each of four clusters")
        with TemporaryDirectory(prefix="callboard-bench-") as folder, ExitStack() as stack:
            directory = Path(folder)
            fleet = stack.enter_context(served(clusters=4, pods=pods))
            config = common_config(fleet, pods, directory, plain=given.plain)
            listens = stack.enter_context(
                portal([config, callboard_config(directory, "hub")], directory / "hub.log")
            )
            empty, service = tree.rss(listens.pid), service_names(pods, 10)[0]
            known, streams = await all_there(looker, listens, service)
            if known < streams:
                raise TimeoutError(f"{known} of {streams} streams were there after {_SYNC_DEADLINE:g} s")
            pages = []
            for _ in range(given.rounds):
                used = tree.cpu(listens.pid)
                for _ in range(_PAGES):
                    await looker.get(listens, Portal.page(service))
                pages.append((tree.cpu(listens.pid) - used) / _PAGES * 1e3)
            grown = tree.rss(listens.pid) - empty
            rows.append(
                (
                    f"{4 * pods} pods",
                    f"{median(pages):.2f} ({min(pages):.2f}-{max(pages):.2f})",
                    f"{fleet.report().bytes / 1e6:.0f} MB",
                    f"{tree.rss(listens.pid) / 2**20:.0f} MiB",
                    f"{grown / (4 * pods) / 1e3:.1f} KB",
                )
            )
    titles = ("fleet: 4 clusters", "a page of 40 pods, ms CPU", "read", "RSS", "grown by, a pod")
    table("Growth", titles, rows)


async def _hang(given: argparse.Namespace, looker: Viewer) -> None:
    """One cluster accepts connections and never answers: what do the others' pages lose?"""
    rows = []
    pods = min(880, given.pods)
    with TemporaryDirectory(prefix="callboard-bench-") as folder, _black_hole() as hole, ExitStack() as stack:
        directory = Path(folder)
        fleet = stack.enter_context(served(clusters=given.clusters, pods=pods))
        names = service_names(pods, 10)
        doing("a cluster hangs")
        for title, also in (("all answer", {}), ("one more, which hangs", {"hung": hole})):
            config = common_config(fleet, pods, directory, plain=given.plain, also=also)
            with portal([config, callboard_config(directory, "fanOut")], directory / "fanOut.log") as asks:
                rows.append((title, "cold", *await _others_shown(looker, asks, names, given)))
            with portal([config, callboard_config(directory, "hub")], directory / "hub.log") as listens:
                await _shown_healthy(looker, listens, names[0], given.clusters)
                rows.append((title, "warm", *await _others_shown(looker, listens, names[:1], given)))
    titles = ("", "", "all healthy clusters shown after", "ms CPU a page")
    table(f"One cluster hangs; load {load()}", titles, rows)


async def _others_shown(
    looker: Viewer, asked: Portal, names: list[str], given: argparse.Namespace
) -> tuple[str, str]:
    """Seconds until all clusters that answer are on the screen, and the CPU until then, over some services."""
    seconds, cpu, turns = [], [], Turns(names)
    for number in range(given.rounds + 1):
        name = await turns.next() if len(names) > 1 else names[0]
        used, began = tree.cpu(asked.pid), time.monotonic()
        at = await _shown_healthy(looker, asked, name, given.clusters)
        if number:
            seconds.append((at - began) * 1e3)
            cpu.append((tree.cpu(asked.pid) - used) * 1e3)
        await asyncio.sleep(0.5)
    return (
        f"{median(seconds):.0f} ms ({min(seconds):.0f}-{max(seconds):.0f})",
        f"{median(cpu):.1f} ({min(cpu):.1f}-{max(cpu):.1f})",
    )


async def _shown_healthy(looker: Viewer, asked: Portal, service: str, clusters: int) -> float:
    async with asyncio.timeout(60), looker.live(asked, service) as screens:
        async for screen in screens:
            if screen.healthy >= clusters:
                return screen.at
    raise ConnectionError(f"{service}: not all of {clusters} clusters were shown as healthy")


@contextmanager
def _black_hole() -> Iterator[str]:
    """An address that takes connections and requests and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


async def all_there(looker: Viewer, listens: Portal, service: str) -> tuple[int, int]:
    """Open a service, and so begin to listen; wait until each stream knows what is there, or for so long as anyone would. Of
    how many streams it is known, and how many there are. That the page is complete would not do: it is, as far as it can be,
    when the last cluster that is late has been told to be."""
    until = time.monotonic() + _SYNC_DEADLINE
    await looker.get(listens, Portal.json(service) + "?wait=15")
    while True:
        text = (await looker.get(listens, "/metrics")).body
        states = Counter[bytes]()
        for state, count in _STREAMS.findall(text):
            states[state] += int(float(count))
        known, streams = states.total() - states[b"without"], states.total()
        if (streams and known == streams) or time.monotonic() > until:
            return known, streams
        await asyncio.sleep(0.5)
