"""What a verdict is made of is asked first and told first; a look waits for two answers one after the other, not for four."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from callboard.base.settings import ClusterLimits, CustomResourceSettings, KubernetesSettings
from callboard.extend import Answer, ClusterState, ObjectsProvider, ServiceSnapshot
from callboard.fleet.asking import fan_out as fan_out_module
from callboard.kube.connection import connection as connection_module
from callboard.kube.connection.pool import FEW
from callboard.model.resource import DECISIVE, DEFAULT_OBJECT_TYPES
from callboard.simulator.chaos.rules import ChaosRule
from callboard.simulator.cluster import SimulatedCluster
from callboard.simulator.fleet import Fleet
from support.fake_fleet import CALLER, FakeFetcher, FixedSupplier, cluster, entity, fan_out, holding
from support.kube_objects import kube_object
from support.wired_fleet import wired_fleet

PATIENT = ClusterLimits(soft_deadline=30.0, hard_deadline=60.0, idle_deadline=60.0)
TYPES = len(DEFAULT_OBJECT_TYPES)
LONG = 3600.0
LABELS = {"backstage.io/kubernetes-id": "dice-roller"}


def asked(simulated: SimulatedCluster) -> list[str]:
    """The paths the cluster was asked for, answered or not."""
    return sorted(simulated.counters.paths.elements())


async def held(simulated: SimulatedCluster, count: int, before: ChaosRule | None = None) -> ChaosRule:
    """Answer what `before` holds back, and hold back what comes then, until `count` questions have come in all."""
    if before is not None:
        simulated.chaos.off(before)
    rule = simulated.chaos.on("freeze")
    async with asyncio.timeout(20):
        while len(asked(simulated)) < count:  # noqa: ASYNC110 - the other side's state
            await asyncio.sleep(0.005)
    return rule


async def test_a_cold_look_is_two_round_trips_and_what_decides_goes_with_the_first(tmp_path: Path) -> None:
    async with Fleet.start("quiet", clusters=1) as fleet:
        (simulated,) = fleet
        async with wired_fleet(fleet.kubeconfig(tmp_path / "config"), limits=PATIENT) as wired:
            far = simulated.chaos.on("latency", seconds=0.1)
            await look(wired.fleet.provider)  # opens the connections, as many as where answers take long
            simulated.chaos.off(far)
            everything = set(asked(simulated))
            simulated.counters.reset()
            rule = await held(simulated, 0)
            looking = asyncio.create_task(look(wired.fleet.provider))
            first = await held(simulated, PATIENT.connections, rule)
            together = asked(simulated)
            second = await held(simulated, TYPES + 3, first)  # events, quotas, what the pods use
            simulated.chaos.off(second)
            seen = await looking
    assert len(together) == PATIENT.connections
    assert {t.path() for t in DEFAULT_OBJECT_TYPES if t.key in DECISIVE} <= set(together)
    assert set(asked(simulated)) == everything
    assert len(asked(simulated)) == TYPES + 3
    assert seen[-1].settled
    assert {o.answer for o in seen[-1].clusters[0].references} <= {Answer.OBJECTS, Answer.EMPTY}


async def test_connections_are_few_until_answers_take_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Fleet.start("quiet", clusters=1) as fleet:
        (simulated,) = fleet
        async with wired_fleet(fleet.kubeconfig(tmp_path / "config"), limits=PATIENT) as wired:
            opened = []
            for long in (LONG, 0.0):
                monkeypatch.setattr(connection_module, "_LONG", long)
                await look(wired.fleet.provider)
                opened.append(simulated.counters.connections_opened)
    assert opened == [FEW, PATIENT.connections]


def running() -> dict[str, object]:
    return {"metadata": {"name": "dice", "namespace": "shop", "uid": "dice", "labels": LABELS}}


async def look(provider: ObjectsProvider) -> list[ServiceSnapshot]:
    async with aclosing(provider.objects(entity("dice-roller"), CALLER)) as snapshots:
        return [s async for s in snapshots]


async def test_the_first_clusters_are_shown_before_the_others_are_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fan_out_module, "LEAD", LONG)
    names = [f"c{i:02}" for i in range(40)]
    fetcher = FakeFetcher({name: holding(kube_object("Pod", running())) for name in names})
    provider = fan_out(fetcher, FixedSupplier(*map(cluster, names)), soft=LONG, hard=LONG, coalesce=LONG)
    async with aclosing(provider.objects(entity(), CALLER)) as snapshots:
        awaited, first = await anext(snapshots), await anext(snapshots)
    leading = fan_out_module.LEADING
    assert {c.state for c in awaited.clusters} == {ClusterState.AWAITED}
    assert all(len(c.outcomes) == TYPES for c in awaited.clusters), (
        "what is asked is known before anything is sent"
    )
    assert [c.cluster.name for c in first.clusters if list(c.objects())] == names[:leading]
    assert {name for name, _ in fetcher.asked} == set(names[:leading])
    rest = zip(awaited.clusters[leading:], first.clusters[leading:], strict=True)
    assert all(before is after for before, after in rest), "nothing of them is drawn anew"


async def test_the_first_that_tells_and_the_end_wait_for_nothing_and_all_between_is_one() -> None:
    names = [f"c{i:02}" for i in range(40)]
    fetcher = FakeFetcher({name: holding(kube_object("Pod", running())) for name in names})
    seen = await look(
        fan_out(fetcher, FixedSupplier(*map(cluster, names)), soft=LONG, hard=LONG, coalesce=LONG)
    )
    assert len(seen) <= 3
    assert seen[-1].settled


async def test_clusters_that_hang_hold_up_nobody_for_others_to_join() -> None:
    names = [f"c{i:02}" for i in range(10)]
    fetcher = FakeFetcher({name: holding(kube_object("Pod", running())) for name in names})
    fetcher.hang = {"c03", "c07"}
    provider = fan_out(fetcher, FixedSupplier(*map(cluster, names)), soft=LONG, hard=LONG, coalesce=LONG)
    given = 0
    async with aclosing(provider.objects(entity(), CALLER)) as snapshots, asyncio.timeout(20):
        whole: list[str] = []
        while len(whole) < 8:
            given += 1
            whole = [c.cluster.name for c in (await anext(snapshots)).clusters if c.references_complete]
    assert not fetcher.hang & set(whole)
    assert given <= 3


async def test_where_nothing_of_a_service_is_there_is_nothing_to_tell_before_the_end() -> None:
    fetcher = FakeFetcher()
    seen = await look(fan_out(fetcher, FixedSupplier(*(cluster(f"c{i}") for i in range(5))), coalesce=LONG))
    assert [s.settled for s in seen] == [False, True]


async def test_references_of_what_decides_do_not_wait_for_the_rest() -> None:
    fetcher = FakeFetcher({"a": holding(kube_object("Pod", running()))})
    fetcher.hang_on.add(("a", "rollouts"))  # the last of the selection
    custom = CustomResourceSettings(group="argoproj.io", api_version="v1alpha1", plural="rollouts")
    provider = fan_out(
        fetcher,
        FixedSupplier(cluster("a")),
        soft=LONG,
        hard=LONG,
        kubernetes=KubernetesSettings(custom_resources=(custom,)),
    )
    async with aclosing(provider.objects(entity(), CALLER)) as snapshots, asyncio.timeout(20):
        part = (await anext(snapshots)).clusters[0]
        while not part.references or any(o.answer is Answer.AWAITED for o in part.references):
            part = (await anext(snapshots)).clusters[0]
    assert part.state is ClusterState.PARTIAL
    assert not part.references_complete
    assert {o.question.type.plural for o in part.references} >= {"events", "resourcequotas"}
    assert fetcher.open == 0
