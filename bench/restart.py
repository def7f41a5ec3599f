"""A restart while no cluster answers: what was known before is on the screen from its checkpoints, or not at all."""

import argparse
import asyncio
import resource
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from bench import tree
from bench.held import all_there
from bench.inputs import callboard_config, common_config, service_names
from bench.machine import load
from bench.portal import Portal, portal
from bench.processes import ServedFleet, served
from bench.tables import doing, spread, table
from bench.viewer import Viewer, viewer

__all__ = ["run"]

_EVERY: Final = 60
"""Seconds between two writings of a stream."""
_CHANGES: Final = 20.0
"""A second, over all clusters, for `_CHANGING` seconds before the stop: some streams are then other than they were written."""
_CHANGING: Final = 5.0
_PATIENCE: Final = 60.0
_JUDGED: Final = 400.0
"""Seconds until every service was judged on every cluster: that is done when nothing else is to be done."""
_LIST: Final = "/api/callboard/v1/services?limit=200"
_PHASES: Final = ("it listens", "the list tells all healths", "all clusters of a service", "another service")


def run(given: argparse.Namespace, node: str) -> None:
    """Sync a fleet, stop Callboard, freeze the fleet, start Callboard anew, round after round."""
    asyncio.run(_restarts(given))


class _Moment(msgspec.Struct, frozen=True):
    """How far a start had come: seconds, and CPU seconds, since the program was called."""

    wall: float
    cpu: float


class _Item(msgspec.Struct, frozen=True):
    health: str | None


class _List(msgspec.Struct, frozen=True):
    services: tuple[_Item, ...]


async def _restarts(given: argparse.Namespace) -> None:
    with TemporaryDirectory(prefix="callboard-bench-") as folder, ExitStack() as stack:
        directory = Path(folder)
        fleet = stack.enter_context(served(clusters=given.clusters, pods=given.pods))
        configs = (
            common_config(fleet, given.pods, directory, plain=given.plain),
            callboard_config(directory, "hub", settings={"checkpoint": {"every": f"{_EVERY}s"}}),
        )
        names = service_names(given.pods, 10)
        async with viewer(given.encoding) as looker:
            stopped = await _stopped(configs, directory, fleet, looker, names[0])
            table(f"The stop before it; load {load()}", ("", ""), stopped)
            with fleet.frozen():
                made = []
                for number in range(given.rounds):
                    doing(f"start {number + 1} of {given.rounds}")
                    asked = [names[n % len(names)] for n in (2 * number, 2 * number + 1)]
                    made.append(await _started(configs, directory, looker, asked, given.clusters))
    rows = [
        (phase, f"{spread([m[at].wall for m in made])} s", f"{spread([m[at].cpu for m in made])} s")
        for at, phase in enumerate(_PHASES)
    ]
    title = f"A restart with {given.clusters} clusters that hang; load {load()}"
    table(title, ("from the call until", "on the clock", "CPU of the process"), rows)


async def _stopped(
    configs: Sequence[Path], directory: Path, fleet: ServedFleet, looker: Viewer, service: str
) -> list[tuple[str, str]]:
    """Listen until everything is there and written, let a little change, and stop."""
    files = directory / "data-hub" / "hub"
    before = _ended_children()
    with portal(configs, directory / "first.log") as listens:
        doing("the first sync")
        known, streams = await all_there(looker, listens, service)
        if known < streams:
            raise TimeoutError(f"{known} of {streams} streams were there")
        written = -1
        while written < (now := len(list(files.glob("*.checkpoint")))) or not now:
            doing(f"{now} files are written")
            written = now
            await asyncio.sleep(_EVERY / 2)
        doing("every health")
        async with asyncio.timeout(_JUDGED):
            await _all_told(looker, listens)
        fleet.report(rate=_CHANGES)
        await asyncio.sleep(_CHANGING)
        fleet.report(rate=0)
        until_now, began, at = tree.cpu(listens.pid), time.monotonic(), time.time()
    took = time.monotonic() - began
    found = [file.stat() for file in files.glob("*.checkpoint")]
    anew = sum(1 for each in found if each.st_mtime >= at)
    return [
        (
            "streams, and their files",
            f"{streams}, {len(found)} of {sum(f.st_size for f in found) / 1e6:.0f} MB",
        ),
        ("written as it stopped", f"{anew} files"),
        (
            "from the signal to its end",
            f"{took:.1f} s, {_ended_children() - before - until_now:.1f} s of CPU",
        ),
    ]


async def _started(
    configs: Sequence[Path], directory: Path, looker: Viewer, services: Sequence[str], clusters: int
) -> list[_Moment]:
    """The moments of `_PHASES`."""
    made: list[_Moment] = []
    began = time.monotonic()
    with portal(configs, directory / "again.log") as listens:

        def reached() -> None:
            made.append(_Moment(time.monotonic() - began, tree.cpu(listens.pid)))

        reached()
        async with asyncio.timeout(_PATIENCE):
            await _all_told(looker, listens)
            reached()
            for service in services:
                await _shown(looker, listens, service, clusters)
                reached()
    return made


async def _all_told(looker: Viewer, listens: Portal) -> None:
    """Until the list tells how every service is that runs on a cluster: all but the catalog's own location."""
    while True:
        found = msgspec.json.decode((await looker.get(listens, _LIST)).body, type=_List).services
        if sum(1 for each in found if each.health) >= len(found) - 1:
            return
        await asyncio.sleep(0.05)


async def _shown(looker: Viewer, listens: Portal, service: str, clusters: int) -> None:
    """Open the page of a service and stay until it shows what runs on each of its clusters."""
    await looker.get(listens, Portal.page(service))
    async with looker.live(listens, service) as screens:
        async for screen in screens:
            if screen.running >= clusters:
                return
    raise ConnectionError(f"{service}: the page was not kept current until it had all {clusters} clusters")


def _ended_children() -> float:
    """CPU seconds of the processes of ours that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
