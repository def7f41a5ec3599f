"""`make bench`: what reading a fleet costs, as ratios of one run. CPU is user + system of the process measured."""

import argparse
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from bench import access, beside, diagnosing, held, page, restart
from bench.drain import Drain
from bench.machine import describe, load
from bench.processes import Measured, Round, ServedFleet, measured, served
from bench.tables import say as _say
from bench.tables import spread as _spread
from bench.tables import table as _table

_SELECTOR = "labelSelector=backstage.io%2Fkubernetes-id%3Daccounts-000"
_WATCHED = 8
"""Clusters watched at once."""


def main() -> None:
    """Run the parts that were asked for and print each as a table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="What reading a fleet costs.")
    parser.add_argument("--clusters", type=int, default=40)
    parser.add_argument("--pods", type=int, default=6750, help="in each cluster")
    parser.add_argument("--rounds", type=int, default=7)
    names = [*_PARTS, *_WITH_THEIR_OWN]
    parser.add_argument("--only", choices=sorted(names), nargs="*", help="parts to run (default: all)")
    add_options(parser)
    given = parser.parse_args()
    if given.rounds < 5:
        parser.error("a median needs at least 5 rounds")
    node = shutil.which("node") or ""
    _table("Machine", ("", ""), describe(node))
    chosen = given.only or names
    if any(name in _PARTS for name in chosen):
        began = time.monotonic()
        with served(clusters=given.clusters, pods=given.pods) as fleet:
            report = fleet.report()
            _say(
                f"\nReplay: {given.clusters} clusters of {given.pods} pods, {report.rss / 2**30:.2f} GiB "
                f"(peak {report.peak_rss / 2**30:.2f}), built in {time.monotonic() - began:.0f} s"
            )
            for name in chosen:
                if name in _PARTS:
                    _PARTS[name](fleet, given.rounds, node)
    for name in chosen:
        if name in _WITH_THEIR_OWN:
            _WITH_THEIR_OWN[name](given, node)
    _say(f"\nLoad at the end: {load()}")


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the parts with fleets of their own can be told."""
    beside_ = parser.add_argument_group("backstage")
    beside_.add_argument(
        "--cells", nargs="*", default=["40x10", "40x100"], help="CLUSTERSxPODS of the service"
    )
    beside_.add_argument("--rows", nargs="*", choices=beside.ROWS, default=list(beside.ROWS))
    beside_.add_argument(
        "--encoding", choices=("gzip", "identity"), default="gzip", help="what browsers accept"
    )
    beside_.add_argument("--viewers", type=int, default=500, help="of one service at once")
    beside_.add_argument("--plain", action="store_true", help="http to the clusters instead of https")
    held_ = parser.add_argument_group("hub")
    held_.add_argument("--hub-rows", nargs="*", choices=held.ROWS, default=list(held.ROWS))
    held_.add_argument("--seconds", type=float, default=60.0, help="that the aimed rate is held")
    held_.add_argument("--rate", type=float, default=5000.0, help="changes a second aimed at")
    held_.add_argument("--core", type=int, help="the processor Callboard is pinned to (default: the last)")


def ingest(fleet: ServedFleet, rounds: int, node: str) -> None:
    """From the socket to what is kept: one whole cluster a round, in pages of 500, Callboard (its summary and redacted JSON,
    and then packed as well) and Node in turn."""
    rows = []
    forms = ("plain", "kept")
    with measured(_callboard()) as ours, measured(_node(node)) as theirs:
        for scheme in ("plain", "tls"):
            mine: dict[str, list[float]] = {form: [] for form in forms}
            release, others = [], []
            for number in range(rounds + 1):
                place = fleet.places[number % len(fleet.places)]
                settings: dict[str, object] = {
                    "do": "list",
                    "urls": [getattr(place, scheme)],
                    "ca": str(fleet.ca),
                }
                made = {form: _served_bytes(fleet, ours, {**settings, "form": form}) for form in forms}
                other, other_size = _served_bytes(fleet, theirs, settings) if node else (None, 1)
                if number:  # the first round connects and warms up
                    for form, (found, size) in made.items():
                        mine[form].append(found.cpu * 1e3 / size)
                    release.append(found.release * 1e3 / size)
                    if other:
                        others.append(other.cpu * 1e3 / other_size)
            rows.append(
                (
                    "http" if scheme == "plain" else "https",
                    *(_spread(mine[form]) for form in forms),
                    _spread(release),
                    _spread(others) if others else "no Node",
                    *(_ratio(mine[form], others) for form in forms),
                )
            )
    titles = (
        "",
        "Callboard, ms CPU/MB",
        "and packed",
        "letting go of it",
        "Node parse + stringify, ms CPU/MB",
        "Node ÷ Callboard",
        "Node ÷ and packed",
    )
    _table("From the socket to the form that is kept", titles, rows)


def _ratio(mine: Sequence[float], others: Sequence[float]) -> str:
    """Of the medians, and the lowest and highest of a round; "" where there is nothing to compare with."""
    if not others:
        return ""
    ratios = [b / a for a, b in zip(mine, others, strict=True)]
    return (
        f"{statistics.median(others) / statistics.median(mine):.1f} "
        f"(by round {min(ratios):.1f}-{max(ratios):.1f})"
    )


