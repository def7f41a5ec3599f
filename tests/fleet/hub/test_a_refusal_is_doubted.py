"""What was readable a moment ago and is refused now is asked for again, and stays meanwhile; what is new is seen soon."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.settings import KubernetesSettings
from callboard.fleet.hub.streams import refusals
from callboard.fleet.hub.streams.refusals import Refusals
from callboard.model.outcome import Answer, Freshness
from callboard.model.snapshot import ServiceSnapshot
from callboard.simulator import cluster as simulated
from callboard.simulator.cluster import SimulatedCluster as StandIn
from callboard.simulator.fleet import Fleet
from support.chaos import away
from support.fake_fleet import entity
from support.listening import Follower, Listening, listening

DICE = entity("dice-roller")
FEW = KubernetesSettings(object_types=("pods", "deployments", "services", "replicasets"))


def answers(snapshot: ServiceSnapshot) -> set[Answer]:
    return {o.answer for o in snapshot.clusters[0].outcomes}


def live(snapshot: ServiceSnapshot) -> bool:
    return all(o.freshness is Freshness.LIVE and o.stale_since is None for o in snapshot.clusters[0].outcomes)


def cut(server: StandIn) -> None:
    assert server._server is not None
    for handler in list(server._server.connections):
        if handler.transport is not None:
            handler.transport.abort()


async def stays_and_heals(world: Listening, viewer: Follower, settled: ServiceSnapshot) -> None:
    """From here on nothing is told as refused, nothing is missing, and in the end all is live again."""
    members = {o.name for o in settled.clusters[0].members()}
    seen = await viewer.until(live)
    assert {o.name for o in seen.clusters[0].members()} == members


async def test_a_server_that_has_not_read_its_roles_takes_nothing_away() -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, who="viewer", kubernetes=FEW) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        settled = await viewer.settled()
        assert live(settled)
        rule = fleet[0].chaos.on("roles-unread")
        cut(fleet[0])
        stale = await viewer.until(lambda s: all(o.stale_since is not None for o in s.clusters[0].outcomes))
        assert Answer.FORBIDDEN not in answers(stale)
        assert list(stale.clusters[0].members())
        assert all(o.failure and "forbidden" in o.failure.message for o in stale.clusters[0].outcomes)
        fleet[0].chaos.off(rule)
        await stays_and_heals(world, viewer, settled)


async def test_a_restarted_server_is_live_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "ROLES_READ", 0.5)
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, who="viewer", kubernetes=FEW) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        settled = await viewer.settled()
        async with away(fleet[0]):
            await viewer.until(lambda s: not live(s))
        assert fleet[0].authorizer.unread
        await stays_and_heals(world, viewer, settled)


async def test_a_refresh_asks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, nobody would ask for minutes."""
    monkeypatch.setattr(refusals, "FIRST_PAUSE", 1000.0)
    monkeypatch.setattr(refusals, "LOOKED_AT", 1000.0)
    monkeypatch.setattr(refusals, "REFUSED_AGAIN", 1000.0)
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, who="nobody", kubernetes=FEW) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        await viewer.until(lambda s: answers(s) == {Answer.FORBIDDEN})
        fleet[0].bind("nobody", "view", name="now-somebody")
        async with Follower(world.provider, DICE):
            await viewer.until(live)


async def test_a_right_that_is_new_is_seen_while_somebody_looks() -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, who="nobody", kubernetes=FEW) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        await viewer.until(lambda s: answers(s) == {Answer.FORBIDDEN})
        fleet[0].bind("nobody", "view", name="now-somebody")
        await viewer.until(live)


# ------------------------------------------------------------------ when it is asked again


def moments(looked_at: bool, jitter: float, until: float) -> Iterator[float]:
    asked, now = Refusals(lambda: jitter), 0.0
    while now < until:
        yield now
        now = asked.refused(now, looked_at=looked_at)


@given(st.booleans(), st.floats(0, 1))
def test_it_is_asked_soon_then_seldom_and_when_the_doubt_ends(looked_at: bool, jitter: float) -> None:
    asked = list(moments(looked_at, jitter, 3600.0))
    pauses = [b - a for a, b in pairwise(asked)]
    assert pauses[0] <= 1.25
    assert refusals.DOUBTED in asked
    assert sum(a < refusals.DOUBTED for a in asked) <= 10
    most = refusals.LOOKED_AT if looked_at else refusals.REFUSED_AGAIN
    assert all(pause <= most * 1.25 for pause in pauses)
    assert pauses[-1] >= most * 0.75


def test_what_was_answered_is_doubted_anew() -> None:
    asked = Refusals(lambda: 0.5)
    assert asked.doubted(0.0)
    asked.refused(0.0, looked_at=True)
    assert asked.doubted(59.0)
    assert not asked.doubted(60.0)
    asked.over()
    assert asked.doubted(1000.0)


async def test_a_lasting_refusal_takes_away_what_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "DOUBTED", 1.0)
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, who="viewer", kubernetes=FEW) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        await viewer.settled()
        fleet[0].chaos.on("roles-unread")
        cut(fleet[0])
        gone = await viewer.until(lambda s: answers(s) == {Answer.FORBIDDEN})
        assert not list(gone.clusters[0].members())
        assert all(not len(s.held.objects) for s in world.hub.streams)
        fleet[0].chaos.off()
        await viewer.until(live)
