"""A server looks at a credential when a watch is opened, and never again: one that was revoked is found out all the same."""

import asyncio

import msgspec
import pytest

from callboard.fleet.hub.streams import pulse as module
from callboard.model.outcome import Answer, Failure, FailureCode, Freshness, Outcome
from callboard.model.snapshot import ServiceSnapshot
from callboard.simulator.fleet import Fleet
from support.fake_fleet import entity
from support.listening import HUB, Follower, contents, eventually, listening
from support.pulsing import World, played

DICE = entity("dice-roller")
UNKNOWN = Failure(code=FailureCode.UNAUTHORIZED, message="Unauthorized", status=401)


def watched(snapshot: ServiceSnapshot, number: int = 0) -> list[Outcome]:
    return [o for o in snapshot.clusters[number].outcomes if o.freshness is Freshness.LIVE]


def refused(snapshot: ServiceSnapshot) -> bool:
    """Everything that is watched is told to be of before, and why."""
    return all(
        o.stale_since and o.failure and o.failure.code is FailureCode.UNAUTHORIZED for o in watched(snapshot)
    )


def live(snapshot: ServiceSnapshot) -> bool:
    return not any(o.stale_since for o in snapshot.clusters[0].outcomes)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"QUIET": 0.5, "WITHIN": 2.0, "ONCE_MORE": 0.1, "SILENT": 0.1}.items():
        monkeypatch.setattr(module, name, seconds)


@pytest.mark.usefixtures("hurried")
async def test_a_token_that_was_revoked_is_told_while_its_watches_stand_and_a_new_one_heals_all() -> None:
    async with (
        Fleet.start("quiet", clusters=2, speed=0.0) as fleet,
        listening(fleet, hub=HUB) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        before = await viewer.settled()
        assert len(watched(before)) > 5
        old = world.tokens.tokens[fleet[0].name]
        user = fleet[0].tokens._users[old]
        fleet[0].tokens.revoke(old)
        told = await viewer.until(refused)
        assert [o.objects for o in watched(told)] == [o.objects for o in watched(before)]
        assert all(o.answer is not Answer.UNAUTHORIZED for o in watched(told))
        assert not any(o.stale_since for o in watched(told, 1))
        fleet[0].store.patch(
            "deployments", "dice-roller", {"metadata": {"labels": {"round": "meanwhile"}}}, "games"
        )
        fleet[0].tokens.add("renewed", user.name, *user.groups)
        world.tokens.tokens[fleet[0].name] = "renewed"
        await viewer.until(live)
        fresh = contents(await world.fresh(DICE))
        await viewer.until(lambda s: contents(s) == fresh)


@pytest.mark.usefixtures("hurried")
async def test_a_token_that_was_renewed_in_time_leaves_no_trace() -> None:
    """The old one is revoked when the file holds the new one already: all watches go on with that, and nothing is stale."""
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, hub=HUB) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        await viewer.settled()
        old = world.tokens.tokens[fleet[0].name]
        user = fleet[0].tokens._users[old]
        fleet[0].tokens.add("renewed", user.name, *user.groups)
        world.tokens.tokens[fleet[0].name] = "renewed"
        fleet[0].tokens.revoke(old)
        pulse = world.hub._pulses[fleet[0].name, fleet[0].url]
        asked = pulse.asked
        await eventually(lambda: pulse.asked >= asked + 3)
        assert viewer.newest is not None
        assert live(viewer.newest)


# ---- in time that passes as fast as it can


def test_where_only_the_path_refuses_one_watch_is_tried_and_that_once_in_minutes() -> None:
    async def story(world: World) -> None:
        world.answers = UNKNOWN
        for _ in range(280):
            await asyncio.sleep(1)
            for watch in world.watches:
                if watch.reopened and watch not in world.pulse._standing:
                    world.hear(watch)
        assert sum(w.reopened for w in world.watches) == 1
        await asyncio.sleep(60)
        assert sum(w.reopened for w in world.watches) == 2

    played(story)


def test_where_a_watch_is_refused_as_well_all_are_opened_anew_within_the_bound() -> None:
    async def story(world: World) -> None:
        world.answers = UNKNOWN
        first, began = world.watches[0], world.now
        await eventually(lambda: first.reopened > 0, 60)
        assert world.now - began <= module.CHECKED
        assert sum(w.reopened for w in world.watches) == 1
        world.pulse.falls(first)
        world.pulse.refused(first)
        await asyncio.sleep(0.1)
        assert [w.reopened for w in world.watches] == [1] * len(world.watches)
        for watch in world.watches[1:]:
            world.pulse.falls(watch)
            world.pulse.refused(watch)
        await asyncio.sleep(60)
        world.answers = None
        world.hear(world.watches[3])
        assert [w.reopened for w in world.watches] == [2, 2, 2, 1, *[2] * (len(world.watches) - 4)]

    played(story)


def test_a_lively_cluster_is_found_out_within_half_a_minute() -> None:
    async def story(world: World) -> None:
        world.answers = UNKNOWN
        began = world.now
        while not world.watches[0].reopened:
            assert world.now - began < module.CHECKED + 2
            await asyncio.sleep(1)
            world.hear(*world.watches[1:])

    played(story)


def test_another_identity_of_the_cluster_is_asked_about_for_itself() -> None:
    """Of two, each is looked at in its turn, and what one is refused costs the other nothing."""

    async def story(world: World) -> None:
        other = world.watches[-1]
        world.pulse.falls(other)
        other.source = msgspec.structs.replace(other.source, identity="another")
        world.hear(other)
        world.refused = {"another"}
        await eventually(lambda: other.reopened > 0, 60)
        world.pulse.falls(other)
        world.pulse.refused(other)
        await asyncio.sleep(100)
        assert [w.reopened for w in world.watches[:-1]] == [0] * (len(world.watches) - 1)

    played(story)


def test_a_single_refused_watch_has_nothing_opened_anew_where_the_cluster_knows_us() -> None:
    """A server that has just started, or one of several that lags behind, refuses one watch and takes the next."""

    async def story(world: World) -> None:
        for watch in world.watches[:3]:
            world.pulse.falls(watch)
            world.pulse.refused(watch)
        await asyncio.sleep(100)
        assert sum(w.reopened for w in world.watches) == 0

    played(story)
