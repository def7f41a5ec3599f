"""The whole road, over real sockets: catalog, fan-out, references, verdict, drawer, log."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from callboard.app.application import Application
from callboard.base.errors import NotAllowed, NotFound, Unavailable
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.outcome import Answer
from callboard.model.snapshot import ClusterState
from callboard.model.verdict import Health
from callboard.portal.asking.feeds import FRESH
from callboard.portal.protocol import LogQuery, ServicesQuery
from callboard.portal.views import KubernetesView, ObjectKey
from callboard.simulator import Fleet
from support.portal import application

ME = Caller.loopback()
DICE = EntityRef.parse("component:default/dice-roller")


async def settled(app: Application, ref: EntityRef = DICE) -> KubernetesView:
    return await app.portal.kubernetes_settled(ref, ME, within=20)


async def test_a_healthy_service_in_two_clusters(tmp_path: Path) -> None:
    async with Fleet.start(clusters=2) as fleet, application(tmp_path, fleet, "dice-roller") as app:
        view = await settled(app)
        assert view.settled
        assert (view.verdict.health, view.verdict.sentence) == (Health.HEALTHY, "Healthy in all 2 clusters.")
        for part in view.clusters:
            workload = next(w for w in part.workloads if w.row.kind == "Deployment")
            assert (workload.ready, workload.desired) == (3, 3)
            assert len(workload.pods) == 3
            assert not part.missing


async def test_views_come_as_clusters_answer_and_the_asking_is_one(tmp_path: Path) -> None:
    async with Fleet.start(clusters=3) as fleet, application(tmp_path, fleet, "dice-roller") as app:
        fleet[1].chaos.on("latency", seconds=0.4)
        states = []
        async for view in app.portal.kubernetes(DICE, ME):
            states.append(sorted(c.state.value for c in view.clusters))
        assert states[0] == ["awaited"] * 3
        assert ["answered", "answered", "awaited"] in states or ["answered", "answered", "partial"] in states
        assert states[-1] == ["answered"] * 3


async def test_of_five_clusters_three_are_broken_and_two_are_complete(tmp_path: Path) -> None:
    async with (
        Fleet.start(clusters=5) as fleet,
        application(
            tmp_path, fleet, "dice-roller", callboard={"clusters": {"limits": {"hardDeadline": "3s"}}}
        ) as app,
    ):
        fleet[1].chaos.on("hang")
        for path in ("*/configmaps*", "*/pods*", "*/services*", "*/jobs*", "*/ingresses*", "*/replicasets*"):
            fleet[2].chaos.on("forbidden", path=path)
        fleet[3].chaos.on("html")
        healthy_done = hanging = None
        async for view in app.portal.kubernetes(DICE, ME):
            by_name = {c.cluster.name: c for c in view.clusters}
            answered = [
                n for n in (fleet[0].name, fleet[4].name) if by_name[n].state is ClusterState.ANSWERED
            ]
            if len(answered) == 2 and healthy_done is None:
                healthy_done = view
                hanging = by_name[fleet[1].name].state
        assert hanging in (ClusterState.AWAITED, ClusterState.PARTIAL), "nobody waited for the hanging one"
        assert healthy_done is not None
        final = {c.cluster.name: c for c in view.clusters}
        for name in (fleet[0].name, fleet[4].name):
            assert final[name].verdict.health is Health.HEALTHY
            assert not final[name].missing
        assert final[fleet[1].name].verdict.health is Health.UNKNOWN
        assert final[fleet[1].name].failure or all(
            m.answer is Answer.LATE for m in final[fleet[1].name].missing
        )
        refused = final[fleet[2].name]
        (gap,) = [m for m in refused.missing if not m.reference]
        assert (
            gap.plain
            == "Callboard is not allowed to see pods, services, configmaps, replicasets, jobs and ingresses"
        )
        assert all("forbidden" in words for words in (gap.words, *gap.more_words))
        assert refused.workloads, "what was allowed is shown"
        garbage = final[fleet[3].name]
        assert garbage.verdict.health is Health.UNKNOWN
        assert "HTML" in garbage.failure
        assert view.verdict.could_not_tell


async def test_a_crash_looping_service_its_drawer_and_its_previous_log(tmp_path: Path) -> None:
    ref = EntityRef.parse("component:default/payments")
    async with Fleet.start("demo", clusters=3) as fleet, application(tmp_path, fleet, "payments") as app:
        view = await settled(app, ref)
        assert view.verdict.health is Health.UNHEALTHY
        assert "keep crashing (CrashLoopBackOff" in view.verdict.sentence
        part = view.clusters[0]
        assert part.verdict.health is Health.UNHEALTHY
        pod = next(p for w in part.workloads for p in w.pods if p.status == "CrashLoopBackOff")
        drawer = await app.portal.object(ref, pod.key, ME)
        assert drawer.kind == "Pod"
        assert "managedFields" not in drawer.yaml
        assert drawer.events.answer is Answer.OBJECTS
        crashed = next(c for c in drawer.containers if c.has_previous)
        log = await app.portal.log(ref, pod.key, LogQuery(container=crashed.name, previous=True), ME)
        assert not log.failure, log.failure_words
        assert log.lines
        cluster = next(c for c in fleet if c.name == pod.key.cluster)
        asked = cluster.counters.count("/log")
        crashes = [await app.portal.crash(ref, pod.key, crashed.name, ME) for _ in range(3)]
        assert (
            crashes[0].line == "panic: startup failed: dial tcp 10.96.14.7:5432: connect: connection refused"
        )
        assert (crashes[0].how, crashes[0].restarts > 0, crashes[0].previous) == ("exit code 1", True, True)
        assert crashes[0] == crashes[1] == crashes[2]
        assert cluster.counters.count("/log") == asked + 1, "what ended does not change any more"
        await asyncio.sleep(0)


async def test_what_belongs_to_another_service_is_not_there(tmp_path: Path) -> None:
    async with (
        Fleet.start(clusters=1) as fleet,
        application(tmp_path, fleet, "dice-roller", "scoreboard") as app,
    ):
        other = await settled(app, EntityRef.parse("component:default/scoreboard"))
        pod = other.clusters[0].workloads[0].pods[0]
        with pytest.raises(NotFound):
            await app.portal.object(DICE, pod.key, ME)
        with pytest.raises(NotFound):
            await app.portal.log(DICE, pod.key, LogQuery(), ME)
        with pytest.raises(NotFound):
            await app.portal.object(DICE, ObjectKey("no-such-cluster", "pods", "games", "x"), ME)


async def test_in_an_outage_a_drawer_does_not_say_that_the_object_is_gone(tmp_path: Path) -> None:
    async with Fleet.start(clusters=2) as fleet, application(tmp_path, fleet, "dice-roller") as app:
        key = (await settled(app)).clusters[0].workloads[0].pods[0].key
        fleet[key.cluster].chaos.on("reset")
        await asyncio.sleep(FRESH + 0.1)
        with pytest.raises(Unavailable, match="cannot be told whether"):
            await app.portal.object(DICE, key, ME)
        with pytest.raises(NotFound, match="no cluster called"):
            await app.portal.object(DICE, msgspec.structs.replace(key, cluster="nowhere"), ME)
        fleet[key.cluster].chaos.off()
        with pytest.raises(NotFound, match="answered, and there is no"):
            await app.portal.object(DICE, msgspec.structs.replace(key, name="gone-1"), ME)


async def test_an_unknown_entity_is_not_found_and_anonymous_is_told_nothing(tmp_path: Path) -> None:
    async with Fleet.start(clusters=1) as fleet, application(tmp_path, fleet, "dice-roller") as app:
        with pytest.raises(NotFound):
            await settled(app, EntityRef.parse("component:default/nobody"))
        for ref in (DICE, EntityRef.parse("component:default/nobody")):
            with pytest.raises(NotAllowed, match="nobody is signed in"):
                await app.portal.kubernetes_settled(ref, Caller.anonymous(), within=1)
        listed = await app.portal.services(ServicesQuery(kind=("component",)), ME)
        assert [r.ref for r in listed.rows] == [DICE]
        with pytest.raises(NotAllowed, match="nobody is signed in"):
            await app.portal.services(ServicesQuery(), Caller.anonymous())
