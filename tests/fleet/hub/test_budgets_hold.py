"""A cluster is never listened to beyond its budget; what does not fit is polled, and what matters most goes first."""

import asyncio
import gc
import weakref

import msgspec

from callboard.base.settings import HubSettings, KubernetesSettings
from callboard.fleet.hub.streams.budget import Budget, ListPermits
from callboard.model.outcome import Freshness
from callboard.simulator.fleet import Fleet
from support.fake_fleet import entity
from support.listening import HUB, Follower, eventually, listening

DICE = entity("dice-roller")


class Someone:
    def __init__(self, tier: int) -> None:
        self.tier = tier
        self.told: list[str] = []

    def demote(self) -> None:
        self.told.append("demote")

    def promote(self) -> None:
        self.told.append("promote")


async def test_what_does_not_fit_is_polled_and_pods_are_live() -> None:
    settings = msgspec.structs.replace(HUB, streams=7)
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, hub=settings) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        await viewer.settled()
        await eventually(
            lambda: (
                sum(s.held.freshness is Freshness.LIVE for s in world.hub.streams) == 7
                and sum(s.held.freshness is Freshness.POLLED for s in world.hub.streams)
                == len(world.hub.streams) - 7
            )
        )
        assert fleet[0].counters.open_watches == 7
        live = {o.question.type.plural for o in viewer.part.outcomes if o.freshness is Freshness.LIVE}
        assert live == {
            "pods",
            "deployments",
            "replicasets",
            "statefulsets",
            "daemonsets",
            "jobs",
            "cronjobs",
        }
        # A polled type changes too.
        fleet[0].store.patch("services", "dice-roller", {"metadata": {"labels": {"round": "1"}}}, "games")
        await viewer.until(lambda s: any(o.meta.label("round") == "1" for o in s.clusters[0].objects()))


async def test_a_freed_watch_goes_to_who_waits() -> None:
    settings = msgspec.structs.replace(HUB, streams=2)
    few = KubernetesSettings(object_types=("pods", "services", "configmaps"))
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, hub=settings, kubernetes=few) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        await viewer.settled()
        budget = world.hub._budgets[(fleet[0].name, fleet[0].url)]
        assert budget.watches == 2
        budget.settings = msgspec.structs.replace(settings, streams=50)
        held = next(iter(budget._watching))
        budget.leave(held)
        await eventually(lambda: budget.watches >= 2)


def test_a_budget_that_is_raised_or_lowered_is_in_force_at_once() -> None:
    budget = Budget(HubSettings(streams=1))
    watching, next_one, last = Someone(0), Someone(1), Someone(2)
    assert [budget.admit(each) for each in (watching, last, next_one)] == [True, False, False]
    budget.settings = HubSettings(streams=2)
    assert (watching.told, next_one.told, last.told) == ([], ["promote"], [])
    assert budget.admit(next_one)
    budget.settings = HubSettings(streams=2, lists=9)
    assert next_one.told == ["promote"]
    budget.settings = HubSettings(streams=1)
    assert (watching.told, next_one.told, last.told) == ([], ["promote", "demote"], [])
    assert (budget.watches, budget.waiting) == (1, 2)


async def test_lists_on_their_way_are_bounded() -> None:
    settings = msgspec.structs.replace(HUB, lists=2)
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet, hub=settings) as world:
        fleet[0].chaos.on("latency", seconds=0.05)
        most = 0
        async with Follower(world.provider, DICE) as viewer:
            while viewer.newest is None or not viewer.newest.settled:
                most = (
                    max(most, *(b.lists for b in world.hub._budgets.values()), 0)
                    if world.hub._budgets
                    else most
                )
                await asyncio.sleep(0.002)
        assert most == 2


async def test_important_ones_are_served_first_and_a_turn_given_up_is_not_lost() -> None:
    budget = Budget(HubSettings(lists=1, requests_per_second=10_000))
    holding = await budget.permit(0)
    served: list[int] = []

    async def wait(tier: int) -> None:
        turn = await budget.permit(tier)
        served.append(tier)
        turn.over()

    async with asyncio.TaskGroup() as group:
        for tier in (3, 2, 1, 0):
            group.create_task(wait(tier))
        impatient = group.create_task(wait(0))
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.sleep(0)
        holding.over()
    assert served == [0, 1, 2, 3]
    assert budget.lists == 0


