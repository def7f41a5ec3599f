"""All clusters at once, each result delivered when it arrives: the objects provider named `fanOut`.

It asks anew for every look and keeps nothing afterwards. A provider that listens (shared list and watch streams) registers
beside it, gives the same snapshots, and needs nothing from here.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence

from callboard.base.clock import Clock
from callboard.base.errors import Unavailable
from callboard.base.settings import ClustersSettings, KubernetesSettings
from callboard.extend.parts import Located
from callboard.extend.registration import Parts
from callboard.fleet.asking import Asking, AskingTools
from callboard.fleet.breaker import Breakers
from callboard.fleet.gate import Gate
from callboard.fleet.observer import Observer, Unobserved
from callboard.fleet.selection import namespaces_of, selector_of
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.entity import Entity
from callboard.model.snapshot import Notice, ServiceSnapshot

__all__ = ["FanOut", "located"]

COALESCE = 0.05
"""Seconds a change waits for others to join it: 40 clusters of 13 answers each are a handful of snapshots, not 520, and
nobody sees a twentieth of a second."""
COMPOSING = 10.0
"""How many times as long as composing a snapshot took it is waited before the next: a fleet of thousands of pods, or a machine
that is busy, spends its time on answers and not on what is shown between them."""
SLOWEST = 1.0
"""Seconds that is bounded to."""

LOCATING = 10.0
"""Seconds a service locator may take: ours decide at once; a plugin's may ask somebody."""


class FanOut:
    """Implements `extend.ObjectsProvider`."""

    def __init__(
        self,
        parts: Parts,
        *,
        kubernetes: KubernetesSettings,
        clusters: ClustersSettings,
        clock: Clock,
        observer: Observer | None = None,
        breakers: Breakers | None = None,
        clock_offset: Callable[[Cluster], float | None] = lambda _: None,
        coalesce: float = COALESCE,
    ) -> None:
        self._parts = parts
        self._kubernetes = kubernetes
        self._clusters = clusters
        self._clock = clock
        self._coalesce = coalesce
        self._tools = AskingTools(
            parts=parts,
            kubernetes=kubernetes,
            clock=clock,
            observer=observer or Unobserved(),
            breakers=breakers or Breakers(lambda name: clusters.limits_of(name).breaker, clock),
            gate=Gate(clusters.concurrent),
            clock_offset=clock_offset,
        )

    async def objects(
        self, entity: Entity, caller: Caller, *, only: frozenset[str] = frozenset()
    ) -> AsyncGenerator[ServiceSnapshot, None]:
        """Snapshots, each more complete than the one before; the last is settled.

        The first names every cluster, all awaited. Afterwards at most one in COALESCE seconds (fewer where composing takes
        long), each the newest state, so a slow reader is never behind and nothing queues up. Close the iterator
        (`contextlib.aclosing`) to stop the asking.
        Raises UsageError when the entity's annotations cannot be read, Unavailable when the service locator does not answer,
        and what that raises itself.
        """
        selector_of(entity)  # an unreadable annotation is the entity's, not each cluster's
        notices = namespaces_of(entity)[1]
        supplied = await self._parts.clusters.supplied(caller)
        located = await self._located(entity, supplied.clusters, caller)
        chosen = [c for c in located.clusters if not only or c.name in only]
        news = asyncio.Event()
        asking = [
            Asking(self._tools, c, entity, caller, self._clusters.limits_of(c.name), news.set) for c in chosen
        ]
        told = (*supplied.notices, *located.notices, *notices)
        if not supplied.clusters:
            told = (*told, Notice("no-clusters", "no clusters are configured"))

        def snapshot() -> ServiceSnapshot:
            return ServiceSnapshot(
                entity=entity,
                clusters=tuple(a.snapshot for a in asking),
                notices=told,
                as_of=self._clock.now(),
            )

        first = snapshot()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(a.run(), name=f"ask {c.name}") for a, c in zip(asking, chosen, strict=True)
            ]
            for task in tasks:
                task.add_done_callback(lambda _: news.set())
            try:
                yield first
                current, pause = first, self._coalesce
                while not current.settled:
                    await self._beat(news, tasks, pause)
                    began = time.monotonic()
                    current = snapshot()
                    pause = max(self._coalesce, min(SLOWEST, COMPOSING * (time.monotonic() - began)))
                    yield current
            except GeneratorExit:
                # The reader has left. Nothing may be yielded from here, and nothing raised into the group.
                return
            finally:
                for task in tasks:
                    task.cancel()

    async def _located(self, entity: Entity, clusters: Sequence[Cluster], caller: Caller) -> Located:
        try:
            async with asyncio.timeout(LOCATING):
                return await self._parts.locator.locate(entity, clusters, caller)
        except TimeoutError:
            raise Unavailable(
                f"the service locator did not say within {LOCATING:g} seconds where this service may run",
                code="locator-late",
            ) from None

    def asking(self, cluster: Cluster, entity: Entity, caller: Caller, changed: Callable[[], None]) -> Asking:
        """One look at one cluster, not yet begun; `changed` is called whenever its snapshot grew."""
        return Asking(self._tools, cluster, entity, caller, self._clusters.limits_of(cluster.name), changed)

    async def _beat(self, news: asyncio.Event, tasks: Sequence["asyncio.Task[None]"], pause: float) -> None:
        """Wait for a change, then long enough for others to join it, or until every task has ended."""
        await news.wait()
        await asyncio.wait(tasks, timeout=pause)
        news.clear()


async def located(
    parts: Parts, entity: Entity, caller: Caller, only: frozenset[str]
) -> tuple[list[Cluster], tuple[Notice, ...]]:
    """The clusters to look at for an entity, and what a person should know about how they were found. Raises UsageError
    when the entity's annotations cannot be read, and what the service locator raises."""
    selector_of(entity)  # an unreadable annotation is the entity's, not each cluster's
    notices = namespaces_of(entity)[1]
    supplied = await parts.clusters.supplied(caller)
    found = await parts.locator.locate(entity, supplied.clusters, caller)
    told = (*supplied.notices, *found.notices, *notices)
    if not supplied.clusters:
        told = (*told, Notice("no-clusters", "no clusters are configured"))
    return [c for c in found.clusters if not only or c.name in only], told
