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
from callboard.portal.health.caller_verdict import judged_for
from callboard.portal.health.cluster_verdicts import Parts
from callboard.portal.health.cpu_share import Share
from callboard.portal.health.followed import PAGE, Roster
from callboard.portal.health.queue import LATER, TOUCHED, Turns
from callboard.portal.health.service_state import Standing, combined, covers, current_of, health_row
from callboard.portal.views import ServiceHealth

__all__ = ["DECIDING_AGAIN", "Board"]

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

_NO_SERVICE = EntityRef("", "", "")


class Board:
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
        self._shares = {lane: Share(share) for lane, share in SHARES.items()}
        self._following: Following | None = None
        self._roster = Roster(catalog, verdicts)
        self._services = self._roster.services
        self._clusters: dict[str, FollowedCluster] = {}
        self._clusters_at = float("-inf")
        self._located: frozenset[str] = frozenset()
        """The clusters there were when it was last looked which services run where."""
        self._notices: tuple[Notice, ...] = ()
        """What there was to know about how clusters are found when it was looked last."""
        self._heard: set[str] = set()
        self._patient = True
        self._parts = Parts(rules)
        self._turns = Turns()
        self._news = asyncio.Event()
        self.revision = 0

    # ---- for those who look

    @property
    def judged(self) -> int:
        """How often a service was looked at on a cluster."""
        return self._parts.judged

    @property
    def live(self) -> bool:
        """Whether healths are kept current at all."""
        return self._following is not None

    def follows(self, ref: EntityRef) -> bool:
        """Whether its health is kept current here, or will be as soon as its clusters have come to something."""
        standing = self._services.get(ref)
        return standing is not None and not standing.lost and self._following is not None

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
            standing = self._services.get(ref)
            if standing is None:
                continue
            if standing.verdict is None:
                if since and standing.revision > since:
                    found[ref] = ServiceHealth(ref=ref)
            elif self._sees_all(caller, standing):
                if standing.revision > since:
                    known = standing.since[1] if standing.since else None
                    found[ref] = health_row(
                        standing.verdict, known, standing.entity, standing.clusters, standing.states, now
                    )
            else:
                again = min(again, DECIDED_AGAIN)
                if standing.moved > since or not since:
                    row, deciding = self._seen_by(caller, standing, following, now)
                    again = min(again, DECIDING_AGAIN if deciding else again)
                    if row is not None:
                        found[ref] = row
        return found, None if again == float("inf") else again

    def standings(self, caller: Caller) -> Mapping[EntityRef, Standing] | None:
        """All services as they stand, for who counts them; None for callers who may not see everything of them, and where
        nothing is followed."""
        if self._following is None:
            return None
        whole = self._visibility.recalled(_NO_SERVICE, caller)[0] == Grants.everything()
        return self._services if whole else None

    async def changed(self, since: int) -> int:
        """Wait until there is a newer revision than that, and tell it."""
        while self.revision <= since:
            await self._news.wait()
        return self.revision

    def _sees_all(self, caller: Caller, standing: Standing) -> bool:
        grants, _ = self._visibility.recalled(standing.entity.ref, caller)
        return grants is not None and covers(grants, standing.clusters)

    def _seen_by(
        self, caller: Caller, standing: Standing, following: Following, now: datetime
    ) -> tuple[ServiceHealth | None, bool]:
        """Judged for a caller who does not see everything: as of a fleet in which the rest does not exist. None while it is
        being decided what they may see, which the second says."""
        clusters = self._parts.read(standing, following)
        if clusters is None:
            return None, False
        notices = (*following.notices(), *standing.notices)
        found, names, deciding = judged_for(self._visibility, caller, standing.entity, clusters, notices)
        if found is None:
            return None, deciding
        return health_row(found, found.since, standing.entity, names, self._states(), now), False

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
        revision = self._roster.revision
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
                        for standing in self._services.values():
                            self._turns.ask(standing, LATER)
                    if self._roster.revision != revision:
                        revision = self._roster.revision
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
        self._parts.clear()
        self._turns.clear()

    async def _register(self, following: Following) -> None:
        """Follow exactly what the catalog has now."""
        new, gone = await self._roster.update(following)
        for standing in gone:
            standing.verdict = None
        for standing in new:
            standing.touched |= standing.clusters
            if self._clusters:
                self._turns.ask(standing, LATER)
        if gone or new:
            self._tell()

    # ---- what is touched

    async def _take(self, following: Following) -> None:
        while True:
            await following.wait()
            taken = following.take()
            if (notices := tuple(following.notices())) != self._notices:
                self._notices = notices
                for standing in self._services.values():
                    standing.moved = self.revision + 1  # whatever any class sees of it may read otherwise
                    self._turns.ask(standing, LATER)
            if any(touched.whole for touched in taken):
                self._clusters_at = float("-inf")
                names = frozenset(self._states())
                if names != self._located:
                    self._located = names
                    await self._roster.locate(self._services.values(), following)
                    for standing in self._services.values():
                        self._turns.ask(standing, LATER)
            for touched in taken:
                self._touch(touched)
            await asyncio.sleep(TAKEN)

    def _touch(self, touched: Touched) -> None:
        name, states = touched.cluster, self._clusters
        for ref in touched.refs:
            standing = self._services.get(ref)
            if standing is not None:
                standing.touched.add(name)
                self._turns.touched(standing)
        if touched.whole:
            self._parts.forget(name)
            if name not in states or self._ready(name, states):
                for standing in self._services.values():
                    if name in standing.clusters:
                        if name in standing.parts or name in standing.lost:
                            standing.touched.add(name)
                        self._turns.ask(standing, LATER)

    async def _locate_again(self, following: Following) -> None:
        """Services of which it could not be told where they run are asked about again."""
        while True:
            await asyncio.sleep(LOCATED_AGAIN)
            unknown = [s for s in self._services.values() if s.unlocated]
            await self._roster.locate(unknown, following)
            for standing in unknown:
                standing.touched |= standing.clusters
                self._turns.ask(standing, LATER)

    # ---- judging

    async def _judge(self, following: Following) -> None:
        loop = asyncio.get_running_loop()
        while True:
            now = self._clock.now()
            for aged in self._turns.renewals():
                if turned := {name for name, turn in aged.turns.items() if turn <= now}:
                    aged.touched |= turned
                    self._turns.ask(aged, LATER)
                elif self._roster.has(aged) and aged.turns:
                    self._turns.renew(aged, RENEWED)
            standing = self._turns.take()
            if standing is None:
                await self._turns.wait()
            elif self._roster.has(standing):
                standing.due = loop.time() + self._coalesce
                share = self._shares[self._turns.lane]
                before = share.total
                await self._look(standing, following, share)
                self._turns.spent(share.total - before)

    async def _look(self, standing: Standing, following: Following, share: Share) -> None:
        """Judge the clusters that were touched, and the service if all of its clusters have come to something."""
        states = self._states()
        share.begin()
        touched, standing.touched = standing.touched, set()
        before = dict(standing.parts), set(standing.lost)
        for name in sorted(touched):
            if name in standing.clusters and self._ready(name, states):
                self._parts.judge(standing, name, following)
                await share.rest()
                share.begin()
            elif name in standing.clusters:
                standing.touched.add(name)
        for name in [n for n in standing.parts if n not in standing.clusters]:
            del standing.parts[name]
            standing.turns.pop(name, None)
        if (standing.parts, standing.lost) != before:
            standing.moved = self.revision + 1
        if self._roster.has(standing) and all(self._ready(name, states) for name in standing.clusters):
            self._conclude(standing, states, following)
        await share.rest()

    def _conclude(self, standing: Standing, states: dict[str, FollowedCluster], following: Following) -> None:
        found = self._parts.all(standing, following)
        if standing.lost:
            if standing.verdict is not None:
                standing.verdict = None
                self._tell()
                standing.revision = self.revision
            return
        clusters: Sequence[FollowedCluster] = [states[name] for name in sorted(standing.clusters)]
        now = self._clock.now()
        notices = (*following.notices(), *standing.notices)
        concluded = combined(standing.entity, clusters, found.__getitem__, notices)
        current, standing.states = current_of(standing.clusters, states), states
        last = standing.verdict
        if standing.since is None or standing.since[0] is not concluded.health:
            standing.since = (concluded.health, concluded.since or now)
        standing.verdict = concluded
        if last is None or (last.health, last.sentence, standing.current) != (
            concluded.health,
            concluded.sentence,
            current,
        ):
            standing.current = current
            self._remember(standing, now)
            self._tell()
            standing.revision = self.revision
        if standing.moved > self.revision:
            self._tell()
        if standing.turns:
            self._turns.renew(standing, RENEWED)

    def _tell(self) -> None:
        self.revision += 1
        news, self._news = self._news, asyncio.Event()
        news.set()

    # ---- remembering

    def _remember(self, standing: Standing, now: datetime) -> None:
        """As of now, or of when the oldest of what it was made of was seen last."""
        if standing.verdict is not None and standing.since is not None:
            self._verdicts.keep(
                LastVerdict(
                    standing.entity.ref,
                    standing.verdict.health,
                    standing.verdict.sentence,
                    standing.since[1],
                    standing.stale_since or now,
                ),
                Grants.everything(),
            )

    async def _stamp(self) -> None:
        """Tell the memory now and then that what it has is still so: after a restart it says until when."""
        while True:
            await asyncio.sleep(STAMPED.total_seconds())
            now = self._clock.now()
            for number, standing in enumerate(list(self._services.values()), 1):
                if not standing.stale:
                    self._remember(standing, now)
                if number % PAGE == 0:
                    await asyncio.sleep(0)