async def test_requests_per_second_are_kept_after_a_burst() -> None:
    budget = Budget(HubSettings(lists=1000, requests_per_second=20))
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(20):
        (await budget.permit(0)).over()
    assert loop.time() - began < 0.5
    for _ in range(10):
        (await budget.permit(0)).over()
    assert loop.time() - began >= 0.4


def test_the_least_important_makes_room_and_only_for_what_matters_more() -> None:
    budget = Budget(HubSettings(streams=2))
    events, maps, pods, nodes = Someone(3), Someone(2), Someone(0), Someone(2)
    assert budget.admit(events)
    assert budget.admit(maps)
    assert budget.admit(pods)
    assert events.told == ["demote"]
    assert not budget.admit(nodes)
    assert maps.told == []
    budget.leave(pods)
    assert nodes.told == ["promote"]
    assert events.told == ["demote"]


async def test_all_clusters_together_begin_no_more_lists_than_there_are_places() -> None:
    places = ListPermits(most=3, lent=60.0)
    budgets = [Budget(HubSettings(lists=4, requests_per_second=10_000), places) for _ in range(5)]
    most = served = 0

    async def list_(budget: Budget, tier: int) -> None:
        nonlocal most, served
        turn = await budget.permit(tier)
        most = max(most, places.taken)
        await asyncio.sleep(0)
        turn.over()
        served += 1

    async with asyncio.TaskGroup() as group:
        for budget in budgets:
            for tier in (0, 1, 2, 3):
                group.create_task(list_(budget, tier))
    assert (most, served, places.taken) == (3, 20, 0)


async def test_a_cluster_that_does_not_answer_keeps_no_other_from_its_place() -> None:
    places = ListPermits(most=1, lent=0.01)
    hangs, answers = (Budget(HubSettings(), places) for _ in range(2))
    held = await hangs.permit(0)
    async with asyncio.timeout(10):
        (await answers.permit(3)).over()
    assert hangs.lists == 1
    held.over()
    assert (hangs.lists, places.taken) == (0, 0)


async def test_a_list_that_goes_on_keeps_its_place_and_one_that_stands_still_loses_it() -> None:
    places = ListPermits(most=1, lent=0.05)
    goes_on, waits = (Budget(HubSettings(), places) for _ in range(2))
    held = await goes_on.permit(0)
    other = asyncio.create_task(waits.permit(0))
    for _ in range(40):
        held.progress()
        await asyncio.sleep(0.01)
    assert not other.done()
    async with asyncio.timeout(10):
        (await other).over()
    held.over()
    assert (goes_on.lists, waits.lists, places.taken) == (0, 0, 0)


async def test_whoever_gives_up_waiting_for_a_place_leaves_its_turn_behind() -> None:
    places = ListPermits(most=1, lent=60.0)
    budget = Budget(HubSettings(lists=2), places)
    held = await budget.permit(0)
    waits = asyncio.create_task(budget.permit(0))
    await eventually(lambda: budget.lists == 2)
    waits.cancel()
    await asyncio.gather(waits, return_exceptions=True)
    assert (budget.lists, places.taken) == (1, 1)
    held.over()
    assert (budget.lists, places.taken) == (0, 0)


async def test_a_turn_that_is_over_leaves_nothing_for_the_garbage_collector() -> None:
    budget = Budget(HUB, ListPermits())
    gc.disable()
    try:
        turn = await budget.permit(0)
        turn.progress()
        held = [weakref.ref(turn), weakref.ref(turn.progress.__self__)]  # type: ignore[attr-defined]
        turn.over()
        turn.progress()  # late, and nobody's
        del turn
        assert [each() for each in held] == [None, None]
    finally:
        gc.enable()
    assert budget.lists == 0
