"""`python -m bench.replay`: the replay as a process of its own, for benchmarks."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import msgspec
import uvloop

from bench.replay.server import Replay


async def _serve(given: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Replay.start(
        clusters=given.clusters, pods=given.pods, seed=given.seed, rate=given.rate, delay=given.delay
    ) as replay:
        if given.kubeconfig:
            replay.kubeconfig(given.kubeconfig, tls=not given.plain)
        for cluster in replay:
            _say(f"{cluster.name} {cluster.url} {cluster.tls_url}")
        if given.ca:
            given.ca.write_text(replay.ca_pem)
        _say(f"ready {len(replay)} clusters {msgspec.json.encode(replay.counters.report()).decode()}")
        if given.stop_with_stdin:
            reader = asyncio.StreamReader()
            await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
            async with asyncio.TaskGroup() as tasks:
                closed = tasks.create_task(_closed(reader, stop))
                await stop.wait()
                closed.cancel()
        else:
            await stop.wait()


async def _closed(reader: asyncio.StreamReader, stop: asyncio.Event) -> None:
    while await reader.read(4096):
        continue
    stop.set()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until SIGTERM, SIGINT or the end of stdin. Prints `name plain-url tls-url` for each cluster, then `ready …`."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.replay",
        description="Stand-in API servers of prebuilt bytes, for benchmarks.",
    )
    parser.add_argument("--clusters", type=int, default=40)
    parser.add_argument("--pods", type=int, default=6750, help="in each cluster")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--rate", type=float, default=0.0, help="watch events a second, over all clusters")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--kubeconfig", type=Path, help="file to write (mode 0600)")
    parser.add_argument("--plain", action="store_true", help="the kubeconfig names the plain http ports")
    parser.add_argument("--ca", type=Path, help="file to write the certificate authority to")
    parser.add_argument("--stop-with-stdin", action="store_true", help="stop when stdin closes")
    uvloop.run(_serve(parser.parse_args()))


main()
