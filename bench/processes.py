"""The processes of a benchmark: the replay that serves, and the one that is measured, each by itself."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from urllib.request import urlopen

import msgspec

from bench.replay.counters import Report

__all__ = ["Measured", "Place", "Round", "ServedFleet", "measured", "served"]


class Place(msgspec.Struct, frozen=True):
    """One cluster of the replay, plain and over TLS."""

    name: str
    plain: str
    tls: str


class ServedFleet:
    """A running replay."""

    def __init__(self, places: list[Place], ca: Path, pid: int) -> None:
        self.places = places
        self.ca = ca
        self._pid = pid

    def report(self, **settings: float | str) -> Report:
        """What it has done so far; what is named (see `bench.replay.server.Replay`) is done first."""
        query = "&".join(f"{name}={value}" for name, value in settings.items())
        with urlopen(f"{self.places[0].plain}/replay?{query}", timeout=30) as answer:  # noqa: S310
            return msgspec.json.decode(answer.read(), type=Report)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Within it nothing is answered: the kernel takes connections, and nobody is behind them."""
        os.kill(self._pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._pid, signal.SIGCONT)


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One turn of a measured process. `cpu` is its user + system seconds, `wall` seconds on the clock; `count` says how many
    objects or events came, `release` the CPU seconds of letting go of them, `rss` bytes of memory at the end,
    `relists` how many watches had to begin anew."""

    cpu: float
    wall: float
    count: int
    bytes: int = 0
    release: float = 0.0
    rss: int = 0
    relists: int = 0


class Measured:
    """A process that does one round whenever it is told to."""

    def __init__(self, asked: IO[str], told: IO[str]) -> None:
        self._asked = asked
        self._told = told

    def round(self, **settings: object) -> Round:
        """Let it do one round and wait for the result."""
        self._asked.write(msgspec.json.encode(settings).decode() + "\n")
        self._asked.flush()
        line = self._told.readline()
        if not line:
            raise RuntimeError("the measured process ended; what it said stands above")
        return msgspec.json.decode(line, type=Round)


@contextmanager
def served(*, clusters: int, pods: int) -> Iterator[ServedFleet]:
    """A replay in a process of its own."""
    with TemporaryDirectory() as directory:
        ca = Path(directory) / "ca.pem"
        command = [sys.executable, "-m", "bench.replay", "--stop-with-stdin", "--ca", str(ca)]
        with _running([*command, "--clusters", str(clusters), "--pods", str(pods)]) as (process, _, told):
            places = []
            while not (line := told.readline()).startswith("ready"):
                if not line:
                    raise RuntimeError("the replay did not start; what it said stands above")
                places.append(Place(*line.split()))
            yield ServedFleet(places, ca, process.pid)


@contextmanager
def measured(command: list[str]) -> Iterator[Measured]:
    """A process that reads the settings of a round from each line of stdin and answers with a Round."""
    with _running(command) as (_, asked, told):
        yield Measured(asked, told)


@contextmanager
def _running(command: list[str]) -> Iterator[tuple[subprocess.Popen[str], IO[str], IO[str]]]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        try:
            yield process, process.stdin, process.stdout
        finally:
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
