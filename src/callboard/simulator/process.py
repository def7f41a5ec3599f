"""The simulator as a process of its own: a fleet, its kubeconfig, its control port, until it is told to stop."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import uvloop

from callboard.base.errors import UsageError
from callboard.simulator.control import control_port
from callboard.simulator.fleet import Fleet

__all__ = ["run", "serve"]


def _say(line: str) -> None:
    """One line for whoever started us."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _writable(kubeconfig: Path) -> None:
    folder = kubeconfig.absolute().parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(
            f"{kubeconfig} cannot be written: {folder} is not there, or is not ours to write in; name another place with "
            "--kubeconfig.",
            code="kubeconfig-unwritable",
        )


async def serve(
    *,
    stop: asyncio.Event,
    clusters: int = 5,
    base_port: int = 0,
    kubeconfig: Path | None = None,
    scenario: Path | str = "demo",
    seed: int | str = 1,
    speed: float = 1.0,
    stop_with_stdin: bool = False,
    control: int | None = None,
) -> None:
    """Serve a fleet until `stop` is set or (with `stop_with_stdin`) stdin ends.

    Prints one line per cluster (`name url`), then `ready N clusters …`. `control` is the port of the loopback control API
    (0: any).
    """
    if kubeconfig is not None:
        _writable(kubeconfig)
    async with (
        Fleet.start(scenario, seed=seed, clusters=clusters, speed=speed, base_port=base_port) as fleet,
        control_port(fleet, control) as at,
    ):
        if kubeconfig is not None:
            fleet.kubeconfig(kubeconfig)
        for cluster in fleet:
            _say(f"{cluster.name} {cluster.url}")
        if at:
            _say(f"control {at}")
        _say(f"ready {len(fleet)} clusters" + (f" kubeconfig {kubeconfig}" if kubeconfig else ""))
        if not stop_with_stdin:
            await stop.wait()
            return
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        async with asyncio.TaskGroup() as tasks:
            closed = tasks.create_task(_closed(reader, stop))
            await stop.wait()
            closed.cancel()


async def _closed(reader: asyncio.StreamReader, stop: asyncio.Event) -> None:
    while await reader.read(4096):
        continue
    stop.set()


def run(
    *,
    clusters: int = 5,
    base_port: int = 0,
    kubeconfig: Path | None = None,
    scenario: Path | str = "demo",
    seed: int | str = 1,
    speed: float = 1.0,
    stop_with_stdin: bool = False,
    control: int | None = None,
) -> None:
    """Run `serve` in an event loop of its own, until SIGTERM or SIGINT too."""

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await serve(
            stop=stop,
            clusters=clusters,
            base_port=base_port,
            kubeconfig=kubeconfig,
            scenario=scenario,
            seed=seed,
            speed=speed,
            stop_with_stdin=stop_with_stdin,
            control=control,
        )

    uvloop.run(main())
