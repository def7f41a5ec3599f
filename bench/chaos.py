"""What goes wrong during a soak, and when."""

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen

import msgspec

from bench.processes import ServedFleet

__all__ = ["LONG", "Chaos", "Simulated", "schedule", "simulated"]

LONG: Final = "for long: "
"""How what is told of the cluster that stays away begins."""
_ROUND: Final = 60.0
"""Seconds after which everything goes wrong again, on other clusters."""
_LONG_AWAY: Final = 600.0
"""Seconds one cluster stays away, once; of a short run a third."""


class Simulated:
    """A running simulator and the port it is told things on."""

    def __init__(self, names: list[str], url: str, token: str) -> None:
        self.names = names
        self._url = url
        self._token = token

    def do(self, **command: object) -> None:
        """Carry out a command (`callboard.simulator.control`). Raises for one that is refused."""
        request = Request(  # noqa: S310 - our own
            self._url,
            data=msgspec.json.encode(command),
            headers={"Authorization": f"Bearer {self._token}"},
            method="POST",
        )
        with urlopen(request, timeout=30) as answer:  # noqa: S310 - our own
            answer.read()


@contextmanager
def simulated(clusters: int, kubeconfig: Path) -> Iterator[Simulated]:
    """A simulator in a process of its own until the block is left."""
    command = [sys.executable, "-m", "callboard.simulator", "--stop-with-stdin", "--control-port", "0"]
    with subprocess.Popen(
        [*command, "--clusters", str(clusters), "--kubeconfig", str(kubeconfig)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        try:
            names, url, token = [], "", ""
            while not (line := process.stdout.readline()).startswith("ready"):
                if not line:
                    raise RuntimeError("the simulator did not start; what it said stands above")
                name, *rest = line.split()
                if name == "control":
                    url, token = rest
                else:
                    names.append(name)
            yield Simulated(names, url, token)
        finally:
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


class Chaos:
    """The acts. Each is a plain function that is over at once; what it begins goes on until it is taken back."""

    def __init__(self, fleet: ServedFleet, others: Simulated) -> None:
        self.fleet = fleet
        self.others = others

    def cut(self) -> None:
        """All streams of the replay break."""
        self.fleet.report(drop=len(self.fleet.places))

    def expire(self) -> None:
        """Half of the replay's clusters forget their history, and cut their streams: 410 for everyone who resumes."""
        half = len(self.fleet.places) // 2
        self.fleet.report(expire=half, drop=half)

    def on(self, mode: str, cluster: str, **more: object) -> None:
        """A cluster of the simulator misbehaves; its streams end, so that it is noticed."""
        self.others.do(do="chaos-on", mode=mode, clusters=cluster, **more)
        if not mode.startswith("watch-"):
            self.others.do(do="chaos-on", mode="watch-ends", clusters=cluster, times=60)

    def off(self, cluster: str) -> None:
        """It behaves again."""
        self.others.do(do="chaos-off", clusters=cluster)

    def all_off(self) -> None:
        """Everything behaves again."""
        self.others.do(do="chaos-off", clusters="*")


def schedule(chaos: Chaos, lasts: float) -> list[tuple[float, str, Callable[[], None]]]:
    """(second, what, act) in order: a round of everything each minute, and one cluster that is long away."""
    names = chaos.others.names
    dice = random.Random(1)  # noqa: S311 - so that a run can be repeated
    away = names[-1]
    found: list[tuple[float, str, Callable[[], None]]] = [
        (lasts * 0.2, f"{LONG}{away} goes away", lambda: chaos.on("reset", away)),
        (lasts * 0.2 + min(_LONG_AWAY, lasts / 3), f"{LONG}{away} is back", lambda: chaos.off(away)),
    ]
    begin = 0.0
    while begin + _ROUND * 0.9 <= lasts:
        refuses, hangs, gone, breaks = dice.sample(names[:-1], 4)
        found += [
            (begin + 5, "all streams of the replay cut", chaos.cut),
            (begin + 14, "410 for half of the replay", chaos.expire),
            (begin + 20, f"{refuses}: 429", _on(chaos, "too-many-requests", refuses, retry_after=1)),
            (begin + 24, f"{hangs} hangs", _on(chaos, "hang", hangs)),
            (begin + 28, f"{gone}: 410", _on(chaos, "watch-gone", gone, times=40)),
            (begin + 30, f"{breaks}: 503", _on(chaos, "unavailable", breaks)),
            (begin + 36, f"{refuses} answers", _off(chaos, refuses)),
            (begin + 44, f"{hangs} answers", _off(chaos, hangs)),
            (begin + 46, f"{gone} answers", _off(chaos, gone)),
            (begin + 48, f"{breaks} answers", _off(chaos, breaks)),
        ]
        begin += _ROUND
    return sorted(found, key=lambda each: each[0])


def _on(chaos: Chaos, mode: str, cluster: str, **more: object) -> Callable[[], None]:
    return lambda: chaos.on(mode, cluster, **more)


def _off(chaos: Chaos, cluster: str) -> Callable[[], None]:
    return lambda: chaos.off(cluster)
