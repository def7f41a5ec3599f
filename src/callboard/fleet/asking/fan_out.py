"""All clusters at once, each result delivered when it arrives: the objects provider named `fanOut`.

It asks anew each time and keeps nothing afterwards. A provider that listens (shared list and watch streams) registers
beside it, gives the same snapshots, and needs nothing from here.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress

from callboard.base.clock import Clock
from callboard.base.settings import ClustersSettings, KubernetesSettings
from callboard.extend.registration import Parts
from callboard.fleet.asking.asking import Asking, AskingTools
from callboard.fleet.asking.breaker import Breakers
from callboard.fleet.asking.gate import ClusterGate
from callboard.fleet.observer import Observer, Unobserved
from callboard.fleet.selection.locating import located
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.entity import Entity
from callboard.model.snapshot import ServiceSnapshot

__all__ = ["FanOut"]

COALESCE = 0.25
"""Seconds a change waits for others to join it: 40 clusters of 13 answers each are a handful of snapshots, not 520. The first
cluster that tells how the service is does not wait, nor does the end: most are over before a reader has read the first."""
LEADING = 2
"""Clusters that are asked before the others."""
LEAD = 0.01
"""Seconds by which they are. Forty clusters are hundreds of questions to write and answers to read: those of the first are
read, drawn and on their way before the others' come in."""
COMPOSING = 10.0
"""How many times as long as composing a snapshot took it is waited before the next: a fleet of thousands of pods, or a machine
that is busy, spends its time on answers and not on what is shown between them."""
SLOWEST = 1.0
"""Seconds that is bounded to."""


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
            gate=ClusterGate(clusters.concurrent),
            clock_offset=clock_offset,
        )

    async def objects(
        self, entity: Entity, caller: Caller, *, only: frozenset[str] = frozenset()
    ) -> AsyncGenerator[ServiceSnapshot, None]:
        """Snapshots, each more complete than the one before; the last is settled.

        The first names every cluster, all awaited. Afterwards at most one in COALESCE seconds (fewer where composing takes
        long), each the newest state, so a slow reader is never behind and nothing queues up. Close the iterator
        (`contextlib.aclosing`) to stop the asking.
        Raises UsageError when the entity's annotations cannot be read.
        """
        chosen, told = await located(self._parts, entity, caller, only)
        following = _NextSnapshot()
        others = asyncio.Event()
        asking = [
            Asking(
                self._tools,
                c,
                entity,
                caller,
                self._clusters.limits_of(c.name),
                following.changed,
                telling=following.telling,
                after=others if number >= LEADING else None,
            )
            for number, c in enumerate(chosen)
        ]

        def snapshot() -> ServiceSnapshot:
            return ServiceSnapshot(
                entity=entity,
                clusters=tuple(a.snapshot for a in asking),
                notices=told,
                as_of=self._clock.now(),
            )

        lead = asyncio.get_running_loop().call_later(LEAD, others.set)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(a.run(), name=f"ask {c.name}") for a, c in zip(asking, chosen, strict=True)
            ]
            following.until(tasks, asking)
            try:
                await asyncio.sleep(0)  # as whom is asked, and what, is mostly known without waiting
                current, pause = snapshot(), self._coalesce
                yield current
                while not current.settled:
                    await following.next(pause)
                    began = time.monotonic()
                    current = snapshot()
                    pause = max(self._coalesce, min(SLOWEST, COMPOSING * (time.monotonic() - began)))
                    yield current
            except GeneratorExit:
                # The reader has left. Nothing may be yielded from here, and nothing raised into the group.
                return
            finally:
                lead.cancel()
                for task in tasks:
                    task.cancel()

    def asking(self, cluster: Cluster, entity: Entity, caller: Caller, changed: Callable[[], None]) -> Asking:
        """One cluster asked once, not yet begun; `changed` is called whenever its snapshot grew."""
        return Asking(self._tools, cluster, entity, caller, self._clusters.limits_of(cluster.name), changed)


class _NextSnapshot:
    """When the next snapshot is due: a change waits for others to join it, but not the first cluster that tells how the service
    is, nor the end of all, nor that of most where the rest has not answered anything: nobody waits for those who hang."""

    def __init__(self) -> None:
        self._news = asyncio.Event()
        self._due = asyncio.Event()
        self._told = False
        self._asking: Sequence[Asking] = ()
        self._open = 0

    def changed(self) -> None:
        """A cluster's snapshot grew."""
        self._news.set()

    def telling(self) -> None:
        """All that decides is known of a cluster."""
        if not self._told:
            self._told = True
            self._due.set()

    def until(self, tasks: Sequence["asyncio.Task[None]"], asking: Sequence[Asking]) -> None:
        """These are what is waited for."""
        self._asking, self._open = asking, len(tasks)
        for task in tasks:
            task.add_done_callback(self._ended)

    async def next(self, pause: float) -> None:
        """Wait for a change, then at most `pause` seconds."""
        await self._news.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._due.wait()
        self._news.clear()
        if self._open:
            self._due.clear()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._open -= 1
        self._news.set()
        if self._open <= len(self._asking) // 2 and self._open <= sum(a.silent for a in self._asking):
            self._due.set()
