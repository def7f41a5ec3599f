"""`make soak`: half an hour of churn, chaos and viewers, and whether memory, tasks and connections stay where they were.

Forty clusters: the replay, whose pods change all the time and whose streams are cut and expired; the simulator, whose clusters
refuse, hang, go away and come back; and two that are hostile from the beginning to the end (`bench.attack.hostile`). Callboard
listens to all of them, opens every service now and then, and people come and go. What it uses is noted every few seconds; at the
end nobody looks any more, nothing is broken any more, and what is left is compared with what there was before. What Callboard
logged meanwhile is kept beside it, and an error in it is one.
"""

import argparse
import asyncio
import csv
import re
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from bench import tree
from bench.attack.measure import ATTACKED, Enemy, attacked_service, hostile
from bench.chaos import LONG, Chaos, Simulated, schedule, simulated
from bench.daemons import last_lines
from bench.graph import Line, Moment, graph
from bench.inputs import callboard_config, common_config
from bench.logged import errors_of
from bench.machine import describe, load
from bench.passers_by import PassersBy
from bench.portal import Portal, portal
from bench.processes import ServedFleet, served
from bench.replay.services import services
from bench.tables import doing, say, table
from bench.trend import growth
from bench.viewer import Viewer, viewer

__all__ = ["Noted", "verdicts"]

_CLUSTERS: Final = 32
_PODS: Final = 225
_SIMULATED: Final = 6
_HOSTILE: Final = ("a watch that adds for ever", "a list without an end")
"""What the hostile ones do."""
_CHURN: Final = 100.0
"""Changes a second over the replay's clusters."""
_QUIET: Final = 20.0
"""Seconds that everyone is gone before what is left is counted: above the moments for which looks and streams wait."""
_MOST_GROWTH: Final = 0.05
"""Of the median of the resident memory, from a third of the run to its end."""
_GIVE: Final = 1.15
"""What is left at the end may be so many times what there was at the start, and ten more."""
_MOST_BROKEN: Final = 20
"""Kinds of broken openings told at the end, the frequent ones first; each stood on standard error when it happened."""
_MOST_MOMENTS: Final = 60
"""Lines through the graph; where there were more, only those of the cluster that is long away are drawn."""
_LOG: Final = Path("build/soak/callboard.log")
"""Not in the repository, however long the run: it names this machine's paths and holds links to sign in with."""
_TASKS: Final = re.compile(rb"^callboard_tasks (\S+)", re.MULTILINE)


class Noted(msgspec.Struct, frozen=True):
    """What Callboard used at one moment; `viewers` are those with an open page."""

    second: float
    rss: float
    tasks: float
    sockets: float
    viewers: float
    what: str = ""


