"""All clusters of a replay behind their ports, plain and TLS, and the clock that lets their pods change."""

import asyncio
import datetime
import gc
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from bench.replay.cluster import ReplayCluster
from bench.replay.connection import ReplayConnection
from bench.replay.counters import Counters
from callboard.simulator.kubeconfig import KubeconfigEntry, write_kubeconfig
from callboard.simulator.serving.certificates import Authority, server_context

__all__ = ["Replay"]

_TICK: Final = 0.01
"""Seconds between two turns of the clock."""
_MOMENT: Final = 0.05
"""Seconds until connections are cut: whoever told us to has the answer by then."""


class Replay:
    """Clusters that share a certificate authority, counters and a rate of change. `replay[0]` is the first of them.

    Who asks is not checked: any token and none are let in. A request below `/replay` on any port controls it:
    `GET /replay` gives the report, `GET /replay?rate=5000&changing=8&delay=0.05` sets what is named (see
    `Counters`) and gives the report, too. `touch=SERVICE` lets a pod of that service change, in the next cluster at each
    call; `expire=3` lets the first three clusters forget their history, `drop=3` cuts their connections a moment later.
    """

    def __init__(self, clusters: list[ReplayCluster], authority: Authority) -> None:
        self.clusters = clusters
        self.ca_pem = authority.pem
        self.counters = Counters()
        self._authority = authority
        self._turn = 0
        self._touches = 0

    def __iter__(self) -> Iterator[ReplayCluster]:
        return iter(self.clusters)

    def __len__(self) -> int:
        return len(self.clusters)

    def __getitem__(self, index: int) -> ReplayCluster:
        return self.clusters[index]

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        *,
        clusters: int = 1,
        pods: int = 50,
        seed: str = "1",
        rate: float = 0.0,
        delay: float = 0.0,
        keep: int = 500,
    ) -> AsyncIterator["Replay"]:
        """Build and serve; it stops when the block is left.

        `pods` is per cluster, `rate` changes to pods a second over all clusters, `delay` seconds before each answer,
        `keep` how many changes of a cluster a watch may resume over.
        """
        now = datetime.datetime.now(datetime.UTC)
        gc.disable()  # building makes a million dicts and no garbage cycles
        try:
            made = [
                ReplayCluster(f"replay-{number:02d}", seed=seed, pods=pods, keep=keep, now=now)
                for number in range(clusters)
            ]
        finally:
            gc.enable()
        replay = cls(made, Authority())
        replay.counters.rate, replay.counters.delay = rate, delay
        servers: list[asyncio.Server] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                await replay._listen(servers)
                clock = tasks.create_task(replay._run(), name="replay-clock")
                try:
                    yield replay
                finally:
                    clock.cancel()
        finally:
            for server in servers:
                server.close()
            for connection in list(replay.counters.open):
                if isinstance(connection, ReplayConnection):
                    connection.close()

    def entries(self, *, tls: bool = True) -> list[KubeconfigEntry]:
        """What clients need."""
        return [
            KubeconfigEntry(c.name, c.tls_url if tls else c.url, self.ca_pem if tls else "", "replay")
            for c in self
        ]

    def kubeconfig(self, path: Path, *, tls: bool = True) -> Path:
        """Write a kubeconfig (mode 0600) with a context per cluster."""
        return write_kubeconfig(path, self.entries(tls=tls))

    def change(self, count: int = 1) -> None:
        """Let `count` pods change, cluster by cluster."""
        for _ in range(count):
            self._turn = (self._turn + 1) % (self.counters.changing or len(self.clusters))
            self.counters.changes += self.clusters[self._turn].change()

    def touch(self, service: str) -> None:
        """Let a pod of a service change, and nothing else of that service from now on, in the next cluster at each call."""
        self.clusters[self._touches % len(self.clusters)].touch(service)
        self._touches += 1
        self.counters.touched = time.monotonic()

    def drop(self, clusters: int) -> None:
        """Cut all connections of the first clusters."""
        cut = self.clusters[:clusters]
        for connection in list(self.counters.open):
            if isinstance(connection, ReplayConnection) and connection.cluster in cut:
                connection.close()

    async def _listen(self, servers: list[asyncio.Server]) -> None:
        loop = asyncio.get_running_loop()
        context = server_context(self._authority.server(), self.ca_pem)
        for cluster in self.clusters:
            for tls in (None, context):

                def connect(cluster: ReplayCluster = cluster) -> ReplayConnection:
                    return ReplayConnection(cluster, self.counters, self._control)

                server = await loop.create_server(connect, "127.0.0.1", 0, ssl=tls, backlog=512)
                servers.append(server)
                port = server.sockets[0].getsockname()[1]
                if tls is None:
                    cluster.url = f"http://127.0.0.1:{port}"
                else:
                    cluster.tls_url = f"https://127.0.0.1:{port}"

    async def _run(self) -> None:
        """Make the changes that are due; what a busy loop misses is counted, not made up for in a burst."""
        loop = asyncio.get_running_loop()
        due, last = 0.0, loop.time()
        while True:
            await asyncio.sleep(_TICK)
            now = loop.time()
            due += (now - last) * self.counters.rate
            last = now
            most = max(self.counters.rate * _TICK * 20, 1.0)
            if due > most:
                self.counters.behind += int(due - most)
                due = most
            made = self.counters.changes
            while self.counters.changes - made + 1 <= due:
                self.change()
            due -= self.counters.changes - made

    def _control(self, method: str, target: str) -> bytes | None:
        path, _, query = target.partition("?")
        if method != "GET" or path != "/replay":
            return None
        for name, text in parse_qsl(query):
            if name == "touch":
                self.touch(text)
                continue
            try:
                value = float(text)
            except ValueError:
                return None
            if name == "rate":
                self.counters.rate = value
            elif name == "delay":
                self.counters.delay = value
            elif name == "changing":
                self.counters.changing = max(0, min(int(value), len(self.clusters)))
            elif name == "expire":
                for cluster in self.clusters[: int(value)]:
                    cluster.expire()
            elif name == "drop":
                asyncio.get_running_loop().call_later(_MOMENT, self.drop, int(value))
        return msgspec.json.encode(self.counters.report())
