"""Judging services one after the other: what was touched of them, and what that comes to. Nothing is asked of a cluster."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from callboard.base.clock import Clock
from callboard.extend.following import FollowedCluster, Following
from callboard.history.verdict import LastVerdict
from callboard.history.verdicts import Verdicts
from callboard.model.grants import Grants
from callboard.portal.health.cluster_states import ClusterStates
from callboard.portal.health.cluster_verdicts import ClusterVerdicts
from callboard.portal.health.cpu_share import CpuShare
from callboard.portal.health.followed import PAGE, FollowedServices
from callboard.portal.health.queue import LATER, TOUCHED, JudgingQueue
from callboard.portal.health.revision import Revision
from callboard.portal.health.service_state import ServiceState, combined, current_of

__all__ = ["ServiceJudge"]

SHARES = {TOUCHED: 0.04, LATER: 0.2}
"""Of the process's time, at most: whoever looks comes first. A storm of changes lasts, and judging must not cost more than taking
them in: this is some sixty services on one cluster a second. Looking at all for the first time ends."""
RENEWED = 30.0
"""Seconds between two looks at the clock while something of a service means another thing once time has passed: a pod that has
crashed often and runs at the moment. Nothing else is judged again without a change."""
STAMPED = timedelta(minutes=5)
"""Age at which what is remembered of an unchanged service is told to be true still."""


class ServiceJudge:
    """Takes services from the queue: each once a `coalesce` of seconds at most, and all of it within its share of the process's
    time. Whoever shows them hears of it by the `revision`."""

    def __init__(
        self,
        verdicts: Verdicts,
        clock: Clock,
        *,
        followed: FollowedServices,
        clusters: ClusterStates,
        cluster_verdicts: ClusterVerdicts,
        queue: JudgingQueue,
        revision: Revision,
        coalesce: float,
    ) -> None:
        self._verdicts = verdicts
        self._clock = clock
        self._followed = followed
        self._clusters = clusters
        self._cluster_verdicts = cluster_verdicts
        self._queue = queue
        self._revision = revision
        self._coalesce = coalesce
        self._cpu = {lane: CpuShare(share) for lane, share in SHARES.items()}

    async def run(self, following: Following) -> None:
        """ServiceJudge whatever is due, until cancelled."""
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
        """ServiceJudge the clusters that were touched, and the service if all of its clusters have come to something."""
        states = self._clusters.current(following)
        cpu.begin()
        touched, service.touched = service.touched, set()
        before = dict(service.by_cluster), set(service.lost)
        for name in sorted(touched):
            if name in service.clusters and self._clusters.ready(name, states):
                await self._cluster_verdicts.judge_aside(service, name, following)
                await cpu.rest()
                cpu.begin()
            elif name in service.clusters:
                service.touched.add(name)
        for name in [n for n in service.by_cluster if n not in service.clusters]:
            del service.by_cluster[name]
            service.revisit_at.pop(name, None)
        if (service.by_cluster, service.lost) != before:
            service.moved = self._revision.number + 1
        if self._followed.has(service) and all(
            self._clusters.ready(name, states) for name in service.clusters
        ):
            self._conclude(service, states, following)
        await cpu.rest()

    def _conclude(
        self, service: ServiceState, states: dict[str, FollowedCluster], following: Following
    ) -> None:
        found = self._cluster_verdicts.all(service, following)
        if service.lost:
            if service.verdict is not None:
                service.verdict = None
                self._revision.advance()
                service.revision = self._revision.number
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
        if last is None or (last.health, last.sentence, last.since, service.current) != (
            concluded.health,
            concluded.sentence,
            concluded.since,
            current,
        ):
            service.current = current
            self._remember(service, now)
            self._revision.advance()
            service.revision = self._revision.number
        if service.moved > self._revision.number:
            self._revision.advance()
        if service.revisit_at:
            self._queue.renew(service, RENEWED)

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

    async def stamp(self) -> None:
        """Tell the memory now and then that what it has is still so: after a restart it says until when."""
        while True:
            await asyncio.sleep(STAMPED.total_seconds())
            now = self._clock.now()
            for number, service in enumerate(list(self._followed.services.values()), 1):
                if not service.stale:
                    self._remember(service, now)
                if number % PAGE == 0:
                    await asyncio.sleep(0)
