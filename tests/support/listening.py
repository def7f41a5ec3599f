"""A hub over real sockets: a simulated fleet, one Hub, and both objects providers on the same parts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager

import msgspec

from callboard.base.clock import SystemClock
from callboard.base.errors import Problem
from callboard.base.secret import Secret
from callboard.base.settings import ClusterLimits, ClustersSettings, HubSettings, KubernetesSettings
from callboard.diagnosis.engine import turns
from callboard.diagnosis.rules.well import owners_if_well
from callboard.extend import Entity, Parts
from callboard.fleet.asking.breaker import Breakers
from callboard.fleet.asking.fan_out import FanOut
from callboard.fleet.hub.checkpoint.checkpoints import Checkpoints
from callboard.fleet.hub.hub import Hub
from callboard.fleet.hub.provider.provider import HubProvider
from callboard.fleet.hub.streams.watching import ConnectionsWatcher
from callboard.fleet.locators.multi_tenant import MultiTenant
from callboard.fleet.selection.custom_resources import ConfiguredCustomResources
from callboard.fleet.suppliers.combined import CombinedSupplier, NamedSupplier
from callboard.kube.connection.connection import Connections
from callboard.kube.limits import Limits
from callboard.kube.reads.fetcher import DirectFetcher
from callboard.model.caller import Caller
from callboard.model.cluster import AUTH_PROVIDER, Cluster, Credential, CredentialKind, Trust
from callboard.model.snapshot import ClusterSnapshot, ServiceSnapshot
from callboard.simulator.fleet import Fleet
from support.fake_fleet import CALLER, FixedSupplier

__all__ = [
    "BRIEF",
    "HUB",
    "PATIENT",
    "Follower",
    "Listening",
    "Tokens",
    "contents",
    "eventually",
    "listening",
]

HUB = HubSettings(poll_interval=0.2, keep=0.3)
PATIENT = ClusterLimits(soft_deadline=30.0, hard_deadline=60.0, connect_deadline=30.0, idle_deadline=30.0)
"""A machine that is busy is no cluster that is not well: what is about no deadline never comes to one."""
BRIEF = ClusterLimits(soft_deadline=1.0, hard_deadline=4.0, connect_deadline=1.0, idle_deadline=1.0)
"""For what is about clusters that do not answer."""


class Tokens:
    """An auth strategy of bearer tokens by cluster. `identity` and `own` are what its credentials say."""

    def __init__(self, fleet: Fleet, who: str) -> None:
        self.tokens = {c.name: getattr(c.identities, who) for c in fleet}
        self.identity = who
        self.own = False
        self.given = 0

    async def credential(self, cluster: Cluster, caller: Caller) -> Credential:
        self.given += 1
        return Credential(
            kind=CredentialKind.BEARER,
            identity=self.identity,
            token=Secret(self.tokens[cluster.name]),
            own=self.own,
        )

    def problems(self, cluster: Cluster) -> Sequence[Problem]:
        return ()


class Listening(msgspec.Struct):
    fleet: Fleet
    hub: Hub
    provider: HubProvider
    fan_out: FanOut
    tokens: Tokens
    parts: Parts

    def requests(self) -> int:
        return sum(c.counters.questions for c in self.fleet)

    async def fresh(self, entity: Entity) -> ServiceSnapshot:
        """What asking everything anew comes to."""
        async with aclosing(self.fan_out.objects(entity, CALLER)) as snapshots:
            return [snapshot async for snapshot in snapshots][-1]


@asynccontextmanager
async def listening(
    fleet: Fleet,
    *,
    who: str = "admin",
    hub: HubSettings = HUB,
    limits: ClusterLimits = PATIENT,
    kubernetes: KubernetesSettings | None = None,
    watch_silence: float = 150.0,
    watch_start: float = 15.0,
    checkpoints: Checkpoints | None = None,
    usage: bool = False,
) -> AsyncIterator[Listening]:
    """All clusters of the fleet, asked as `who`; with `usage` also what their pods use."""
    kubernetes = kubernetes or KubernetesSettings()
    clock = SystemClock()
    clusters = ClustersSettings(limits=limits, hub=hub)
    bounds = msgspec.structs.replace(Limits.of(limits), watch_silence=watch_silence, watch_start=watch_start)
    supplier = FixedSupplier(
        *(
            Cluster(
                name=c.name,
                url=c.url,
                trust=Trust(ca_pem=c.ca_pem),
                auth_metadata={AUTH_PROVIDER: "test"},
                skip_metrics_lookup=not usage,
            )
            for c in fleet
        )
    )
    tokens = Tokens(fleet, who)
    async with Connections(lambda name: bounds, environment={}, well=owners_if_well) as connections:
        parts = Parts(
            clusters=CombinedSupplier([NamedSupplier("the fleet", supplier)]),
            locator=MultiTenant(),
            auth=tokens,
            fetcher=DirectFetcher(connections),
            custom_resources=ConfiguredCustomResources(kubernetes),
        )
        fan_out = FanOut(
            parts,
            kubernetes=kubernetes,
            clusters=clusters,
            clock=clock,
            breakers=Breakers(lambda name: limits.breaker, clock),
        )
        async with Hub(
            ConnectionsWatcher(connections),
            clock,
            checkpoints=checkpoints,
            well=owners_if_well,
            revisit=turns,
        ) as running:
            provider = HubProvider(
                running, parts, fan_out, kubernetes=kubernetes, clusters=clusters, clock=clock
            )
            yield Listening(fleet, running, provider, fan_out, tokens, parts)


class Follower:
    """One viewer: `newest` is the last snapshot it was given, `seen` how many."""

    def __init__(self, provider: HubProvider, entity: Entity, caller: Caller = CALLER) -> None:
        self._provider = provider
        self._entity = entity
        self._caller = caller
        self.newest: ServiceSnapshot | None = None
        self.seen = 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Follower":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        async with aclosing(self._provider.objects(self._entity, self._caller)) as snapshots:
            async for snapshot in snapshots:
                self.newest, self.seen = snapshot, self.seen + 1

    @property
    def part(self) -> ClusterSnapshot:
        assert self.newest is not None
        return self.newest.clusters[0]

    async def settled(self) -> ServiceSnapshot:
        await eventually(lambda: self.newest is not None and self.newest.settled)
        assert self.newest is not None
        return self.newest

    async def until(self, wanted: Callable[[ServiceSnapshot], bool], within: float = 30.0) -> ServiceSnapshot:
        await eventually(lambda: self.newest is not None and wanted(self.newest), within)
        assert self.newest is not None
        return self.newest


async def eventually(true: Callable[[], bool], within: float = 30.0) -> None:
    """Wait for a condition; fail when it does not come."""
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110 - what is waited for may be a server's own count
            await asyncio.sleep(0.01)


def contents(snapshot: ServiceSnapshot) -> object:
    """What a snapshot holds, without when and how it came: clusters, answers, and every object to its last byte."""
    return [
        (
            part.cluster.name,
            part.state,
            [(str(o.question), o.answer, [x.raw for x in o.objects]) for o in part.outcomes],
            sorted((str(o.question), o.answer, [x.raw for x in o.objects]) for o in part.references),
        )
        for part in snapshot.clusters
    ]
