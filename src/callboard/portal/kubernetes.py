"""One service's objects, for a caller: askings joined, visibility applied, then arranged; drawers and logs from the same."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress

import msgspec

from callboard.access.visible import visible
from callboard.base.clock import Clock
from callboard.base.errors import CallboardError, NotFound, Unavailable, UsageError
from callboard.fleet.selection import namespaces_of, selector_of
from callboard.fleet.wiring import Fleet
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Credential
from callboard.model.entity import Entity
from callboard.model.grants import Grants
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Pod
from callboard.model.outcome import Answer, Outcome, Purpose, Question
from callboard.model.resource import EVENTS
from callboard.model.snapshot import ClusterSnapshot, ClusterState, ServiceSnapshot
from callboard.portal.events import events_of
from callboard.portal.logs import read_log
from callboard.portal.objects import find_object, object_view
from callboard.portal.openings import Openings
from callboard.portal.pods import container_rows
from callboard.portal.protocol import LogQuery
from callboard.portal.sights import Sight, Sights
from callboard.portal.views import EventsPart, KubernetesView, LogView, ObjectKey, ObjectView

__all__ = ["KubernetesRoad"]

EVENTS_DEADLINE = 5.0
"""Seconds a drawer waits for its object's events; without them it opens all the same."""


MOST_SIGHTS = 4
"""Classes kept with one asking: its caller has one, and now and then another when rights change."""


class _Look(msgspec.Struct, frozen=True):
    """A snapshot, and what the caller's class sees of the asking it came from."""

    snapshot: ServiceSnapshot
    sight: Sight

    @property
    def settled(self) -> bool:
        return self.snapshot.settled

    def view(self) -> KubernetesView:
        return self.sight.view(self.snapshot)


