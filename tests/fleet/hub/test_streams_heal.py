"""Whatever a server does to the streams, the viewers end with what a fresh list shows, and did nothing for it."""

import asyncio
from collections.abc import Callable

import pytest

from callboard.model.outcome import Answer, Freshness
from callboard.model.snapshot import ClusterState, ServiceSnapshot
from callboard.simulator.cluster import SimulatedCluster as StandIn
from callboard.simulator.fleet import Fleet
from support.fake_fleet import entity
from support.listening import BRIEF, Follower, Listening, contents, eventually, listening

DICE = entity("dice-roller")


def label(stand_in: StandIn, value: str) -> None:
    for name in ("dice-roller", "scoreboard"):
        stand_in.store.patch("deployments", name, {"metadata": {"labels": {"round": value}}}, "games")


def scale(stand_in: StandIn, replicas: int) -> None:
    stand_in.store.patch("deployments", "dice-roller", {"spec": {"replicas": replicas}}, "games")


def has_round(value: str) -> Callable[[ServiceSnapshot], bool]:
    return lambda s: any(o.meta.label("round") == value for o in s.clusters[0].objects())


async def same_as_fresh(world: Listening, viewer: Follower) -> None:
    fresh = contents(await world.fresh(DICE))
    await viewer.until(lambda s: contents(s) == fresh)


def cut(stand_in: StandIn) -> None:
    """Every connection of the server breaks."""
    assert stand_in._server is not None
    for handler in list(stand_in._server.connections):
        if handler.transport is not None:
            handler.transport.abort()


@pytest.mark.parametrize("streaming", [True, False], ids=["streaming lists", "list and watch"])
@pytest.mark.parametrize(
    "trouble", ["cut", "gone", "compacted and cut", "ends", "too many requests", "half a line"]
)
async def test_after_the_trouble_it_is_as_listed_anew(trouble: str, streaming: bool) -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet) as world:
        server = fleet[0]
        server.streaming_lists = streaming
        async with Follower(world.provider, DICE) as viewer:
            await viewer.settled()
            if trouble in ("cut", "compacted and cut"):
                scale(server, 4)
                if trouble != "cut":
                    server.store.compact()
                cut(server)
            elif trouble == "too many requests":
                server.chaos.on("too-many-requests", retry_after=1, times=20)
                cut(server)
            else:
                mode = "watch-gone" if trouble == "gone" else "watch-ends"
                rule = server.chaos.on(mode, "*watch=true*", size=40 if trouble == "half a line" else 0)
                asyncio.get_running_loop().call_later(0.5, server.chaos.off, rule)
            label(server, "after")
            fleet.step(5)
            await viewer.until(has_round("after"), within=20)
            await same_as_fresh(world, viewer)
            await eventually(lambda: all(not o.stale_since for o in viewer.part.outcomes))


async def test_a_cluster_that_goes_away_is_shown_as_last_seen_and_comes_back_by_itself() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet) as world:
        server = fleet[0]
        async with Follower(world.provider, DICE) as viewer:
            before = await viewer.settled()
            port = int(server.url.rpartition(":")[2])
            pair = server._pair
            assert pair is not None
            await server.close()
            gone = await viewer.until(lambda s: all(o.stale_since for o in s.clusters[0].outcomes), within=15)
            assert gone.settled
            part = gone.clusters[0]
            assert part.state is ClusterState.ANSWERED
            assert [o.objects for o in part.outcomes] == [o.objects for o in before.clusters[0].outcomes]
            assert all(o.failure is not None and o.failure.message for o in part.outcomes)
            server.store.compact()
            scale(server, 5)
            fleet.step(5)
            await server.serve(pair, port)
            label(server, "back")
            await viewer.until(has_round("back"), within=40)
            await eventually(lambda: all(not o.stale_since for o in viewer.part.outcomes), within=40)
            await same_as_fresh(world, viewer)


async def test_a_cluster_that_is_down_at_first_is_failed_and_then_answers() -> None:
    async with Fleet.start("quiet", clusters=2, speed=0.0) as fleet, listening(fleet) as world:
        fleet[0].chaos.on("reset")
        async with Follower(world.provider, DICE) as viewer:
            down = await viewer.until(lambda s: s.settled)
            assert [c.state for c in down.clusters] == [ClusterState.FAILED, ClusterState.ANSWERED]
            assert down.clusters[0].failure is not None
            fleet[0].chaos.off()
            await viewer.until(
                lambda s: (
                    s.clusters[0].state is ClusterState.ANSWERED
                    and all(o.answer.known for o in s.clusters[0].outcomes)
                ),
                within=30,
            )
            await same_as_fresh(world, viewer)


async def test_a_hanging_cluster_is_late_and_the_others_are_live_meanwhile() -> None:
    async with Fleet.start("quiet", clusters=2, speed=0.0) as fleet, listening(fleet, limits=BRIEF) as world:
        fleet[0].chaos.on("hang")
        async with Follower(world.provider, DICE) as viewer:
            await viewer.until(lambda s: s.clusters[1].state is ClusterState.ANSWERED)
            late = await viewer.until(lambda s: any(n.code == "late" for n in s.clusters[0].notices))
            assert late.clusters[0].state in (ClusterState.AWAITED, ClusterState.PARTIAL)
            failed = await viewer.until(lambda s: s.clusters[0].state is ClusterState.FAILED)
            assert {o.answer for o in failed.clusters[0].outcomes} == {Answer.LATE}
            fleet[1].store.patch(
                "deployments", "dice-roller", {"metadata": {"labels": {"round": "x"}}}, "games"
            )
            await viewer.until(lambda s: any(o.meta.label("round") == "x" for o in s.clusters[1].objects()))


async def test_a_silent_stream_is_noticed() -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, watch_silence=0.4) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        await viewer.settled()
        rule = fleet[0].chaos.on("watch-silent", "*watch=true*")
        label(fleet[0], "unheard")
        asyncio.get_running_loop().call_later(0.5, fleet[0].chaos.off, rule)
        await viewer.until(has_round("unheard"))


async def test_a_renewed_token_continues_the_streams_and_a_revoked_one_is_not_used_again() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet) as world:
        server = fleet[0]
        async with Follower(world.provider, DICE) as viewer:
            await viewer.settled()
            streams = len(world.hub.streams)
            old = world.tokens.tokens[server.name]
            renewed = server.user("admin", "system:masters")
            server.tokens.revoke(old)
            world.tokens.tokens[server.name] = renewed
            cut(server)
            label(server, "renewed")
            await viewer.until(has_round("renewed"))
            assert len(world.hub.streams) == streams
            assert {o.freshness for o in viewer.part.outcomes} == {Freshness.LIVE}
            assert len(world.hub.streams) == streams


async def test_a_credential_that_becomes_anothers_ends_what_was_shared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("callboard.fleet.hub.provider.provider.RETRY", 0.2)
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        await viewer.settled()
        world.tokens.identity = "somebody else"
        cut(fleet[0])
        await viewer.until(lambda s: s.clusters[0].asked_as == "somebody else", within=20)
        await viewer.until(lambda s: s.settled and all(o.answer.known for o in s.clusters[0].outcomes))
