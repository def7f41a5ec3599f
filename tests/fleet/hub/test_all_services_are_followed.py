"""Following all services: their streams are kept, a change is told by the services it touches, reading asks nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec

from callboard.diagnosis.verdict import cluster_verdict
from callboard.extend import Entity, EntityRef, FollowingProvider
from callboard.fleet.hub.following.following import HubFollowing
from callboard.model.objects.pod import Pod
from callboard.model.outcome import Answer
from callboard.model.snapshot import ClusterSnapshot, ClusterState
from callboard.model.verdict import Health
from callboard.simulator.fleet import Fleet
from support.fake_fleet import CALLER, entity
from support.kept_up import crashed
from support.listening import HUB, Follower, Listening, eventually, listening

DICE, SCORES, NOBODY = entity("dice-roller"), entity("scoreboard"), entity("nobody")


@asynccontextmanager
async def following(world: Listening, *entities: Entity) -> AsyncIterator[HubFollowing]:
    found = world.provider.following(CALLER)
    for each in entities:
        found.put(each)
    running = asyncio.create_task(found.run())
    try:
        await eventually(lambda: ready(found))
        yield found
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def ready(found: HubFollowing) -> bool:
    return bool(found.clusters()) and all(c.ready for c in found.clusters().values())


async def touched(found: HubFollowing) -> dict[str, frozenset[EntityRef]]:
    """The next touches of single services."""
    async with asyncio.timeout(30):
        while True:
            await found.wait()
            taken = {t.cluster: t.refs for t in found.take() if t.refs}
            if taken:
                return taken


def read(found: HubFollowing, each: Entity, cluster: str) -> ClusterSnapshot:
    snapshot = found.read(each, cluster)
    assert snapshot is not None
    return snapshot


async def test_a_change_is_told_by_the_service_it_touches_and_nothing_is_asked() -> None:
    async with (
        Fleet.start("quiet", clusters=2, speed=0.0) as fleet,
        listening(fleet) as world,
        following(world, DICE, SCORES, NOBODY) as found,
    ):
        assert isinstance(world.provider, FollowingProvider)
        first: dict[str, set[EntityRef]] = {}
        for each in found.take():
            first.setdefault(each.cluster, set()).update(each.refs)
        assert first == {c.name: {DICE.ref, SCORES.ref} for c in fleet}
        before = world.requests()
        for name in ("a", "b"):
            fleet[0].store.patch("deployments", "dice-roller", {"metadata": {"labels": {"x": name}}}, "games")
        assert await touched(found) == {fleet[0].name: frozenset({DICE.ref})}
        for cluster in found.clusters():
            assert cluster_verdict(read(found, DICE, cluster)).health is Health.HEALTHY
            assert cluster_verdict(read(found, NOBODY, cluster)).health is Health.NOTHING
        assert world.requests() == before


async def test_what_is_read_decides_as_what_is_asked_anew_does() -> None:
    everything = [entity(n) for n in ("dice-roller", "payments", "checkout", "ledger", "search", "log-agent")]
    async with (
        Fleet.start("demo", clusters=3, speed=0.0) as fleet,
        listening(fleet) as world,
        following(world, *everything) as found,
    ):
        for each in everything:
            for part in (await world.fresh(each)).clusters:
                held = cluster_verdict(read(found, each, part.cluster.name))
                asked = cluster_verdict(part)
                assert (held.health, held.impact) == (asked.health, asked.impact)
                # events, which are not followed, may tell that it has been so for longer
                assert (held.since is None) == (asked.since is None)
                assert held.since is None or asked.since is None or held.since >= asked.since


async def test_no_pod_that_is_well_is_opened_and_whoever_looks_sees_it_whole() -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet) as world,
        following(world, DICE) as found,
        Follower(world.provider, DICE) as viewer,
    ):

        def closed() -> set[str]:
            """Which pods the verdict has in outline."""
            members = read(found, DICE, fleet[0].name).members()
            return {o.name for o in members if isinstance(o.body, Pod) and not o.raw}

        await viewer.settled()
        seen = [o for o in viewer.part.members() if isinstance(o.body, Pod)]
        assert seen
        assert all(o.raw for o in seen)
        assert closed() == {o.name for o in seen}
        told = next(p for p in fleet[0].store.list("pods", "games") if p["metadata"]["name"] == seen[0].name)[
            "status"
        ]
        fleet[0].store.patch("pods", seen[0].name, crashed(told), "games", subresource="status")
        await eventually(lambda: closed() == {o.name for o in seen[1:]})
        asked = cluster_verdict((await world.fresh(DICE)).clusters[0])
        assert asked.health is Health.UNHEALTHY
        await eventually(lambda: cluster_verdict(read(found, DICE, fleet[0].name)) == asked)


async def test_streams_that_were_there_before_tell_what_they_hold() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet) as world:
        async with Follower(world.provider, DICE) as viewer:
            await viewer.settled()
        lists = world.requests()
        async with following(world, DICE, SCORES) as found:
            refs = {ref for each in found.take() for ref in each.refs}
            assert refs == {DICE.ref, SCORES.ref}
            assert world.requests() == lists
        await eventually(lambda: not world.hub.streams)


async def test_children_without_the_services_label_are_told_by_their_workloads_selector() -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet) as world,
    ):
        marked = entity("marked", label_selector="callboard-test=yes")
        fleet[0].store.patch(
            "deployments", "dice-roller", {"metadata": {"labels": {"callboard-test": "yes"}}}, "games"
        )
        async with following(world, marked) as found:
            found.take()
            assert read(found, marked, fleet[0].name).references
            pod = next(
                p
                for p in fleet[0].store.list("pods", "games")
                if p["metadata"]["name"].startswith("dice-roller")
            )
            status = {"status": {"phase": "Failed", "reason": "Evicted"}}
            fleet[0].store.patch("pods", pod["metadata"]["name"], status, "games", subresource="status")
            assert await touched(found) == {fleet[0].name: frozenset({marked.ref})}
            children = [o for r in read(found, marked, fleet[0].name).references for o in r.objects]
            assert "Failed" in {o.body.status.phase for o in children if isinstance(o.body, Pod)}


async def test_where_only_namespaces_may_be_read_those_that_services_name_are_followed() -> None:
    inside, outside = entity("dice-roller", namespace="games"), entity("scoreboard")
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, who="namespaced") as world,
        following(world, inside, outside) as found,
    ):
        await eventually(
            lambda: read(found, inside, fleet[0].name).state is ClusterState.ANSWERED and ready(found)
        )
        assert cluster_verdict(read(found, inside, fleet[0].name)).health is Health.HEALTHY
        refused = read(found, outside, fleet[0].name)
        assert {o.answer for o in refused.outcomes} == {Answer.FORBIDDEN}


async def test_what_is_in_no_shared_stream_is_not_told() -> None:
    settings = msgspec.structs.replace(HUB, scope="entity")
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, hub=settings) as world,
        following(world, DICE) as found,
    ):
        assert found.read(DICE, fleet[0].name) is None
        assert world.requests() == 0


async def test_a_cluster_that_goes_away_is_told_as_a_whole_and_since_when() -> None:
    async with (
        Fleet.start("quiet", clusters=2, speed=0.0) as fleet,
        listening(fleet) as world,
        following(world, DICE) as found,
    ):
        await eventually(lambda: not found.take())
        await fleet[0].close()
        await eventually(lambda: found.clusters()[fleet[0].name].stale_since is not None)
        told: set[str] = set()

        def whole() -> set[str]:
            told.update(t.cluster for t in found.take() if t.whole)
            return told

        await eventually(lambda: bool(whole()))
        assert told == {fleet[0].name}
        assert cluster_verdict(read(found, DICE, fleet[0].name)).health is Health.UNKNOWN
        assert found.clusters()[fleet[1].name].stale_since is None


async def test_without_a_credential_the_cluster_has_failed_and_says_why() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet) as world:
        world.tokens.tokens.clear()
        async with following(world, DICE) as found:
            snapshot = read(found, DICE, fleet[0].name)
            assert snapshot.state is ClusterState.FAILED
            assert snapshot.failure is not None
            assert world.requests() == 0


async def test_what_only_a_callers_own_token_may_read_is_not_followed() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet) as world:
        world.tokens.own = True
        async with following(world, DICE) as found:
            assert found.read(DICE, fleet[0].name) is None
            assert world.requests() == 0


async def test_an_entity_that_is_dropped_or_changed_is_followed_as_it_is_now() -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet) as world,
        following(world, DICE, SCORES) as found,
    ):
        found.take()
        found.drop(SCORES.ref)
        found.put(msgspec.structs.replace(entity("dice-roller", id="scoreboard")))
        fleet[0].store.patch("deployments", "dice-roller", {"metadata": {"labels": {"x": "1"}}}, "games")
        fleet[0].store.patch("deployments", "scoreboard", {"metadata": {"labels": {"x": "1"}}}, "games")
        assert await touched(found) == {fleet[0].name: frozenset({DICE.ref})}
        assert not found.take()
