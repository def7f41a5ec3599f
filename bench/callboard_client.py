"""The measured process of Callboard: lists, watches or holds pods as the hub does, in the form and the index it keeps.

Each line of stdin is the settings of one round, each line of stdout its Round.
"""

import asyncio
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import uvloop

from bench.processes import Round
from callboard.base.clock import SystemClock
from callboard.base.secret import Secret
from callboard.fleet.hub.holdings.holdings import Holdings
from callboard.kube.connection.connection import Connection, Connections
from callboard.kube.ingest.packing import Packer
from callboard.kube.limits import Limits
from callboard.kube.reads.lists import Listed, list_objects
from callboard.kube.watching.watch import Delete, Reset, Upsert, watch_together
from callboard.model.cluster import Cluster, Credential, CredentialKind, Trust
from callboard.model.objects import Body, KubeObject, PackedObject
from callboard.model.outcome import Freshness, Question
from callboard.model.resource import DEFAULT_OBJECT_TYPES, ResourceType

_PODS = Question(DEFAULT_OBJECT_TYPES[0])
_CREDENTIAL = Credential(kind=CredentialKind.BEARER, identity="bench", token=Secret("bench"))


class Settings(msgspec.Struct, frozen=True):
    """What one round is to do: "list" or "hold" (which keeps what it read for good), both with "open" or "plain" in `form`
    for other forms than the hub's; or "watch" (counts what comes in `seconds` while `rate` pods a second change; the watches
    stay open for the next round)."""

    do: str
    urls: list[str]
    ca: str
    form: str = "kept"
    seconds: float = 0.0
    rate: float = 0.0


class Client:
    """Connections and watches that last over rounds, and what "hold" has read."""

    def __init__(self, connections: Connections, tasks: asyncio.TaskGroup) -> None:
        self._connections = connections
        self._tasks = tasks
        self._held: list[KubeObject | PackedObject] = []
        self._following: list[asyncio.Task[None]] = []
        self._lists = 0
        self._listed = asyncio.Semaphore(0)
        self._events = 0
        self._size = 0

    async def round(self, settings: Settings) -> Round:
        ways = [self._way(url, settings.ca) for url in settings.urls]
        if settings.do == "watch":
            return await self._watched(ways, settings)
        cpu, wall = time.process_time(), time.monotonic()
        found = [pod for way in ways for pod in await _listed(way, settings.form)]
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        count, release = len(found), time.process_time()
        kept = sum(len(pod.packed if isinstance(pod, PackedObject) else pod.raw) for pod in found)
        if settings.do == "hold":
            self._held += found
        else:
            del found
        release = time.process_time() - release
        return Round(cpu=cpu, wall=wall, count=count, bytes=kept, release=release, rss=_rss())

    async def _watched(self, ways: Sequence[Connection], settings: Settings) -> Round:
        if not self._following:
            self._following = [self._tasks.create_task(self._follow(way)) for way in ways]
            for _ in ways:
                await self._listed.acquire()
        lists = self._lists
        await ways[0].read("GET", "/replay", [("rate", str(settings.rate))])
        await asyncio.sleep(0.5)
        events, size = self._events, self._size
        cpu, wall = time.process_time(), time.monotonic()
        await asyncio.sleep(settings.seconds)
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        events, size = self._events - events, self._size - size
        await ways[0].read("GET", "/replay", [("rate", "0")])
        await asyncio.sleep(0.5)
        relists = self._lists - lists
        return Round(cpu=cpu, wall=wall, count=events, bytes=size, rss=_rss(), relists=relists)

    async def _follow(self, way: Connection) -> None:
        held = Holdings(_PODS, SystemClock(), lambda: None)
        async for changes in watch_together(way, _PODS, streaming_lists=False):
            for change in changes:
                if isinstance(change, Upsert):
                    held.put(change.object)
                elif isinstance(change, Delete):
                    held.delete(change.object)
                elif isinstance(change, Reset):
                    await held.replace(change.objects, change.malformed, Freshness.LIVE, change.truncated)
                    self._lists += 1
                    self._listed.release()
                    continue
                else:
                    continue
                self._events += 1
                self._size += len(change.object.packed)
            held.seen()

    def close(self) -> None:
        """End the watches."""
        for task in self._following:
            task.cancel()

    def _way(self, url: str, ca: str) -> Connection:
        trust = Trust(ca_file=ca) if url.startswith("https:") else Trust()
        return self._connections.to(Cluster(name="bench", url=url, trust=trust), _CREDENTIAL)


async def _listed(way: Connection, form: str) -> Sequence[KubeObject | PackedObject]:
    listed: Listed[KubeObject] | Listed[PackedObject]
    if form == "open":
        listed = await list_objects(way, _PODS)
    else:
        listed = await list_objects(way, _PODS, _plain if form == "plain" else Packer())
    if listed.malformed:
        raise RuntimeError(f"{len(listed.malformed)} pods could not be read")
    return listed.objects


def _plain(resource: ResourceType, body: Body, raw: bytes) -> PackedObject:
    """What the hub keeps, not packed."""
    meta = body.metadata
    labels = meta.labels or {}
    return PackedObject(resource, meta.namespace, meta.name, meta.uid, meta.resource_version, labels, raw)


def _rss() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def _main() -> None:
    limits = Limits(whole=120.0, max_objects=1_000_000)
    loop = asyncio.get_running_loop()
    async with Connections(lambda name: limits, environment={}) as connections, asyncio.TaskGroup() as tasks:
        client = Client(connections, tasks)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            made = await client.round(msgspec.json.decode(line, type=Settings))
            sys.stdout.write(msgspec.json.encode(made).decode() + "\n")
            sys.stdout.flush()
        client.close()


if __name__ == "__main__":
    uvloop.run(_main())