def memory(fleet: ServedFleet, rounds: int, node: str) -> None:
    """What a pod costs while it is held: growth of the process from round to round, a cluster each."""
    rows = []
    for title, form in (("as the hub holds it", "kept"), ("not packed", "plain"), ("open", "open")):
        with measured(_callboard()) as ours:
            held: list[Round] = []
            for place in fleet.places[: max(rounds, 5)]:
                held.append(ours.round(do="hold", urls=[place.plain], ca=str(fleet.ca), form=form))
        grown = [(b.rss - a.rss) / b.count for a, b in pairwise(held)]
        raw = statistics.median(item.bytes / item.count for item in held)
        rows.append(
            (
                title,
                f"{statistics.median(grown) / 1e3:.1f} KB",
                f"{raw / 1e3:.1f} KB",
                str(sum(item.count for item in held)),
            )
        )
    _table("Memory of a pod", ("", "growth of RSS", "of it JSON", "pods held in the end"), rows)


def watching(fleet: ServedFleet, rounds: int, node: str) -> None:
    """Changes to pods, from the socket to the hub's index, at rates the replay is told to make."""
    rows = []
    places = fleet.places[:_WATCHED]
    urls = [place.tls for place in places]
    fleet.report(changing=len(places))
    with measured(_callboard()) as ours:
        for rate in (1_000, 5_000, 10_000, 20_000):
            before = fleet.report()
            made = [
                ours.round(do="watch", urls=urls, ca=str(fleet.ca), seconds=1.0, rate=rate)
                for _ in range(rounds)
            ]
            after = fleet.report()
            rows.append(
                (
                    f"{rate}",
                    _spread([item.count / item.wall for item in made], 0),
                    _spread([item.cpu * 1e6 / max(item.count, 1) for item in made], 0),
                    f"{statistics.median(item.cpu / item.wall for item in made):.0%}",
                    f"{after.behind - before.behind}, {after.cut_off - before.cut_off}",
                    str(sum(item.relists for item in made)),
                )
            )
    fleet.report(changing=0)
    titles = (
        "asked for/s",
        "read/s",
        "µs CPU a change",
        "of a core",
        "not made, cut off by the replay",
        "relists",
    )
    _table(f"Changes to pods, read from watches over TLS of {len(places)} clusters at once", titles, rows)


def replay(fleet: ServedFleet, rounds: int, node: str) -> None:
    """What the replay itself costs, with a client that throws everything away."""
    rows = []
    for scheme in ("plain", "tls"):
        for title, path, times in (
            ("lists of a whole cluster", "/api/v1/pods", 4),
            ("pages of 500 pods", "/api/v1/pods?limit=500", 50),
            ("lists of 100 pods of a service", f"/api/v1/pods?{_SELECTOR}", 200),
        ):
            by_cpu, by_wall = [], []
            with Drain(getattr(fleet.places[0], scheme), fleet.ca) as drain:
                drain.get(path)
                for _ in range(rounds):
                    before, began = fleet.report(), time.monotonic()
                    size = sum(drain.get(path) for _ in range(times))
                    wall = time.monotonic() - began
                    by_cpu.append(size / 1e9 / (fleet.report().cpu - before.cpu))
                    by_wall.append(size / 1e9 / wall)
            rows.append(
                (f"{'http' if scheme == 'plain' else 'https'}, {title}", _spread(by_cpu), _spread(by_wall))
            )
    _table("The replay: lists", ("", "GB per CPU second", "GB per second on the clock"), rows)
    pushed = [
        (scheme, *_pushed(fleet, scheme, rate=10_000, seconds=max(rounds, 5))) for scheme in ("plain", "tls")
    ]
    titles = ("", "changes/s made", "of a core", "MB/s sent", "changes it could not make")
    _table("The replay: 10,000 changes/s over all clusters, each watched", titles, pushed)


def _pushed(fleet: ServedFleet, scheme: str, *, rate: float, seconds: float) -> tuple[str, ...]:
    drains = [Drain(getattr(place, scheme), fleet.ca) for place in fleet.places]
    try:
        for drain in drains:
            drain.ask("/api/v1/pods?watch=true&resourceVersion=99999999999")
        fleet.report(rate=rate)
        before, began = fleet.report(), time.monotonic()
        while time.monotonic() - began < seconds:
            for drain in drains:
                drain.some()
        after, wall = fleet.report(rate=0), time.monotonic() - began
    finally:
        for drain in drains:
            drain.__exit__(None, None, None)
    return (
        f"{(after.events - before.events) / wall:.0f}",
        f"{(after.cpu - before.cpu) / wall:.0%}",
        f"{(after.bytes - before.bytes) / wall / 1e6:.0f}",
        str(after.behind - before.behind),
    )


_PARTS: dict[str, Callable[[ServedFleet, int, str], None]] = {
    "ingest": ingest,
    "watching": watching,
    "memory": memory,
    "replay": replay,
}
"""Parts that share one fleet."""

_WITH_THEIR_OWN: dict[str, Callable[[argparse.Namespace, str], None]] = {
    "access": access.run,
    "backstage": beside.run,
    "diagnosing": diagnosing.run,
    "hub": held.run,
    "page": page.run,
    "restart": restart.run,
}
"""Parts that start what they need."""


def _served_bytes(fleet: ServedFleet, process: Measured, settings: dict[str, object]) -> tuple[Round, float]:
    """A round, and the megabytes that the replay sent meanwhile."""
    before = fleet.report().bytes
    made = process.round(**settings)
    return made, (fleet.report().bytes - before) / 1e6


def _callboard() -> list[str]:
    return [sys.executable, "-m", "bench.callboard_client"]


def _node(node: str) -> list[str]:
    return [node, str(Path(__file__).with_name("node_client.mjs"))] if node else [sys.executable, "-c", ""]


if __name__ == "__main__":
    main()
