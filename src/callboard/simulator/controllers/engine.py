"""Discrete-event time for one cluster: timers and a work queue, run up to a moment. Nothing here sleeps."""

import heapq
import logging
from collections.abc import Callable
from typing import Protocol

from callboard.simulator.machinery.collection import Change, Collection, Key, Record
from callboard.simulator.machinery.events import Recorder
from callboard.simulator.machinery.naming import Naming
from callboard.simulator.machinery.store import ObjectStore
from callboard.simulator.machinery.times import Timeline

__all__ = ["Controller", "Engine", "World"]

_log = logging.getLogger(__name__)

_MOST_STEPS = 2_000_000
"""Reconciles in one run before we say that two controllers fight."""
_MOST_FAILURES = 1000
"""In one run; what is left waits for the next."""


class _UnsettledControllers(RuntimeError):
    """Two controllers fight: running on would never end."""


class Reconciler(Protocol):
    def reconcile(self, namespace: str, name: str) -> None: ...


class Engine:
    """Runs what is due. `time` is the cluster's present: it moves with the timers, then catches up with the timeline."""

    def __init__(self, timeline: Timeline, start: float | None = None) -> None:
        self.timeline = timeline
        self.time = timeline.now() if start is None else start
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._work: dict[tuple[Reconciler, str, str], None] = {}
        self._running = False
        self.halted = False
        """Nobody acts on what changes, as in a cluster without its controller manager: objects stay as they are put."""

    def now(self) -> float:
        return self.time

    @property
    def present(self) -> float:
        """Where the timeline is; ahead of `time` while history is being made."""
        return self.timeline.now()

    def at(self, moment: float, call: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._timers, (moment, self._count, call))

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        self.at(self.time + seconds, call)

    def enqueue(self, reconciler: Reconciler, namespace: str, name: str) -> None:
        if not self.halted:
            self._work[(reconciler, namespace, name)] = None

    @property
    def next_due(self) -> float | None:
        if self._work:
            return self.time
        return self._timers[0][0] if self._timers else None

    def run(self) -> None:
        """Do everything due until now. Re-entry (a controller's own write) does nothing."""
        if self._running:
            return
        self._running = True
        try:
            target = self.timeline.now()
            self._settle()
            while self._timers and self._timers[0][0] <= target:
                moment, _, call = heapq.heappop(self._timers)
                self.time = max(self.time, moment)
                call()
                self._settle()
            self.time = max(self.time, target)
        finally:
            self._running = False

    def run_on(self) -> None:
        """`run`, for a server: an object whose fields no controller can act on is told in the log and costs nothing else."""
        for _ in range(_MOST_FAILURES):
            try:
                self.run()
            except _UnsettledControllers:
                raise
            except Exception:
                _log.exception("a controller could not act on an object: it is left as it is")
            else:
                return

    def _settle(self) -> None:
        steps = 0
        while self._work:
            work = next(iter(self._work))
            del self._work[work]
            reconciler, namespace, name = work
            reconciler.reconcile(namespace, name)
            steps += 1
            if steps > _MOST_STEPS:
                raise _UnsettledControllers(
                    f"controllers do not settle; last was {type(reconciler).__name__} on {namespace}/{name}"
                )


class World:
    """What every controller works with."""

    def __init__(self, store: ObjectStore, engine: Engine, recorder: Recorder) -> None:
        self.store = store
        self.engine = engine
        self.events = recorder
        self._watchers: dict[tuple[str, str], list[tuple[Reconciler, Callable[[Record], list[Key]]]]] = {}
        store.observe(self._changed)

    @property
    def naming(self) -> Naming:
        return self.store.naming

    def watch(
        self, group: str, plural: str, reconciler: Reconciler, keys: Callable[[Record], list[Key]]
    ) -> None:
        """Queue `reconciler` for the keys `keys` makes of every changed object of this type."""
        self._watchers.setdefault((group, plural), []).append((reconciler, keys))

    def _changed(self, collection: Collection, change: Change) -> None:
        for reconciler, keys in self._watchers.get(collection.kind.key, ()):
            for namespace, name in keys(change.record):
                self.engine.enqueue(reconciler, namespace, name)


class Controller:
    """Base of the controllers: watches its own kind, and what its objects own."""

    own: tuple[str, str] = ("", "")
    kind = ""
    owns: tuple[tuple[str, str], ...] = ()

    def __init__(self, world: World) -> None:
        self.world = world
        self.store = world.store
        self.engine = world.engine
        self._planned: dict[Key, float] = {}
        world.watch(*self.own, self, lambda record: [record.key])
        for owned in self.owns:
            world.watch(*owned, self, self._owner)

    def _owner(self, record: Record) -> list[Key]:
        for owner in record.tree["metadata"].get("ownerReferences", ()):
            if owner["kind"] == self.kind and owner.get("controller"):
                return [(record.key[0], owner["name"])]
        return []

    def again(self, seconds: float, namespace: str, name: str) -> None:
        """Reconcile once more, later; one plan an object, the earliest (whoever is woken asks again)."""
        due = self.engine.now() + seconds
        key = (namespace, name)
        if self.engine.now() < self._planned.get(key, 0.0) <= due:
            return
        self._planned[key] = due

        def wake() -> None:
            if self._planned.get(key) == due:
                del self._planned[key]
            self.engine.enqueue(self, namespace, name)

        self.engine.at(due, wake)

    def reconcile(self, namespace: str, name: str) -> None:
        raise NotImplementedError
