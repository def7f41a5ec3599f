"""However many look, a cluster is asked as if it were one; when nobody looks any more, nothing is left."""

import asyncio
from contextlib import AsyncExitStack, aclosing

from callboard.model.caller import Caller, CallerKind
from callboard.model.outcome import Freshness
from callboard.simulator.fleet import Fleet
from support.fake_fleet import CALLER, entity
from support.listening import HUB, Follower, contents, eventually, listening

DICE = entity("dice-roller")


async def test_the_first_settled_snapshot_holds_what_asking_anew_would_and_is_live() -> None:
    async with (
        Fleet.start("quiet", clusters=2, speed=0.0) as fleet,
        listening(fleet) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        settled = await viewer.settled()
        assert settled.live
        assert contents(settled) == contents(await world.fresh(DICE))
        assert {o.freshness for c in settled.clusters for o in c.outcomes} == {Freshness.LIVE}


async def test_five_hundred_viewers_cause_the_requests_of_one() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet:
        async with listening(fleet) as world, Follower(world.provider, DICE) as one:
            await one.settled()
            alone = world.requests()
        for cluster in fleet:
            cluster.counters.reset()
        async with listening(fleet) as world, AsyncExitStack() as stack:
            viewers = [
                await stack.enter_async_context(
                    Follower(
                        world.provider, DICE, Caller(kind=CallerKind.PERSON, subject=f"user:default/p{i}")
                    )
                )
                for i in range(500)
            ]
            for viewer in viewers:
                await viewer.settled()
            assert world.requests() == alone
            fleet[0].store.patch(
                "deployments", "dice-roller", {"metadata": {"labels": {"changed": "yes"}}}, "games"
            )
            for viewer in viewers:
                await viewer.until(
                    lambda s: any(o.meta.label("changed") == "yes" for o in s.clusters[0].objects())
                )
            assert world.requests() == alone


async def test_a_warm_page_asks_nothing() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet) as world:
        async with Follower(world.provider, DICE) as viewer:
            await viewer.settled()
        before = world.requests()
        async with aclosing(world.provider.objects(DICE, CALLER)) as snapshots:
            first = await anext(snapshots)
        assert first.settled
        assert world.requests() == before
        # Another service that nobody has opened: the types are held, only what it points to is not.
        async with Follower(world.provider, entity("scoreboard")) as viewer:
            other = await viewer.settled()
        assert other.clusters[0].outcomes[0].objects
        assert world.requests() == before


async def test_nothing_is_left_after_the_last_viewer_and_the_keep_time() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet) as world:
        async with Follower(world.provider, DICE) as viewer:
            await viewer.settled()
            assert fleet[0].counters.open_watches > 0
        await asyncio.sleep(HUB.keep / 3)
        assert fleet[0].counters.open_watches > 0
        await eventually(lambda: not world.hub.streams)
        await eventually(lambda: fleet[0].counters.open_watches == 0)
        left = [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith(("stream", "look"))]
        assert left == []
