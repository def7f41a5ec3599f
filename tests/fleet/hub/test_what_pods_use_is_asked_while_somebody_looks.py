"""metrics.k8s.io cannot be watched: asked for one service, again and again, only while somebody looks; never in the way."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from callboard.fleet.hub.streams.stream import Stream
from callboard.model.outcome import Answer, Outcome
from callboard.model.resource import POD_METRICS
from callboard.model.snapshot import ServiceSnapshot
from callboard.portal.arranging.arrangement import arrange_cluster
from callboard.simulator.fleet import Fleet
from support.fake_fleet import entity
from support.listening import HUB, Follower, Listening, eventually, listening

DICE = entity("dice-roller")
PATH = "/metrics.k8s.io/v1beta1/pods"


def measured(snapshot: ServiceSnapshot) -> list[Outcome]:
    return [o for o in snapshot.clusters[0].references if o.question.type.key == POD_METRICS.key]


def arrived(snapshot: ServiceSnapshot) -> bool:
    return any(o.answer is Answer.OBJECTS for o in measured(snapshot))


def streams(world: Listening) -> Sequence[Stream]:
    return [s for s in world.hub.streams if s.question.type.key == POD_METRICS.key]


async def test_it_is_asked_for_the_service_alone_and_stands_beside_requests_and_limits() -> None:
    async with (
        Fleet.start("quiet") as fleet,
        listening(fleet, usage=True) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        snapshot = await viewer.until(arrived)
        arranged = arrange_cluster(snapshot.clusters[0])
        pods = [pod for w in arranged.workloads for pod in w.pods]
        assert pods
        for pod in pods:
            assert pod.usage is not None
            assert 0 < pod.usage.cpu < 64
            assert pod.usage.memory > 1024
            assert pod.usage.cpu_request is not None
        names = {o.name for outcome in measured(snapshot) for o in outcome.objects}
        assert names == {pod.key.name for pod in pods}
        assert arranged.usage_answer is Answer.OBJECTS
        assert not [row for section in arranged.sections for row in section.rows if "metrics" in row.key.type]
        assert {s.question.label_selector for s in streams(world)} == {
            "backstage.io/kubernetes-id=dice-roller"
        }
        fresh = await world.fresh(DICE)
        assert arrived(fresh)


async def test_it_is_polled_while_somebody_looks_and_not_after() -> None:
    async with (
        Fleet.start("quiet") as fleet,
        listening(fleet, usage=True, hub=msgspec.structs.replace(HUB, keep=60.0)) as world,
    ):
        async with Follower(world.provider, DICE) as one, Follower(world.provider, DICE) as two:
            await one.until(arrived)
            await two.until(arrived)
            before = fleet[0].counters.count(PATH)
            await eventually(lambda: fleet[0].counters.count(PATH) >= before + 3)
            assert len(streams(world)) == 1
        assert len(streams(world)) == 1
        assert not len(streams(world)[0].held.readers)
        settled = fleet[0].counters.count(PATH)
        await asyncio.sleep(4 * HUB.poll_interval)
        assert fleet[0].counters.count(PATH) <= settled + 1  # one may have been on its way
        async with Follower(world.provider, DICE) as again:
            asked = fleet[0].counters.count(PATH)
            await again.until(arrived)
            await eventually(lambda: fleet[0].counters.count(PATH) > asked)


@pytest.mark.parametrize("provider", ["hub", "fan-out"])
async def test_a_cluster_that_measures_nothing_lacks_nothing(provider: str) -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet, usage=True) as world:
        fleet[0].chaos.on("not-found", "*metrics.k8s.io*")
        if provider == "hub":
            async with Follower(world.provider, DICE) as viewer:
                snapshot = await viewer.until(lambda s: s.settled and _all_told(s))
        else:
            snapshot = await world.fresh(DICE)
        arranged = arrange_cluster(snapshot.clusters[0])
        assert arranged.usage_answer is Answer.ABSENT
        assert arranged.missing == ()
        assert arranged.workloads
        assert all(pod.usage is None for w in arranged.workloads for pod in w.pods)


def _all_told(snapshot: ServiceSnapshot) -> bool:
    found = measured(snapshot)
    return bool(found) and all(o.answer is not Answer.AWAITED for o in found)


async def test_one_that_hangs_holds_up_nothing() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet, usage=True) as world:
        fleet[0].chaos.on("hang", "*metrics.k8s.io*")
        async with Follower(world.provider, DICE) as viewer:
            (told,) = measured(await viewer.settled())
            assert told.answer in (Answer.AWAITED, Answer.LATE)
        async with asyncio.timeout(world.provider.clusters.limits.hard_deadline - 1):
            fresh = await world.fresh(DICE)
        assert fresh.settled
        assert [o.answer for o in measured(fresh)] == [Answer.LATE]
        assert arrange_cluster(fresh.clusters[0]).missing == ()


async def test_a_cluster_may_be_left_out() -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, usage=False) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        await viewer.settled()
        await world.fresh(DICE)
        assert fleet[0].counters.count(PATH) == 0
