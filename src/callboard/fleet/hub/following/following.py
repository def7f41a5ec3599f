"""All services at once: the streams that their healths need are kept, and each change is told by the services it touches."""

import asyncio
from collections import Counter
from collections.abc import Collection

import structlog

from callboard.base.errors import CallboardError
from callboard.extend.following import FollowedCluster, Touched
from callboard.extend.parts import Located
from callboard.fleet.hub.following.followed import Followed, FollowedAs
from callboard.fleet.hub.following.services import Interest, ServiceIndex
from callboard.fleet.hub.holdings.holdings import Labels
from callboard.fleet.selection.selection import namespaces_of, select, selector_of, types_of
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.entity import Entity, EntityRef
from callboard.model.resource import KNOWN_TYPES, ResourceType
from callboard.model.selector import LabelSelector
from callboard.model.snapshot import CHILD_TYPES, ClusterSnapshot, Notice

__all__ = ["LOOK_FOR_CLUSTERS", "HubFollowing"]

LOOK_FOR_CLUSTERS = 10.0
"""Seconds between two looks whether there are other clusters, or other credentials, than before."""
MOST_LEARNT = 50
"""Selectors of workloads kept for one service on one cluster: those whose pods lack the service's label."""

log = structlog.get_logger(__name__)


class _Service:
    """One entity, what it selects, and what its workloads select beyond that, by cluster."""

    def __init__(self, entity: Entity, base: Interest) -> None:
        self.entity = entity
        self.base = base
        self.learnt: dict[str, frozenset[Interest]] = {}

    def interests(self) -> Collection[Interest]:
        return {self.base: None, **dict.fromkeys(i for found in self.learnt.values() for i in found)}


class HubFollowing:
    """Implements `extend.Following`. What is untaken is bounded by the number of services and clusters."""

    def __init__(self, as_whom: FollowedAs, caller: Caller) -> None:
        self._tools = as_whom
        self._caller = caller
        self._index: ServiceIndex[EntityRef] = ServiceIndex()
        self._services: dict[EntityRef, _Service] = {}
        self._namespaces: Counter[str] = Counter()
        self._clusters: dict[str, Followed] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._touched: dict[str, set[EntityRef]] = {}
        self._whole: set[str] = set()
        self._notices: tuple[Notice, ...] = ()
        self._news = asyncio.Event()

    # ---- what is followed

    def put(self, entity: Entity) -> None:
        """Follow this entity, or its new state."""
        namespaces = namespaces_of(entity)[0]
        base = Interest(selector_of(entity), namespaces)
        self.drop(entity.ref)
        self._services[entity.ref] = _Service(entity, base)
        self._index.put(entity.ref, (base,))
        self._namespaces.update(namespaces)
        if namespaces:
            self._rescope()

    def drop(self, ref: EntityRef) -> None:
        """Follow it no more."""
        service = self._services.pop(ref, None)
        if service is not None:
            self._index.drop(ref)
            self._namespaces -= Counter(service.base.namespaces)
            for touched in self._touched.values():
                touched.discard(ref)

    # ---- what has happened

    def take(self) -> Collection[Touched]:
        """What has been touched since the last call."""
        self._news.clear()
        touched, self._touched = self._touched, {}
        whole, self._whole = self._whole, set()
        return [Touched(name, frozenset(touched.get(name, ())), name in whole) for name in {*touched, *whole}]

    async def wait(self) -> None:
        """Until `take` has something."""
        await self._news.wait()

    def clusters(self) -> dict[str, FollowedCluster]:
        """The clusters, by name, as of now."""
        return {name: each.state() for name, each in self._clusters.items()}

    def notices(self) -> tuple[Notice, ...]:
        """What a person should know about how the clusters were found."""
        return self._notices

    async def located(self, entity: Entity) -> Located:
        """Those it may run on, and what a person should know about how that was decided."""
        clusters = [each.cluster for each in self._clusters.values()]
        found = await self._tools.parts.locator.locate(entity, clusters, self._caller)
        return Located(found.clusters, (*found.notices, *namespaces_of(entity)[1]))

    def read(self, entity: Entity, cluster: str) -> ClusterSnapshot | None:
        """What is held of the entity there."""
        followed = self._clusters.get(cluster)
        if followed is None:
            return None
        selection = select(entity, cluster, self._tools.kubernetes, followed.custom).selection
        found = followed.read(selection)
        if found is not None:
            self._learn(entity.ref, cluster, found)
        return found

    def _learn(self, ref: EntityRef, cluster: str, found: ClusterSnapshot) -> None:
        """Remember by which labels the service's children without its own label are known."""
        service = self._services.get(ref)
        if service is None or not (found.references or service.learnt):
            return
        asked = {(o.question.label_selector, o.question.namespace) for o in found.references}
        learnt = frozenset(
            Interest(LabelSelector.parse(text), (namespace,))
            for text, namespace in sorted(asked)[:MOST_LEARNT]
            if text
        )
        if learnt != service.learnt.get(cluster, frozenset()):
            if learnt:
                service.learnt[cluster] = learnt
            else:
                service.learnt.pop(cluster, None)
            self._index.put(ref, service.interests())

    def _changed(self, cluster: str, namespace: str, before: Labels | None, after: Labels | None) -> None:
        """Called by every shared stream for every change of an object."""
        if after and (found := self._index.touched(after, namespace)):
            self._touch(cluster, found)
        if before and before != after and (found := self._index.touched(before, namespace)):
            self._touch(cluster, found)

    def _touch(self, cluster: str, refs: Collection[EntityRef]) -> None:
        touched = self._touched.get(cluster)
        if touched is None:
            touched = self._touched[cluster] = set()
            self._news.set()
        touched.update(refs)

    def _cluster_changed(self, cluster: str) -> None:
        self._whole.add(cluster)
        self._news.set()

    # ---- running

    async def run(self) -> None:
        """Listen until cancelled."""
        end = self._tools.hub.tell(self._changed)
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    try:
                        supplied = await self._tools.parts.clusters.supplied(self._caller)
                    except CallboardError as error:
                        log.warning(
                            "which clusters there are could not be told; it is asked again in a moment",
                            why=error.message,
                        )
                    else:
                        self._follow(supplied.clusters, group)
                        if self._notices != supplied.notices:
                            self._notices = supplied.notices
                            self._news.set()
                    await asyncio.sleep(LOOK_FOR_CLUSTERS)
        finally:
            end()
            for followed in self._clusters.values():
                followed.release()
            self._clusters.clear()

    def _follow(self, clusters: Collection[Cluster], group: asyncio.TaskGroup) -> None:
        known = {c.name: c for c in clusters}
        for name, followed in list(self._clusters.items()):
            if known.get(name) != followed.cluster:
                self._tasks.pop(name).cancel()
                followed.release()
                del self._clusters[name]
                self._cluster_changed(name)
        for name, cluster in known.items():
            if name not in self._clusters:
                followed = self._clusters[name] = Followed(
                    self._tools, cluster, self._caller, self._cluster_changed, self._changed
                )
                followed.scope(self._types(), self._namespaces)
                self._tasks[name] = group.create_task(followed.run(), name=f"follow {name}")
                self._cluster_changed(name)

    def _rescope(self) -> None:
        for followed in self._clusters.values():
            followed.scope(self._types(), self._namespaces)

    def _types(self) -> tuple[ResourceType, ...]:
        """What a verdict looks at: the types of every selection, and those of children."""
        types = types_of(self._tools.kubernetes)
        keys = {t.key for t in types}
        return (*types, *(t for t in KNOWN_TYPES if t.key in CHILD_TYPES and t.key not in keys))
