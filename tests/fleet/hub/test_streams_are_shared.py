"""However many look, a cluster is asked as if it were one; when nobody looks any more, nothing is left."""

import asyncio
import gc
import weakref
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from callboard.base.clock import FakeClock
from callboard.fleet.hub.hub import MOST_PENDING
from callboard.fleet.hub.port import Changed, Held, Source
from callboard.model.caller import Caller, CallerKind
from callboard.model.cluster import Cluster, Credential, Trust
from callboard.model.outcome import Freshness, Question
from callboard.model.resource import KNOWN_TYPES
from callboard.simulator.fleet import Fleet
from support.fake_fleet import CALLER, entity
from support.listening import HUB, Follower, contents, eventually, listening

DICE = entity("dice-roller")
CONFIGMAPS = next(t for t in KNOWN_TYPES if t.plural == "configmaps")


def first_cluster(fleet: Fleet) -> Cluster:
    return Cluster(name=fleet[0].name, url=fleet[0].url, trust=Trust(ca_pem=fleet[0].ca_pem))


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


async def test_what_an_ended_stream_held_goes_with_it() -> None:
    """Without the garbage collector: it finds for a day nothing that hangs on what was set aside."""
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet) as world:
        gc.disable()
        try:
            async with Follower(world.provider, DICE) as viewer:
                await viewer.settled()
                held = [weakref.ref(stream.held) for stream in world.hub.streams]
            await eventually(lambda: not world.hub.streams)
            await eventually(lambda: not any(each() for each in held))
        finally:
            gc.enable()
    assert held


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


async def test_who_comes_back_within_a_moment_sees_what_happened_meanwhile_at_once() -> None:
    kept = msgspec.structs.replace(HUB, keep=60.0)
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet, hub=kept) as world:
        async with Follower(world.provider, DICE) as viewer:
            await viewer.settled()

        def held() -> object:
            (stream,) = (s for s in world.hub.streams if s.question.type.plural == "deployments")
            return stream.held.objects.get(("games", "dice-roller"))

        before, earlier = world.requests(), held()
        fleet[0].store.patch("deployments", "dice-roller", {"metadata": {"labels": {"round": "2"}}}, "games")
        await eventually(lambda: held() is not earlier)
        async with aclosing(world.provider.objects(DICE, CALLER)) as snapshots:
            first = await anext(snapshots)
        assert any(o.meta.label("round") == "2" for o in first.clusters[0].objects())
        assert world.requests() == before


async def test_a_reader_who_takes_nothing_is_brought_up_to_date_and_nothing_queues_up() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet) as world:
        credential = await world.tokens.credential(first_cluster(fleet), CALLER)

        async def current() -> Credential:
            return credential

        source = Source(first_cluster(fleet), "admin", current, world.parts.fetcher, HUB)
        question = Question(type=CONFIGMAPS, namespace="games")
        slow = world.hub.subscribe(source)
        slow.want((question,))
        await slow.wait()
        await asyncio.sleep(0.2)
        assert isinstance(slow.take()[-1], Held)
        for number in range(MOST_PENDING + 50):
            fleet[0].store.create({"metadata": {"name": f"c{number}"}}, "configmaps", namespace="games")
            if number == 3:
                await eventually(lambda: world.hub.streams[0].held.objects.get(("games", "c3")) is not None)
                (changed,) = slow.take()
                assert isinstance(changed, Changed)
                assert {o.name for o in changed.upserts} == {"c0", "c1", "c2", "c3"}
        last = ("games", f"c{MOST_PENDING + 49}")
        await eventually(lambda: world.hub.streams[0].held.objects.get(last) is not None)
        (held,) = slow.take()
        assert isinstance(held, Held)
        assert len(held.objects) == len(fleet[0].store.list("configmaps", "games"))
        assert slow.take() == ()
        fleet[0].store.remove("configmaps", "c0", "games")
        await slow.wait()
        (gone,) = slow.take()
        assert isinstance(gone, Changed)
        assert gone.deletes == (("games", "c0"),)
        slow.close()


async def test_the_tasks_of_many_viewers_do_not_grow_with_the_clusters() -> None:
    async with (
        Fleet.start("quiet", clusters=4, speed=0.0) as fleet,
        listening(fleet) as world,
        Follower(world.provider, DICE) as one,
    ):
        await one.settled()
        alone = our_tasks()
        connections = sum(c.open_connections for c in fleet)
        async with AsyncExitStack() as stack:
            for _ in range(50):
                viewer = await stack.enter_async_context(Follower(world.provider, DICE))
                await viewer.settled()
            await eventually(lambda: our_tasks() <= alone + 50)
            await eventually(lambda: sum(c.open_connections for c in fleet) <= connections)
        await eventually(lambda: our_tasks() <= alone)


def our_tasks() -> int:
    """Without those of the stand-in servers, which run in the same loop."""
    return sum("_handle_request" not in str(task.get_coro()) for task in asyncio.all_tasks())


async def test_a_quiet_page_costs_nothing_until_time_makes_it_mean_something_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("callboard.fleet.hub.live_selection.RENEWED", 0.05)
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet) as world,
    ):
        clock = world.provider.clock = FakeClock(datetime.now(UTC))
        pod = next(p for p in fleet[0].store.list("pods", "games") if "dice" in p["metadata"]["name"])
        name = pod["metadata"]["name"]
        async with Follower(world.provider, DICE) as viewer:
            settled = await viewer.settled()
            (look,) = (shared.live for shared in world.provider._shared.values())
            before, seen, composed = world.requests(), viewer.seen, look.composed
            clock.advance(3600)
            await asyncio.sleep(0.3)
            assert (viewer.seen, look.composed, world.requests()) == (seen, composed, before)
            assert look.snapshot is settled.clusters[0]

            crashed = restarted(pod, clock.now() - timedelta(minutes=9))
            fleet[0].store.patch("pods", name, {"status": crashed}, "games", subresource="status")
            await eventually(lambda: viewer.part is not settled.clusters[0])
            await asyncio.sleep(0.3)
            seen, part = viewer.seen, viewer.part
            clock.advance(50)
            await asyncio.sleep(0.3)
            assert viewer.seen == seen
            clock.advance(20)
            await eventually(lambda: viewer.seen == seen + 1)
            assert viewer.part.outcomes == part.outcomes
            assert (part.as_of, viewer.part.as_of) == (clock.now() - timedelta(seconds=70), clock.now())
            clock.advance(3600)
            await asyncio.sleep(0.3)
            assert viewer.seen == seen + 1


async def test_who_comes_back_finds_the_very_same_part() -> None:
    async with Fleet.start("quiet", clusters=2, speed=0.0) as fleet, listening(fleet) as world:
        parts = []
        for _ in range(3):
            async with Follower(world.provider, DICE) as viewer:
                parts.append((await viewer.settled()).clusters)
        assert all(a is b for later in parts[1:] for a, b in zip(parts[0], later, strict=True))


def restarted(pod: Any, at: datetime) -> dict[str, Any]:
    """A pod's status: it runs since then, after its fifth crash."""
    status = pod["status"]["containerStatuses"][0]
    return {
        "phase": "Running",
        "containerStatuses": [
            {
                **status,
                "restartCount": 5,
                "state": {"running": {"startedAt": f"{at:%Y-%m-%dT%H:%M:%SZ}"}},
                "lastState": {"terminated": {"exitCode": 1}},
            }
        ],
    }
