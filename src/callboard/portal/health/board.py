"""The health of every service while nobody looks: what each change touches is judged again, and nothing else.

The provider tells which services a change touches on which cluster; the judge takes them from the queue one by one, reads what
is held of the service on that cluster, and joins what it finds to what is known of the others.

    touched, or its clusters are others ──▶ waits in the queue ──▶ judged ──▶ its row goes out, where it reads otherwise
                                              not sooner than a second after the last time
    time alone makes it mean another thing ──▶ renewed every half minute ──▶ as if it were touched
    a cluster of it does not tell ──▶ lost: no verdict, the last one is remembered
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from callboard.access.visibility import Visibility
from callboard.base.clock import Clock
from callboard.catalog.catalog import Catalog
from callboard.diagnosis.rules.registry import DiagnosisRules, ordinary
from callboard.extend.following import Following, FollowingProvider, Touched
from callboard.extend.parts import ObjectsProvider
from callboard.history.verdicts import Verdicts
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.portal.health.caller_verdict import caller_verdict
from callboard.portal.health.cluster_states import ClusterStates
from callboard.portal.health.cluster_verdicts import ClusterVerdicts
from callboard.portal.health.followed import FollowedServices
from callboard.portal.health.judge import ServiceJudge
from callboard.portal.health.queue import LATER, JudgingQueue
from callboard.portal.health.revision import Revision
from callboard.portal.health.service_state import ServiceState, covers, health_row
from callboard.portal.views import ServiceHealth

__all__ = ["DECIDING_AGAIN", "HealthBoard"]

COALESCE = 1.0
"""Seconds between two looks at one service: a rollout is some of them, not a hundred."""
TAKEN = 0.05
"""Seconds between two takings of what was touched: none of it is judged sooner than in a second after the last time."""
PATIENCE = 15.0
"""Seconds after the start that a cluster is awaited of which only a state from before the start is known: until then what is
remembered of its services is the better answer."""
DECIDED_AGAIN = 15.0
"""Seconds between two looks at what a caller sees who does not see everything."""
DECIDING_AGAIN = 0.25
"""The same while it is being decided."""
LOCATED_AGAIN = 15.0
"""Seconds between two looks where services run of which that could not be told."""
LOOK = 1.0
"""Seconds between two looks whether the catalog or the provider is another."""


class HealthBoard:
    """`run` it in a task of its owner. While `provider` gives none that can follow, it knows nothing and says so."""

    def __init__(
        self,
        *,
        provider: Callable[[], ObjectsProvider | None],
        catalog: Catalog,
        verdicts: Verdicts,
        visibility: Visibility,
        clock: Clock,
        coalesce: float = COALESCE,
        rules: Callable[[], DiagnosisRules] = ordinary,
    ) -> None:
        self._provider = provider
        self._visibility = visibility
        self._clock = clock
        self._following: Following | None = None
        self._followed = FollowedServices(catalog, verdicts)
        self._services = self._followed.services
        self._clusters = ClusterStates(coalesce)
        self._cluster_verdicts = ClusterVerdicts(rules)
        self._queue = JudgingQueue()
        self._revision = Revision()
        self._judge = ServiceJudge(
            verdicts,
            clock,
            followed=self._followed,
            clusters=self._clusters,
            cluster_verdicts=self._cluster_verdicts,
            queue=self._queue,
            revision=self._revision,
            coalesce=coalesce,
        )

    # ---- for those who look

    @property
    def revision(self) -> int:
        """Another number whenever a row of any service is another."""
        return self._revision.number

    @property
    def judged(self) -> int:
        """How often a service was looked at on a cluster."""
        return self._cluster_verdicts.judged

    @property
    def live(self) -> bool:
        """Whether healths are kept current at all."""
        return self._following is not None

    def follows(self, ref: EntityRef) -> bool:
        """Whether its health is kept current here, or will be as soon as its clusters have come to something."""
        service = self._services.get(ref)
        return service is not None and not service.lost and self._following is not None

    def healths(
        self, refs: Collection[EntityRef], caller: Caller, since: int = 0
    ) -> tuple[dict[EntityRef, ServiceHealth], float | None]:
        """(what is known now of those of the services that may have changed since that revision, as this caller may see it;
        in how many seconds to look again at all of them, because what they may see may be another then)."""
        found: dict[EntityRef, ServiceHealth] = {}
        following, again = self._following, float("inf")
        if following is None:
            return found, None
        now = self._clock.now()
        for ref in refs:
            service = self._services.get(ref)
            if service is None:
                continue
            if service.verdict is None:
                if since and service.revision > since:
                    found[ref] = ServiceHealth(ref=ref)
            elif self._sees_all(caller, service):
                if service.revision > since:
                    since_when = service.told_since
                    found[ref] = health_row(
                        service.verdict, since_when, service.entity, service.clusters, service.states, now
                    )
            else:
                again = min(again, DECIDED_AGAIN)
                if service.moved > since or not since:
                    row, deciding = self._seen_by(caller, service, following, now)
                    again = min(again, DECIDING_AGAIN if deciding else again)
                    if row is not None:
                        found[ref] = row
        return found, None if again == float("inf") else again

    def states(self, caller: Caller) -> Mapping[EntityRef, ServiceState] | None:
        """All services as they stand, for who counts those of them that a caller may see; None for callers who may see a part
        of some, and where nothing is followed."""
        if self._following is None:
            return None
        return self._services if self._visibility.tells_all(caller) else None

    async def changed(self, since: int) -> int:
        """Wait until there is a newer revision than that, and tell it."""
        return await self._revision.beyond(since)

    def _sees_all(self, caller: Caller, service: ServiceState) -> bool:
        grants, _ = self._visibility.recalled(service.entity.ref, caller)
        return grants is not None and covers(grants, service.clusters)

    def _seen_by(
        self, caller: Caller, service: ServiceState, following: Following, now: datetime
    ) -> tuple[ServiceHealth | None, bool]:
        """Judged for a caller who does not see everything: as of a fleet in which the rest does not exist. None while it is
        being decided what they may see, which the second says."""
        clusters = self._cluster_verdicts.read(service, following)
        if clusters is None:
            return None, False
        notices = (*following.notices(), *service.notices)
        found, names, deciding = caller_verdict(self._visibility, caller, service.entity, clusters, notices)
        if found is None:
            return None, deciding
        return health_row(
            found, found.since, service.entity, names, self._clusters.current(self._following), now
        ), False

    # ---- running

    async def run(self) -> None:
        """Follow all services that run on Kubernetes, with the present provider, until cancelled."""
        while True:
            provider = self._provider()
            if isinstance(provider, FollowingProvider):
                await self._with(provider)
            else:
                self._forget()
                await asyncio.sleep(LOOK)

    async def _with(self, provider: FollowingProvider) -> None:
        """Until the provider is another."""
        self._forget()
        following = provider.following(Caller.callboard())
        revision = self._followed.revision
        await self._register(following)
        self._following = following
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(work, name=name)
                    for name, work in (
                        ("follow", following.run()),
                        ("touched", self._take(following)),
                        ("judge", self._judge.run(following)),
                        ("stamp", self._judge.stamp()),
                        ("locate", self._locate_again(following)),
                    )
                ]
                loop = asyncio.get_running_loop()
                patient_until = loop.time() + PATIENCE
                while self._provider() is provider:
                    await asyncio.sleep(LOOK)
                    if self._clusters.patient and loop.time() >= patient_until:
                        self._clusters.patient = False
                        for service in self._services.values():
                            self._queue.ask(service, LATER)
                    if self._followed.revision != revision:
                        revision = self._followed.revision
                        await self._register(following)
                for task in tasks:
                    task.cancel()
        finally:
            self._following = None

    def _forget(self) -> None:
        if self._services:
            self._revision.advance()
        self._services.clear()
        self._clusters.forget()
        self._cluster_verdicts.clear()
        self._queue.clear()

    async def _register(self, following: Following) -> None:
        """Follow exactly what the catalog has now."""
        new, gone = await self._followed.update(following)
        for service in gone:
            service.verdict = None
        for service in new:
            service.touched |= service.clusters
            if self._clusters.known:
                self._queue.ask(service, LATER)
        if gone or new:
            self._revision.advance()

    # ---- what is touched

    async def _take(self, following: Following) -> None:
        while True:
            await following.wait()
            taken = following.take()
            if (notices := tuple(following.notices())) != self._clusters.notices:
                self._clusters.notices = notices
                for service in self._services.values():
                    service.moved = self.revision + 1  # whatever any class sees of it may read otherwise
                    self._queue.ask(service, LATER)
            if any(touched.whole for touched in taken):
                self._clusters.outdate()
                names = frozenset(self._clusters.current(self._following))
                if names != self._clusters.located:
                    self._clusters.located = names
                    await self._followed.locate(self._services.values(), following)
                    for service in self._services.values():
                        self._queue.ask(service, LATER)
            for touched in taken:
                self._touch(touched)
            await asyncio.sleep(TAKEN)

    def _touch(self, touched: Touched) -> None:
        name, states = touched.cluster, self._clusters.known
        for ref in touched.refs:
            service = self._services.get(ref)
            if service is not None:
                service.touched.add(name)
                self._queue.touched(service)
        if touched.whole:
            self._cluster_verdicts.forget(name)
            if name not in states or self._clusters.ready(name, states):
                for service in self._services.values():
                    if name in service.clusters:
                        if name in service.by_cluster or name in service.lost:
                            service.touched.add(name)
                        self._queue.ask(service, LATER)

    async def _locate_again(self, following: Following) -> None:
        """Services of which it could not be told where they run are asked about again."""
        while True:
            await asyncio.sleep(LOCATED_AGAIN)
            unknown = [s for s in self._services.values() if s.unlocated]
            await self._followed.locate(unknown, following)
            for service in unknown:
                service.touched |= service.clusters
                self._queue.ask(service, LATER)
