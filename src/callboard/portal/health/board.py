"""The health of every service while nobody looks: what each change touches is judged again, and nothing else.

The provider tells which services a change touches on which cluster; a worker takes them one by one, reads what is held of
the service on that cluster, judges it, and joins it to what is known of the others. Nothing is asked of a cluster.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from callboard.access.visibility import Visibility
from callboard.base.clock import Clock
from callboard.catalog.catalog import Catalog
from callboard.diagnosis.rules.registry import DiagnosisRules, ordinary
from callboard.extend.following import FollowedCluster, Following, FollowingProvider, Touched
from callboard.extend.parts import ObjectsProvider
from callboard.history.verdict import LastVerdict
from callboard.history.verdicts import Verdicts
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.grants import Grants
from callboard.model.snapshot import Notice
from callboard.portal.health.caller_verdict import caller_verdict
from callboard.portal.health.cluster_verdicts import ClusterVerdicts
from callboard.portal.health.cpu_share import CpuShare
from callboard.portal.health.followed import PAGE, FollowedServices
from callboard.portal.health.queue import LATER, TOUCHED, JudgingQueue
from callboard.portal.health.service_state import ServiceState, combined, covers, current_of, health_row
from callboard.portal.views import ServiceHealth

__all__ = ["DECIDING_AGAIN", "HealthBoard"]

COALESCE = 1.0
"""Seconds between two looks at one service: a rollout is some of them, not a hundred."""
SHARES = {TOUCHED: 0.04, LATER: 0.2}
"""Of the process's time, at most: whoever looks comes first. A storm of changes lasts, and judging must not cost more than taking
them in: this is some sixty services on one cluster a second. Looking at all for the first time ends."""
RENEWED = 30.0
"""Seconds between two looks at the clock while something of a service means another thing once time has passed: a pod that has
crashed often and runs at the moment. Nothing else is judged again without a change."""
TAKEN = 0.05
"""Seconds between two takings of what was touched: none of it is judged sooner than in a second after the last time."""
STAMPED = timedelta(minutes=5)
"""Age at which what is remembered of an unchanged service is told to be true still."""
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
        self._verdicts = verdicts
        self._visibility = visibility
        self._clock = clock
        self._coalesce = coalesce
        self._cpu = {lane: CpuShare(share) for lane, share in SHARES.items()}
        self._following: Following | None = None
        self._followed = FollowedServices(catalog, verdicts)
        self._services = self._followed.services
        self._clusters: dict[str, FollowedCluster] = {}
        self._clusters_at = float("-inf")
        self._located: frozenset[str] = frozenset()
        """The clusters there were when it was last looked which services run where."""
        self._notices: tuple[Notice, ...] = ()
        """What there was to know about how clusters are found when it was looked last."""
        self._heard: set[str] = set()
        self._patient = True
        self._cluster_verdicts = ClusterVerdicts(rules)
        self._queue = JudgingQueue()
        self._news = asyncio.Event()
        self.revision = 0

    # ---- for those who look

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
                    known = service.since[1] if service.since else None
                    found[ref] = health_row(
                        service.verdict, known, service.entity, service.clusters, service.states, now
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
        while self.revision <= since:
            await self._news.wait()
        return self.revision

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
        return health_row(found, found.since, service.entity, names, self._states(), now), False

    def _states(self) -> dict[str, FollowedCluster]:
        """The clusters, at most a moment ago."""
        now = asyncio.get_running_loop().time()
        if self._following is not None and now - self._clusters_at > self._coalesce / 2:
            self._clusters, self._clusters_at = self._following.clusters(), now
            self._heard |= {n for n, c in self._clusters.items() if c.ready and c.stale_since is None}
        return self._clusters

    def _ready(self, name: str, states: dict[str, FollowedCluster]) -> bool:
        """Whether services may be judged by what is known of the cluster."""
        state = states.get(name)
        return state is not None and state.ready and (name in self._heard or not self._patient)

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
                        ("judge", self._judge(following)),
                        ("stamp", self._stamp()),
                        ("locate", self._locate_again(following)),
                    )
                ]
                loop = asyncio.get_running_loop()
                patient_until = loop.time() + PATIENCE
                while self._provider() is provider:
                    await asyncio.sleep(LOOK)
                    if self._patient and loop.time() >= patient_until:
                        self._patient = False
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
            self._tell()
        self._services.clear()
        self._clusters = {}
        self._clusters_at = float("-inf")
        self._located = frozenset()
        self._notices = ()
        self._heard.clear()
        self._patient = True
        self._cluster_verdicts.clear()
        self._queue.clear()

    async def _register(self, following: Following) -> None:
        """Follow exactly what the catalog has now."""
        new, gone = await self._followed.update(following)
        for service in gone:
            service.verdict = None
        for service in new:
            service.touched |= service.clusters
            if self._clusters:
                self._queue.ask(service, LATER)
        if gone or new:
            self._tell()

    # ---- what is touched

    async def _take(self, following: Following) -> None:
        while True:
            await following.wait()
            taken = following.take()
            if (notices := tuple(following.notices())) != self._notices:
                self._notices = notices
                for service in self._services.values():
                    service.moved = self.revision + 1  # whatever any class sees of it may read otherwise
                    self._queue.ask(service, LATER)
            if any(touched.whole for touched in taken):
                self._clusters_at = float("-inf")
                names = frozenset(self._states())
                if names != self._located:
                    self._located = names
                    await self._followed.locate(self._services.values(), following)
                    for service in self._services.values():
                        self._queue.ask(service, LATER)
            for touched in taken:
                self._touch(touched)
            await asyncio.sleep(TAKEN)

    def _touch(self, touched: Touched) -> None:
        name, states = touched.cluster, self._clusters
        for ref in touched.refs:
            service = self._services.get(ref)
            if service is not None:
                service.touched.add(name)
                self._queue.touched(service)
        if touched.whole:
            self._cluster_verdicts.forget(name)
            if name not in states or self._ready(name, states):
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

    # ---- judging

    async def _judge(self, following: Following) -> None:
        loop = asyncio.get_running_loop()
        while True:
            now = self._clock.now()
            for aged in self._queue.renewals():
                if due_again := {name for name, moment in aged.revisit_at.items() if moment <= now}:
                    aged.touched |= due_again
                    self._queue.ask(aged, LATER)
                elif self._followed.has(aged) and aged.revisit_at:
                    self._queue.renew(aged, RENEWED)
            service = self._queue.take()
            if service is None:
                await self._queue.wait()
            elif self._followed.has(service):
                service.due = loop.time() + self._coalesce
                cpu = self._cpu[self._queue.lane]
                before = cpu.total
                await self._look_at(service, following, cpu)
                self._queue.spent(cpu.total - before)

    async def _look_at(self, service: ServiceState, following: Following, cpu: CpuShare) -> None:
        """Judge the clusters that were touched, and the service if all of its clusters have come to something."""
        states = self._states()
        cpu.begin()
        touched, service.touched = service.touched, set()
        before = dict(service.by_cluster), set(service.lost)
        for name in sorted(touched):
            if name in service.clusters and self._ready(name, states):
                await self._cluster_verdicts.judge_aside(service, name, following)
                await cpu.rest()
                cpu.begin()
            elif name in service.clusters:
                service.touched.add(name)
        for name in [n for n in service.by_cluster if n not in service.clusters]:
            del service.by_cluster[name]
            service.revisit_at.pop(name, None)
        if (service.by_cluster, service.lost) != before:
            service.moved = self.revision + 1
        if self._followed.has(service) and all(self._ready(name, states) for name in service.clusters):
            self._conclude(service, states, following)
        await cpu.rest()

    def _conclude(
        self, service: ServiceState, states: dict[str, FollowedCluster], following: Following
    ) -> None:
        found = self._cluster_verdicts.all(service, following)
        if service.lost:
            if service.verdict is not None:
                service.verdict = None
                self._tell()
                service.revision = self.revision
            return
        clusters: Sequence[FollowedCluster] = [states[name] for name in sorted(service.clusters)]
        now = self._clock.now()
        notices = (*following.notices(), *service.notices)
        concluded = combined(service.entity, clusters, found.__getitem__, notices)
        current, service.states = current_of(service.clusters, states), states
        last = service.verdict
        if service.since is None or service.since[0] is not concluded.health:
            service.since = (concluded.health, concluded.since or now)
        service.verdict = concluded
        if last is None or (last.health, last.sentence, service.current) != (
            concluded.health,
            concluded.sentence,
            current,
        ):
            service.current = current
            self._remember(service, now)
            self._tell()
            service.revision = self.revision
        if service.moved > self.revision:
            self._tell()
        if service.revisit_at:
            self._queue.renew(service, RENEWED)

    def _tell(self) -> None:
        self.revision += 1
        news, self._news = self._news, asyncio.Event()
        news.set()

    # ---- remembering

    def _remember(self, service: ServiceState, now: datetime) -> None:
        """As of now, or of when the oldest of what it was made of was seen last."""
        if service.verdict is not None and service.since is not None:
            self._verdicts.keep(
                LastVerdict(
                    service.entity.ref,
                    service.verdict.health,
                    service.verdict.sentence,
                    service.since[1],
                    service.stale_since or now,
                ),
                Grants.everything(),
            )

    async def _stamp(self) -> None:
        """Tell the memory now and then that what it has is still so: after a restart it says until when."""
        while True:
            await asyncio.sleep(STAMPED.total_seconds())
            now = self._clock.now()
            for number, service in enumerate(list(self._services.values()), 1):
                if not service.stale:
                    self._remember(service, now)
                if number % PAGE == 0:
                    await asyncio.sleep(0)