class KubernetesRoad:
    """Joins the parts that ask with what this caller may see."""

    def __init__(
        self,
        *,
        openings: Openings,
        fleet: Callable[[], Fleet],
        grants: Callable[[Caller], Grants],
        sights: Sights,
        clock: Clock,
    ) -> None:
        self._openings = openings
        self._fleet = fleet
        self._grants = grants
        self._clock = clock
        self._sights = sights

    async def views(self, entity: Entity, caller: Caller) -> AsyncGenerator[KubernetesView, None]:
        """The tab as its clusters answer, and for as long as this is read where they are listened to. A view that is the
        same as the one before, for what this caller may see, is not given again."""
        shown: KubernetesView | None = None
        async with aclosing(self._looks(entity, caller)) as looks:
            async for look in looks:
                view = look.view()
                if view is not shown:
                    shown = view
                    yield view

    async def settled(self, entity: Entity, caller: Caller, *, within: float) -> KubernetesView:
        """The newest view when settled, or after `within` seconds; at least the first, with every cluster awaited. Only what
        is given is arranged."""
        async with aclosing(self._looks(entity, caller)) as looks:
            newest = await anext(looks, None)
            if newest is not None and not newest.settled:
                with suppress(TimeoutError):
                    async with asyncio.timeout(within):
                        async for newest in looks:
                            if newest.settled:
                                break
        if newest is None:
            raise NotFound("Nothing could be asked for this entity.")
        return newest.view()

    async def _looks(self, entity: Entity, caller: Caller) -> AsyncGenerator["_Look", None]:
        """The newest snapshot with what the caller may see of it, whenever either changes."""
        selector, (namespaces, _) = str(selector_of(entity)), namespaces_of(entity)
        grants = self._grants(caller)
        async with aclosing(self._openings.follow(entity, caller)) as following:
            async for opening, snapshot in following:
                sight = opening.sights.get(grants)
                if sight is None:
                    sight = Sight(self._sights, grants, selector=selector, namespaces=namespaces)
                    while len(opening.sights) >= MOST_SIGHTS:
                        del opening.sights[next(iter(opening.sights))]
                    opening.sights[grants] = sight
                yield _Look(snapshot, sight)

    async def object(self, entity: Entity, key: ObjectKey, caller: Caller) -> ObjectView:
        """One object with its events. Raises NotFound when it is not among the objects of this service for this caller."""
        part, obj = await self._find(entity, key, caller)
        return object_view(part, obj, await self._events(key, obj, caller), part.as_of)

    async def log(self, entity: Entity, key: ObjectKey, query: LogQuery, caller: Caller) -> LogView:
        """A container's log. Raises UsageError when the object is no pod or has no such container."""
        part, obj = await self._find(entity, key, caller)
        if not isinstance(obj.body, Pod):
            raise UsageError(f"{obj.type.title} {obj.name} has no log; open one of its pods.", code="no-log")
        rows = container_rows(obj.body)
        container = query.container or next((r.name for r in rows if r.role == "container"), "")
        if container not in {r.name for r in rows}:
            raise UsageError(f"Pod {obj.name} has no container {container!r}.", code="no-container")
        view = LogView(
            key=key, cluster=part.cluster, container=container, containers=rows, previous=query.previous
        )
        cluster, credential = await self._way(key.cluster, caller)
        return await read_log(view, obj, query, self._fleet().proxy, cluster, credential, self._clock)

    async def _find(
        self, entity: Entity, key: ObjectKey, caller: Caller
    ) -> tuple[ClusterSnapshot, KubeObject]:
        """The object in a fresh enough snapshot, else after asking its cluster alone."""
        newest = self._openings.newest(entity, caller)
        found = self._look(newest, key, caller) if newest else None
        if found is None:
            asking = self._fleet().provider.objects(entity, caller, only=frozenset({key.cluster}))
            async with aclosing(asking) as snapshots:
                async for newest in snapshots:
                    if (found := self._look(newest, key, caller)) or newest.settled:
                        break
        if found is None:
            raise _not_found(entity, key, newest)
        return found

    def _look(
        self, snapshot: ServiceSnapshot, key: ObjectKey, caller: Caller
    ) -> tuple[ClusterSnapshot, KubeObject] | None:
        for part in visible(snapshot, self._grants(caller)).clusters:
            if part.cluster.name == key.cluster and (obj := find_object(part, key)):
                return part, obj
        return None

    async def _way(self, name: str, caller: Caller) -> tuple[Cluster, Credential]:
        parts = self._fleet().parts
        clusters = await parts.clusters.clusters(caller)
        cluster = next((c for c in clusters if c.name == name), None)
        if cluster is None:
            raise NotFound(f"There is no cluster {name!r}.", code="no-such-cluster")
        return cluster, await parts.auth.credential(cluster, caller)

    async def _events(self, key: ObjectKey, obj: KubeObject, caller: Caller) -> EventsPart:
        """All events of the object, in its namespace; a refusal or silence is told as such."""
        if not obj.namespace:
            return EventsPart(
                answer=Answer.NOT_ASKED, plain="Events of cluster-scoped objects are not asked for."
            )
        if not self._grants(caller).allow(key.cluster, obj.namespace, EVENTS):
            return EventsPart(answer=Answer.FORBIDDEN, plain="Events are not granted to you.")
        question = Question(
            type=EVENTS,
            namespace=obj.namespace,
            field_selector=f"involvedObject.name={obj.name},involvedObject.kind={obj.type.title}",
            purpose=Purpose.REFERENCE,
        )
        outcomes: list[Outcome] = []
        try:
            async with asyncio.timeout(EVENTS_DEADLINE):
                cluster, credential = await self._way(key.cluster, caller)
                outcomes = [o async for o in self._fleet().parts.fetcher.ask(cluster, credential, [question])]
        except TimeoutError:
            return EventsPart(answer=Answer.LATE, plain="The events did not arrive in time.")
        except CallboardError as error:
            return EventsPart(answer=Answer.UNAUTHORIZED, plain=error.message)
        return events_of(key.cluster, [obj], outcomes)


def _not_found(entity: Entity, key: ObjectKey, snapshot: ServiceSnapshot | None) -> CallboardError:
    """Why an object is not to be had: it is not there, or it cannot be told whether it is."""
    name = f"{key.namespace}/{key.name}" if key.namespace else key.name
    part = next((c for c in snapshot.clusters if c.cluster.name == key.cluster), None) if snapshot else None
    if part is None:
        return NotFound(f"{entity.ref} has no cluster called {key.cluster}.", code="no-such-cluster")
    asked = [o for o in part.outcomes if o.question.type.key == key.type]
    if part.state is not ClusterState.ANSWERED or any(o.answer.failed for o in asked):
        words = next((o.failure.message for o in asked if o.failure), "")
        words = part.failure.message if part.failure else words or "no answer in time"
        return Unavailable(
            f"It cannot be told whether {name} is there: cluster {key.cluster} could not be asked ({words}).",
            code="cluster-unavailable",
        )
    return NotFound(
        f"Cluster {key.cluster} answered, and there is no {name} among the {key.type} of {entity.ref}: "
        "it was replaced or removed, or belongs to something else.",
        code="no-such-object",
    )
