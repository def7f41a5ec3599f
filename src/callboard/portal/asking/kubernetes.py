"""One service's objects, for a caller: askings joined, visibility applied, then arranged; drawers and logs from the same."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import NamedTuple

import msgspec

from callboard.access.visibility import Visibility
from callboard.access.visible import visible
from callboard.base.aside import aside
from callboard.base.clock import Clock
from callboard.base.errors import CallboardError, NotAllowed, NotFound, Unavailable
from callboard.extend.parts import Proxy
from callboard.fleet.selection.selection import namespaces_of, selector_of
from callboard.fleet.wiring.wiring import WiredFleet
from callboard.kube.limits import Limits
from callboard.kube.reads.access_review import Attributes
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, ClusterInfo, Credential
from callboard.model.entity import Entity, EntityRef
from callboard.model.finding import Finding
from callboard.model.grants import Grants
from callboard.model.objects import KubeObject
from callboard.model.outcome import Answer, Outcome, Purpose, Question
from callboard.model.permission import Action
from callboard.model.resource import EVENTS
from callboard.model.snapshot import ClusterSnapshot, ServiceSnapshot
from callboard.portal.arranging.events import events_of, merged
from callboard.portal.arranging.exhibits import exhibits
from callboard.portal.arranging.objects import find_object, object_view
from callboard.portal.arranging.usage import metrics_by_pod, usage_of
from callboard.portal.arranging.yaml_text import yaml_text
from callboard.portal.asking.class_views import ClassView, ClassViews
from callboard.portal.asking.feeds import SnapshotFeed, SnapshotFeeds
from callboard.portal.asking.following import LogFollowing
from callboard.portal.asking.helping import ended_run, stands_for
from callboard.portal.asking.logs import WayTo, log_view, wanted_of
from callboard.portal.asking.refused import not_found, why_not
from callboard.portal.logs.crashes import CrashLogs
from callboard.portal.logs.ended import Crashed, Ended, crashed, newest_crash, run_of
from callboard.portal.logs.follows import Follows
from callboard.portal.logs.sources import WantedLogs
from callboard.portal.permissions import no_such_cluster, whom_to_ask
from callboard.portal.protocol import LogFollow, LogQuery
from callboard.portal.views import (
    CrashLog,
    EventsPart,
    HelpView,
    KubernetesView,
    LogView,
    ObjectKey,
    ObjectView,
)

__all__ = ["GrantedView", "KubernetesRoad"]

EVENTS_AGAIN = 5.0
"""Seconds after which an object's events are asked for anew when it has changed; nothing asks while it has not."""
EVENTS_DEADLINE = 5.0
"""Seconds a drawer waits for its object's events; without them it opens all the same."""


FIRST_WORD = 0.25
"""Seconds until it is said that it is still being found out which clusters to ask: mostly that is known at once."""
PATIENCE = 2.0
"""Seconds that whoever asks for crashes waits for clusters that have not answered."""
LOGS_DEADLINE = 10.0
"""Seconds that a log may take where several are read for one page."""
MOST_SIGHTS = 4
"""Classes kept with one asking: its caller has one, and now and then another when rights change."""


class _ClassSnapshot(NamedTuple):
    """A snapshot, and what the caller's class sees of the asking it came from. `pending` says that it is still being decided
    what the caller may see."""

    feed: SnapshotFeed
    snapshot: ServiceSnapshot
    grants: Grants
    class_view: ClassView
    pending: bool

    @property
    def settled(self) -> bool:
        """Whether waiting longer would tell more."""
        return (
            self.snapshot.settled and not self.pending and not any(c.restored for c in self.snapshot.clusters)
        )

    async def view(self) -> KubernetesView:
        """Of this, or of what has come since."""
        return await self.class_view.newest(lambda: self.feed.latest or self.snapshot)


class GrantedView(NamedTuple):
    """A view, and the grants of the visibility class it is for."""

    view: KubernetesView
    grants: Grants