def main() -> None:
    """Run, write the CSV and the graph, print the verdicts; exit 1 when one of them is bad."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--viewers", type=int, default=30)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two notes")
    parser.add_argument("--seed", type=int, default=1)
    places = "directory of soak.csv and soak.svg (default: docs/images, for less than 30 minutes build/soak)"
    parser.add_argument("--out", type=Path, help=places)
    parser.add_argument(
        "--log", type=Path, default=_LOG, help=f"where Callboard's log goes (default: {_LOG})"
    )
    given = parser.parse_args()
    given.log = given.log.absolute()
    given.log.parent.mkdir(parents=True, exist_ok=True)
    out = given.out or Path("docs/images" if given.minutes >= 30 else "build/soak")
    told = describe(shutil.which("node") or "")
    table("Machine", ("", ""), told)
    with TemporaryDirectory(prefix="callboard-soak-") as folder:
        notes, happened, rows = asyncio.run(_soak(Path(folder), given))
    logged = errors_of(given.log)
    rows.append(("errors logged", str(logged), "0", not logged.count))
    out.mkdir(parents=True, exist_ok=True)
    with (out / "soak.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Noted.__struct_fields__)
        writer.writerows(msgspec.structs.astuple(n) for n in notes)
    facts = dict(told)
    note = f"{facts['date']}, commit {facts['commit']}, {given.viewers} viewers coming and going, {_CHURN:g} changes/s"
    (out / "soak.svg").write_text(
        graph(
            f"{given.minutes:g} minutes of churn, chaos and viewers",
            note,
            [n.second for n in notes],
            [
                Line("resident memory, MiB", tuple(n.rss for n in notes)),
                Line("tasks of the event loop", tuple(n.tasks for n in notes)),
                Line("open sockets", tuple(n.sockets for n in notes)),
                Line("viewers with an open page", tuple(n.viewers for n in notes)),
            ],
            happened if len(happened) <= _MOST_MOMENTS else [m for m in happened if m.title.startswith(LONG)],
        )
    )
    table(
        "Soak",
        ("", "found", "allowed", ""),
        [(*row[:3], "good" if row[3] else "**not good**") for row in rows],
    )
    say(f"\nWritten: {out}/soak.csv, {out}/soak.svg, {given.log}; load at the end {load()}")
    sys.exit(0 if all(row[3] for row in rows) else 1)


def verdicts(notes: list[Noted], before: Noted, after: Noted) -> list[tuple[str, str, str, bool]]:
    """What was found, what is allowed, and whether that is good: memory over the run, the rest with nobody there."""
    grown = growth([n.second for n in notes], [n.rss for n in notes])
    rows = [("memory grew", f"{grown:+.1%}", f"{_MOST_GROWTH:.0%}", grown <= _MOST_GROWTH)]
    for title, then, now in (
        ("tasks left", before.tasks, after.tasks),
        ("sockets left", before.sockets, after.sockets),
    ):
        most = then * _GIVE + 10
        rows.append((title, f"{now:.0f}, at the start {then:.0f}", f"{most:.0f}", now <= most))
    return rows


async def _soak(
    directory: Path, given: argparse.Namespace
) -> tuple[list[Noted], list[Moment], list[tuple[str, str, str, bool]]]:
    with ExitStack() as stack:
        fleet = stack.enter_context(served(clusters=_CLUSTERS, pods=_PODS))
        others = stack.enter_context(simulated(_SIMULATED, directory / "kubeconfig"))
        demo = stack.enter_context(
            resources.as_file(resources.files("callboard.app") / "demo_catalog" / "services.yaml")
        )
        enemy = stack.enter_context(hostile())
        config = common_config(
            fleet,
            _PODS,
            directory,
            also={f"hostile-{n}": enemy.url(attack) for n, attack in enumerate(_HOSTILE)},
            kubeconfigs=[directory / "kubeconfig"],
            catalogs=[demo, attacked_service(directory)],
        )
        own = callboard_config(directory, "hub", settings={"lookAround": "20s"})
        asked = stack.enter_context(portal([config, own], given.log))
        async with viewer() as looker:
            names = [*(s.name for s in services(_PODS)), ATTACKED]
            people = PassersBy(looker, asked, names, given.viewers, given.seed)
            run = _Run(looker, asked, fleet, people, enemy)
            try:
                return await run.whole(Chaos(fleet, others), others, given)
            except Exception:
                say(f"It broke. What Callboard said last:\n{last_lines(directory / 'hub.log')}")
                raise


class _Run:
    """The course of it."""

    def __init__(
        self, looker: Viewer, asked: Portal, fleet: ServedFleet, people: PassersBy, enemy: Enemy
    ) -> None:
        self._looker = looker
        self._enemy = enemy
        self._asked = asked
        self._fleet = fleet
        self._people = people
        self._began = time.monotonic()
        self.notes: list[Noted] = []
        self.happened: list[Moment] = []

    async def whole(
        self, chaos: Chaos, others: Simulated, given: argparse.Namespace
    ) -> tuple[list[Noted], list[Moment], list[tuple[str, str, str, bool]]]:
        lasts = given.minutes * 60
        await self._looked_at()
        await asyncio.sleep(_QUIET)
        self._fleet.report(rate=_CHURN)
        others.do(do="speed", speed=5.0)
        before, self._began = await self._note("before"), time.monotonic()
        self._enemy.tell("begin")
        async with self._noting(given.every), asyncio.TaskGroup() as group:
            coming = group.create_task(self._people.come_and_go())
            for due, what, act in schedule(chaos, lasts):
                await self._until(due)
                doing(what)
                self.happened.append(Moment(self._second(), what))
                act()
            await self._until(lasts)
            coming.cancel()
        chaos.all_off()
        self._enemy.tell("calm")
        self._fleet.report(rate=0)
        others.do(do="speed", speed=0.0)
        await asyncio.sleep(_QUIET + min(60.0, lasts / 6))
        after = await self._note("after")
        complete, asked = await self._looked_at()
        rows = verdicts(self.notes, before, after)
        rows.append(
            ("services shown whole at the end", f"{complete} of {asked}", f"{asked}", complete == asked)
        )
        said = self._people.said
        rows.append(("pages and streams opened", f"{said.opened}", "", said.opened > 0))
        broken = said.broken.total()
        rows.append(("of them refused or broken", str(broken), "0", not broken))
        rows += [
            ("", f"{count} times {words}", "", False)
            for words, count in said.broken.most_common(_MOST_BROKEN)
        ]
        return self.notes, self.happened, rows

    def _second(self) -> float:
        return time.monotonic() - self._began

    async def _until(self, second: float) -> None:
        await asyncio.sleep(max(0.0, second - self._second()))

    async def _note(self, what: str = "") -> Noted:
        text = (await self._looker.get(self._asked, "/metrics")).body
        found = _TASKS.search(text)
        return Noted(
            round(self._second(), 1),
            round(tree.rss(self._asked.pid) / 2**20, 1),
            float(found[1]) if found else 0.0,
            tree.sockets(self._asked.pid),
            self._people.open,
            what,
        )

    @asynccontextmanager
    async def _noting(self, every: float) -> AsyncIterator[None]:
        async def go_on() -> None:
            seen = 0
            while True:
                titles = "; ".join(m.title for m in self.happened[seen:])
                seen = len(self.happened)
                self.notes.append(await self._note(titles))
                await asyncio.sleep(every)

        async with asyncio.TaskGroup() as group:
            noting = group.create_task(go_on())
            try:
                yield
            finally:
                noting.cancel()

    async def _looked_at(self) -> tuple[int, int]:
        """Every service opened once, patiently: how many are shown whole, of how many."""
        complete = 0
        for name in self._people.services:
            complete += await self._whole(name)
        return complete, len(self._people.services)

    async def _whole(self, name: str) -> bool:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                got = await self._looker.get(self._asked, Portal.json(name) + "?wait=15")
            except ConnectionError:
                return False
            if b'"complete":true' in got.body:
                return True
            await asyncio.sleep(1)
        return False


if __name__ == "__main__":
    main()
