"""What a role does not allow is asked for more narrowly, polled instead of watched, or told as refused."""

import msgspec
import pytest

from callboard.base.settings import KubernetesSettings
from callboard.fleet.hub.streams import refusals
from callboard.model.outcome import Answer, Freshness
from callboard.simulator.cluster import SimulatedCluster as StandIn
from callboard.simulator.fleet import Fleet
from support.fake_fleet import entity
from support.listening import HUB, Follower, Listening, contents, eventually, listening

DICE = entity("dice-roller")
DICE_IN_GAMES = entity("dice-roller", namespace="games")
FEW = KubernetesSettings(object_types=("pods", "deployments", "services", "replicasets"))


def watched(stand_in: StandIn) -> set[str]:
    return {path.partition("?")[0] for _, path, _ in stand_in.counters.log if "watch=true" in path}


async def changes_arrive(world: Listening, viewer: Follower, value: str) -> None:
    world.fleet[0].store.patch(
        "deployments", "dice-roller", {"metadata": {"labels": {"round": value}}}, "games"
    )
    await viewer.until(lambda s: any(o.meta.label("round") == value for o in s.clusters[0].objects()))


async def test_where_only_a_namespace_may_be_read_its_streams_are_live() -> None:
    kept = msgspec.structs.replace(HUB, keep=30)
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, who="namespaced", hub=kept, kubernetes=FEW) as world,
        Follower(world.provider, DICE_IN_GAMES) as viewer,
    ):
        settled = await viewer.settled()
        assert contents(settled) == contents(await world.fresh(DICE_IN_GAMES))
        assert {o.freshness for o in settled.clusters[0].outcomes} == {Freshness.LIVE}
        await changes_arrive(world, viewer, "1")
        # Another service of the namespace: what was refused is not tried again.
        fleet[0].counters.reset()
        async with Follower(world.provider, entity("scoreboard", namespace="games")) as other:
            await other.settled()
        assert fleet[0].counters.questions == 0


async def test_where_the_entity_names_no_namespace_a_refusal_stands_and_is_not_hammered() -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, who="namespaced", kubernetes=FEW) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        settled = await viewer.settled()
        assert {o.answer for o in settled.clusters[0].outcomes} == {Answer.FORBIDDEN}
        assert all(o.failure and "forbidden" in o.failure.message for o in settled.clusters[0].outcomes)
        before = world.requests()
        assert before <= 5 * len(settled.clusters[0].outcomes)
        async with Follower(world.provider, entity("scoreboard")) as other:
            await other.settled()
        assert not [p for _, p, _ in fleet[0].counters.log if "scoreboard" in p]


async def test_where_a_role_allows_list_and_not_watch_it_is_polled_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refusals, "FIRST_PAUSE", 1000.0)
    monkeypatch.setattr(refusals, "LOOKED_AT", 1000.0)
    async with Fleet.start("quiet", speed=0.0) as fleet:
        server = fleet[0]
        server.role("lister", [{"verbs": ["get", "list"], "apiGroups": ["*"], "resources": ["*"]}])
        token = server.user("lister")
        server.bind("lister", "lister")
        async with listening(fleet, kubernetes=FEW) as world:
            world.tokens.tokens[server.name] = token
            world.tokens.identity = "lister"
            async with Follower(world.provider, DICE) as viewer:
                settled = await viewer.settled()
                assert contents(settled) == contents(await world.fresh(DICE))
                assert {o.freshness for o in settled.clusters[0].outcomes} == {Freshness.POLLED}
                await changes_arrive(world, viewer, "polled")
                tries = sum("watch=true" in path for _, path, _ in server.counters.log)
                await changes_arrive(world, viewer, "again")
                assert sum("watch=true" in path for _, path, _ in server.counters.log) == tries
            # Nobody looks: nobody asks.
            await eventually(lambda: not world.hub.streams)


async def test_a_right_that_is_taken_away_takes_what_was_seen_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refusals, "DOUBTED", 1.0)
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, who="viewer", kubernetes=FEW) as world,
    ):
        server = fleet[0]
        async with Follower(world.provider, DICE) as viewer:
            await viewer.settled()
            server.store.delete("clusterrolebindings.rbac.authorization.k8s.io", "viewers")
            assert server._server is not None
            for handler in list(server._server.connections):
                if handler.transport is not None:
                    handler.transport.abort()
            refused = await viewer.until(
                lambda s: all(o.answer is Answer.FORBIDDEN for o in s.clusters[0].outcomes)
            )
            assert not list(refused.clusters[0].members())


async def test_the_scopes_of_the_policy() -> None:
    for scope, paths in (
        ("cluster", {"/api/v1/pods", "/apis/apps/v1/deployments"}),
        ("namespace", {"/api/v1/namespaces/games/pods", "/apis/apps/v1/namespaces/games/deployments"}),
        ("entity", set()),
    ):
        hub = msgspec.structs.replace(HUB, scope=scope)
        async with (
            Fleet.start("quiet", speed=0.0) as fleet,
            listening(fleet, hub=hub, kubernetes=FEW) as world,
            Follower(world.provider, DICE_IN_GAMES) as viewer,
        ):
            settled = await viewer.settled()
            assert contents(settled) == contents(await world.fresh(DICE_IN_GAMES))
            seen = {p for p in watched(fleet[0]) if p.endswith(("/pods", "/deployments"))}
            assert seen == paths
            await changes_arrive(world, viewer, scope)


async def test_an_object_that_cannot_be_read_is_told_where_it_belongs_and_nowhere_else() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet, kubernetes=FEW) as world:
        fleet[0].streaming_lists = False
        fleet[0].chaos.on("one-malformed", "*/deployments*")
        async with Follower(world.provider, DICE) as viewer:
            settled = await viewer.settled()
            fresh = await world.fresh(DICE)
            assert [len(o.malformed) for o in settled.clusters[0].outcomes] == [
                len(o.malformed) for o in fresh.clusters[0].outcomes
            ]
            assert any(o.malformed for o in settled.clusters[0].outcomes)