class KubernetesRoad:
    """Joins the parts that ask with what this caller may see."""

    def __init__(
        self,
        *,
        feeds: SnapshotFeeds,
        fleet: Callable[[], WiredFleet],
        visibility: Visibility,
        class_views: ClassViews,
        clock: Clock,
        limits_of: Callable[[str], Limits],
        contact: Callable[[], str] = lambda: "",
    ) -> None:
        self._feeds = feeds
        self._limits_of = limits_of
        self._contact = contact
        self._fleet = fleet
        self._visibility = visibility
        self._clock = clock
        self._class_views = class_views
        self._crash_logs = CrashLogs(clock, limits_of)
        self.follows = Follows(clock)
        self.drawers = Follows(clock, "objects")

    async def views(self, entity: Entity, caller: Caller) -> AsyncGenerator[GrantedView, None]:
        """The tab as its clusters answer, and for as long as this is read where they are listened to. A view that is the
        same as the one before, for what this caller may see, is not given again."""
        shown: KubernetesView | None = None
        async with aclosing(self.snapshots(entity, caller)) as snapshots:
            async for snapshot in snapshots:
                view = await snapshot.view()
                if view is not shown:
                    shown = view
                    yield GrantedView(view, snapshot.grants)

    async def settled(self, entity: Entity, caller: Caller, *, within: float) -> GrantedView:
        """The newest view when settled, or after `within` seconds; at least the first, with every cluster awaited. Only what
        is given is arranged."""
        newest = await self._newest(entity, caller, within)
        return GrantedView(await newest.view(), newest.grants)

    async def _newest(self, entity: Entity, caller: Caller, within: float) -> _ClassSnapshot:
        async with aclosing(self.snapshots(entity, caller)) as snapshots:
            newest = await anext(snapshots, None)
            if newest is not None and not newest.settled:
                with suppress(TimeoutError):
                    async with asyncio.timeout(within):
                        async for newest in snapshots:
                            if newest.settled:
                                break
        if newest is None:
            raise Unavailable("Nothing came of asking how this service is.", code="no-snapshot")
        return newest

    async def snapshots(self, entity: Entity, caller: Caller) -> AsyncGenerator[_ClassSnapshot, None]:
        """The newest snapshot with what the caller may see of it, whenever either changes."""
        selector, (namespaces, _) = str(selector_of(entity)), namespaces_of(entity)
        news = asyncio.Event()
        first_word: float | None = asyncio.get_running_loop().time() + FIRST_WORD
        with (
            self._feeds.joined(entity, caller, news.set) as feed,
            self._visibility.reader(caller, news.set) as reader,
        ):
            while True:
                news.clear()
                if feed.error is not None:
                    raise feed.error
                # As of now: while what follows is read, the last snapshot may come and the asking end.
                done = feed.done
                if feed.latest is not None:
                    latest = feed.latest
                    await self._visibility.prepared(latest, caller)
                    grants = reader.grants(latest)
                    class_view = self._class_view(feed, grants, selector, namespaces)
                    yield _ClassSnapshot(feed, latest, grants, class_view, reader.pending)
                elif done:
                    raise Unavailable("Nothing came of asking how this service is.", code="no-snapshot")
                elif first_word is not None and asyncio.get_running_loop().time() >= first_word:
                    first_word = None
                    unlocated = ServiceSnapshot(entity=entity, located=False, as_of=self._clock.now())
                    grants = reader.grants(unlocated)
                    class_view = self._class_view(feed, grants, selector, namespaces)
                    yield _ClassSnapshot(feed, unlocated, grants, class_view, True)
                if done and not reader.pending:
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(first_word if feed.latest is None else None):
                        await news.wait()

    def _class_view(
        self, feed: SnapshotFeed, grants: Grants, selector: str, namespaces: tuple[str, ...]
    ) -> ClassView:
        class_view = feed.class_views.pop(grants, None)
        if class_view is None:
            class_view = ClassView(
                self._class_views, grants, selector=selector, namespaces=namespaces, numbers=feed.numbers
            )
            while len(feed.class_views) >= MOST_SIGHTS:
                del feed.class_views[next(iter(feed.class_views))]
        feed.class_views[grants] = class_view
        return class_view

    async def object(self, entity: Entity, key: ObjectKey, caller: Caller) -> ObjectView:
        """One object with its events. Raises NotFound when it is not among the objects of this service for this caller."""
        part, obj = await self._find(entity, key, caller)
        return await self._object_view(
            entity, key, part, obj, await self._events(entity, key, obj, caller), caller
        )

    async def object_live(
        self, entity: Entity, key: ObjectKey, caller: Caller
    ) -> AsyncGenerator[ObjectView, None]:
        """The object, and again whenever something of it changes; when it is deleted that is said, and nothing more comes. Raises
        as `object` does."""
        part, obj = await self._find(entity, key, caller)
        events = await self._events(entity, key, obj, caller)
        asked = self._clock.monotonic()
        view = await self._object_view(entity, key, part, obj, events, caller)
        yield view
        shown = _shown(part, obj)
        async for found in self._whenever_it_changes(entity, key, caller):
            if found is None:
                yield msgspec.structs.replace(view, gone_at=self._clock.now(), live=False, stale="")
                return
            if (now := _shown(*found)) == shown:
                continue
            part, obj = found
            if self._clock.monotonic() - asked >= EVENTS_AGAIN or obj.meta.uid != shown[0]:
                events = await self._events(entity, key, obj, caller)
                asked = self._clock.monotonic()
            shown = now
            view = await self._object_view(entity, key, part, obj, events, caller)
            yield view

    async def _object_view(
        self,
        entity: Entity,
        key: ObjectKey,
        part: ClusterSnapshot,
        obj: KubeObject,
        events: EventsPart,
        caller: Caller,
    ) -> ObjectView:
        as_of = self._clock.now() if part.current else part.as_of
        may = await self._visibility.ruled(
            caller, Action.YAML_READ, entity.ref, key.cluster, obj.namespace, obj.type.key
        )
        yaml = refused = ""
        if may.allowed:
            yaml = await asyncio.to_thread(yaml_text, obj)
        else:
            refused = f"You may not read it: {may.by}. {whom_to_ask(entity, self._contact())}"
        view = object_view(part, obj, merged(events), yaml, as_of)
        stale = any(o.stale_since is not None for o in part.outcomes if o.question.type.key == obj.type.key)
        return msgspec.structs.replace(
            view,
            yaml_refused=refused,
            live=part.current,
            stale="The cluster does not answer at the moment: this is as it was last seen." if stale else "",
        )

    async def log(self, entity: Entity, key: ObjectKey, query: LogQuery, caller: Caller) -> LogView:
        """A container's log, or those of all that the object made. Raises UsageError where there is no such container."""
        part, obj = await self._find(entity, key, caller)
        wanted = wanted_of(part, obj, query)
        if words := await self._no_logs(entity, key, caller):
            return LogView(
                key=key,
                cluster=part.cluster,
                kind=obj.type.title,
                container=wanted.container,
                containers=wanted.containers,
                previous=query.previous,
                failure=words,
                as_of=self._clock.now(),
            )
        return await log_view(part, obj, key, wanted, query, self._way_for(key, caller), self._clock)

    async def follow(
        self,
        entity: Entity,
        key: ObjectKey,
        query: LogQuery,
        cursors: Mapping[str, str],
        caller: Caller,
        again: Callable[[], Awaitable[None]],
    ) -> AsyncGenerator[LogFollow, None]:
        """The log as it goes on. `again` raises where the caller may not read it any more, and is asked every few seconds. Raises
        what `log` raises, and NotAllowed."""
        first = await self._find(entity, key, caller)
        wanted = wanted_of(*first, query)

        async def still() -> None:
            await again()
            if words := await self._no_logs(entity, key, caller):
                raise NotAllowed(words)

        if words := await self._no_logs(entity, key, caller):
            raise NotAllowed(words)

        async def look() -> AsyncGenerator[WantedLogs | None, None]:
            yield wanted
            async for found in self._whenever_it_changes(entity, key, caller):
                yield wanted_of(*found, query) if found is not None else None

        following = LogFollowing(
            query, cursors, self._way_for(key, caller), look, still, self.follows, caller.identity
        )
        async with aclosing(following.views()) as views:
            async for view in views:
                yield view

    def _way_for(self, key: ObjectKey, caller: Caller) -> WayTo:
        async def way() -> tuple[Proxy, Cluster, Credential, Limits]:
            cluster, credential = await self._fleet().way(key.cluster, caller)
            return self._fleet().proxy, cluster, credential, self._limits_of(cluster.name)

        return way

    async def _whenever_it_changes(
        self, entity: Entity, key: ObjectKey, caller: Caller
    ) -> AsyncGenerator[tuple[ClusterSnapshot, KubeObject] | None, None]:
        """The object with its cluster, for as long as that is listened to; None when it is gone for certain, and then no more."""
        shown: ClusterSnapshot | None = None
        async with aclosing(self.snapshots(entity, caller)) as snapshots:
            async for newest in snapshots:
                there = next((c for c in newest.snapshot.clusters if c.cluster.name == key.cluster), None)
                if there is None or there is shown:
                    continue
                shown = there
                seen = await self._seen(newest.snapshot, key, caller)
                found = _found(seen, key)
                if found is not None:
                    yield found
                elif seen is not None and seen.current and seen.final and not newest.pending:
                    yield None
                    return

    async def crash(
        self, entity: Entity, key: ObjectKey, container: str, caller: Caller, *, previous: bool
    ) -> CrashLog:
        """The end of the log of one run; without a container, of the newest bad end of what the object made. Raises NotFound
        where there was none."""
        part, obj = await self._find(entity, key, caller)
        run = run_of(part.cluster, obj, container, previous=previous) if container else None
        found = (run, obj) if run else newest_crash(part, obj) if not container else None
        if found is None:
            raise NotFound(
                f"{obj.type.title} {obj.name} has no such run of a container.", code="no-container"
            )
        return await self._with_log(entity, *found, caller)

    async def crashed(self, entity: Entity, caller: Caller) -> Crashed:
        """What of the service has crashed, without a log."""
        newest = await self._newest(entity, caller, PATIENCE)
        return await aside(lambda: crashed(visible(newest.snapshot, newest.grants)))

    async def crash_logs(self, entity: Entity, runs: Sequence[Ended], caller: Caller) -> list[CrashLog]:
        """These runs with the ends of their logs, or with why there is none. What takes too long is told as such."""

        async def read(run: CrashLog, pod: KubeObject) -> CrashLog:
            try:
                async with asyncio.timeout(LOGS_DEADLINE):
                    return await self._with_log(entity, run, pod, caller)
            except TimeoutError:
                return msgspec.structs.replace(run, failure="Its log did not come in time.")
            except CallboardError as error:
                return msgspec.structs.replace(run, failure=error.message)

        async with asyncio.TaskGroup() as group:
            reading = [group.create_task(read(*each)) for each in runs]
        return [each.result() for each in reading]

    async def cluster(self, ref: EntityRef, name: str, caller: Caller) -> Cluster:
        """A cluster by its name. Raises NotFound where there is none for this caller."""
        clusters = await self._fleet().parts.clusters.clusters(caller)
        found = next((c for c in clusters if c.name == name), None)
        if found is None:
            raise no_such_cluster(ref, name)
        return found

    async def help(
        self,
        entity: Entity,
        finding: Finding,
        caller: Caller,
        *,
        before_log: Callable[[ObjectKey], None] | None,
    ) -> HelpView:
        """What helps with a finding: of the first of its pods where it is worst, else of its subject. `before_log` is told of the
        pod whose log is about to be read; None for a caller who may read none. Raises nothing for what is not there any more."""
        key = stands_for(finding)
        try:
            part, obj = await self._find(entity, key, caller)
        except CallboardError as error:
            return HelpView(key=key, cluster=ClusterInfo(name=key.cluster), gone=error.message)
        run = ended_run(finding, part, obj)
        crash = None
        if run is not None:
            crash = run[0]
            if before_log is not None:
                before_log(crash.key)
                crash = await self._with_log(entity, crash, run[1], caller)
        may = await self._visibility.ruled(
            caller, Action.YAML_READ, entity.ref, key.cluster, obj.namespace, obj.type.key
        )
        return HelpView(
            key=key,
            cluster=part.cluster,
            kind=obj.type.title,
            exhibits=exhibits(finding, part, obj, values=may.allowed),
            events=merged(await self._events(entity, key, obj, caller)),
            crash=crash,
            as_of=self._clock.now() if part.current else part.as_of,
        )

    async def _with_log(self, entity: Entity, run: CrashLog, pod: KubeObject, caller: Caller) -> CrashLog:
        if words := await self._no_logs(entity, run.key, caller):
            return msgspec.structs.replace(run, failure=words)
        cluster, credential = await self._fleet().way(run.key.cluster, caller)
        return await self._crash_logs.read(run, pod, self._fleet().proxy, cluster, credential)

    async def _no_logs(self, entity: Entity, key: ObjectKey, caller: Caller) -> str:
        """Why the policies or the cluster let this caller read no logs there; "" where it does."""
        reading = Attributes("get", "", "pods", subresource="log", namespace=key.namespace)
        why = await self._visibility.may(caller, entity.ref, key.cluster, reading)
        return why_not(why, "the logs of this namespace's pods") if why else ""

    async def _find(
        self, entity: Entity, key: ObjectKey, caller: Caller
    ) -> tuple[ClusterSnapshot, KubeObject]:
        """The object in a fresh enough snapshot, else after asking its cluster alone. Raises what may be told to somebody for
        whom hidden objects do not exist."""
        newest = self._feeds.newest(entity, caller)
        seen = await self._seen(newest, key, caller) if newest else None
        found = _found(seen, key)
        if found is None:
            asking = self._fleet().provider.objects(entity, caller, only=frozenset({key.cluster}))
            async with aclosing(asking) as snapshots:
                async for newest in snapshots:
                    seen = await self._seen(newest, key, caller)
                    if (found := _found(seen, key)) or newest.settled:
                        break
        if found is None:
            raise not_found(entity, key, seen)
        return found

    async def _seen(
        self, snapshot: ServiceSnapshot, key: ObjectKey, caller: Caller
    ) -> ClusterSnapshot | None:
        """What the caller may see of the object's cluster, once that is decided."""
        only = tuple(c for c in snapshot.clusters if c.cluster.name == key.cluster)
        narrowed = msgspec.structs.replace(snapshot, clusters=only)
        seen = visible(narrowed, await self._visibility.decided(narrowed, caller))
        return next(iter(seen.clusters), None)

    async def _events(self, entity: Entity, key: ObjectKey, obj: KubeObject, caller: Caller) -> EventsPart:
        """All events of the object, in its namespace; a refusal or silence is told as such."""
        if not obj.namespace:
            return EventsPart(
                answer=Answer.NOT_ASKED, plain="Events of cluster-scoped objects are not asked for."
            )
        listing = Attributes.listing(EVENTS, obj.namespace)
        if why := await self._visibility.may(caller, entity.ref, key.cluster, listing):
            return EventsPart(answer=Answer.FORBIDDEN, plain=why_not(why, "its events"))
        question = Question(
            type=EVENTS,
            namespace=obj.namespace,
            field_selector=f"involvedObject.name={obj.name},involvedObject.kind={obj.type.title}",
            purpose=Purpose.REFERENCE,
        )
        outcomes: list[Outcome] = []
        try:
            async with asyncio.timeout(EVENTS_DEADLINE):
                cluster, credential = await self._fleet().way(key.cluster, caller)
                outcomes = [o async for o in self._fleet().parts.fetcher.ask(cluster, credential, [question])]
        except TimeoutError:
            return EventsPart(answer=Answer.LATE, plain="The events did not arrive in time.")
        except CallboardError as error:
            return EventsPart(answer=Answer.UNAUTHORIZED, plain=error.message)
        return events_of(key.cluster, [obj], outcomes)


def _shown(part: ClusterSnapshot, obj: KubeObject) -> tuple[object, ...]:
    """What differs when an object is to be shown anew."""
    stale = any(o.stale_since is not None for o in part.outcomes)
    used = usage_of(obj, metrics_by_pod(part))
    return obj.meta.uid, obj.meta.resource_version, used, part.current, stale, part.references_complete


def _found(part: ClusterSnapshot | None, key: ObjectKey) -> tuple[ClusterSnapshot, KubeObject] | None:
    obj = find_object(part, key) if part is not None else None
    return (part, obj) if part is not None and obj is not None else None
