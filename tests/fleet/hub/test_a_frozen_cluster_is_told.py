"""A cluster that has frozen keeps its connections open. One small question for all its watches tells it from a quiet one."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from callboard.fleet.hub.streams import pulse as module
from callboard.fleet.hub.streams.pulse import Pulse
from callboard.model.outcome import Failure, FailureCode, Freshness, Outcome
from callboard.model.snapshot import ServiceSnapshot
from callboard.simulator.cluster import SimulatedCluster as StandIn
from callboard.simulator.fleet import Fleet
from support.fake_fleet import entity
from support.listening import HUB, Follower, Listening, contents, eventually, listening
from support.pulsing import LATE, World, played

DICE = entity("dice-roller")


# ---- over real sockets


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"QUIET": 0.5, "WITHIN": 0.5, "ONCE_MORE": 0.1, "SILENT": 0.1}.items():
        monkeypatch.setattr(module, name, seconds)


def label(stand_in: StandIn, value: str) -> None:
    stand_in.store.patch("deployments", "dice-roller", {"metadata": {"labels": {"round": value}}}, "games")


def watched(snapshot: ServiceSnapshot, number: int = 0) -> list[Outcome]:
    return [o for o in snapshot.clusters[number].outcomes if o.freshness is Freshness.LIVE]


def stale(snapshot: ServiceSnapshot) -> bool:
    return all(o.stale_since for o in watched(snapshot))


def live(snapshot: ServiceSnapshot) -> bool:
    return not any(o.stale_since for o in snapshot.clusters[0].outcomes)


def pulse_of(world: Listening) -> Pulse:
    return world.hub._pulses[world.fleet[0].name, world.fleet[0].url]


async def same_as_fresh(world: Listening, viewer: Follower) -> None:
    fresh = contents(await world.fresh(DICE))
    await viewer.until(lambda s: contents(s) == fresh)


@pytest.mark.usefixtures("hurried")
async def test_a_frozen_cluster_is_stale_since_it_was_last_heard_and_live_when_it_goes_on() -> None:
    async with (
        Fleet.start("quiet", clusters=2, speed=0.0) as fleet,
        listening(fleet, hub=HUB) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        before = await viewer.settled()
        assert len(watched(before)) > 5
        await eventually(lambda: pulse_of(world).asked >= 3)  # of the second the answer has come, too
        fleet[0].chaos.on("freeze")
        frozen = await viewer.until(stale)
        earliest, quiet, now = datetime.now(UTC), pulse_of(world)._reach.quiet, datetime.now(UTC)
        (words,) = {o.failure.message for o in watched(frozen) if o.failure}
        assert "fallen silent" in words
        assert "no answer within 0.5 s" in words
        for outcome in watched(frozen):
            assert outcome.as_of is not None
            assert outcome.stale_since is not None
            assert outcome.as_of < outcome.stale_since
            # It is still frozen, so the last it was heard is the same moment, however late this line runs.
            heard = earliest - timedelta(seconds=quiet + 0.2), now - timedelta(seconds=quiet - 0.2)
            assert heard[0] < outcome.stale_since < heard[1]
            assert now - outcome.stale_since >= timedelta(seconds=0.9 * module.QUIET)
        assert [o.objects for o in watched(frozen)] == [o.objects for o in watched(before)]
        assert not any(o.stale_since for o in watched(frozen, 1))
        label(fleet[0], "meanwhile")
        fleet[0].chaos.off()
        await viewer.until(live)
        await same_as_fresh(world, viewer)


@pytest.mark.usefixtures("hurried")
async def test_watches_that_bring_nothing_any_more_are_opened_anew_when_the_cluster_answers() -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        await viewer.settled()
        await eventually(lambda: pulse_of(world).asked >= 1)
        old = fleet[0].counters.open_watches
        swallowing = fleet[0].chaos.on("watch-silent", "*/deployments?*watch=true*", times=1)
        frozen = fleet[0].chaos.on("hang")
        label(fleet[0], "swallowed by the old watch")
        await viewer.until(stale)
        opened = fleet[0].counters.watches_opened
        fleet[0].chaos.off(frozen)
        await viewer.until(live)
        await same_as_fresh(world, viewer)
        assert fleet[0].counters.watches_opened == opened + old
        assert fleet[0].counters.open_watches == old
        fleet[0].chaos.off(swallowing)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("answer", ["forbidden", "not-found", "too-many-requests", "server-error"])
async def test_any_answer_is_one_and_it_is_asked_once_for_all_watches(answer: str) -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        await viewer.settled()
        counters = fleet[0].counters
        assert counters.open_watches > 10
        fleet[0].chaos.on(answer, "/livez", retry_after=60)
        asked, opened = pulse_of(world).asked, counters.connections_opened
        counters.reset()
        await eventually(lambda: pulse_of(world).asked >= asked + 4)
        assert counters.paths["/livez"] <= pulse_of(world).asked - asked + 1
        assert counters.questions == 0
        assert counters.connections_opened <= 1, opened
        assert viewer.newest is not None
        assert live(viewer.newest)
        assert {user for _, path, user in counters.log if path == "/livez"} <= {"admin", ""}


# ---- in time that passes as fast as it can


@pytest.mark.parametrize("watches", [1, 200])
def test_a_quiet_cluster_is_asked_once_in_ten_seconds_however_many_watch(watches: int) -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(600.5)

    world = played(story, watches)
    assert len(world.asked) == 60
    assert world.stale == 0


def test_a_lively_one_is_asked_only_whether_the_credential_counts() -> None:
    async def story(world: World) -> None:
        for _ in range(200):
            await asyncio.sleep(3)
            world.hear(world.watches[0])

    world = played(story)
    assert 18 <= len(world.asked) <= 21
    assert [w.reopened for w in world.watches] == [0] * len(world.watches)


def test_a_frozen_one_is_told_within_twenty_seconds_of_the_last_sound() -> None:
    async def story(world: World) -> None:
        began = world.now
        world.answers = LATE
        await eventually(lambda: world.stale > 0, 60)
        assert world.stale == len(world.watches)
        assert world.now - began < 20
        assert len(world.asked) == 2
        assert all(w.held.failures == 0 for w in world.watches)

    played(story)


def test_it_heals_within_seconds_and_the_watches_are_opened_anew_once() -> None:
    async def story(world: World) -> None:
        world.answers = LATE
        await asyncio.sleep(60)
        asked, thawed = len(world.asked), world.now
        assert asked <= 8
        world.answers = None
        await eventually(lambda: all(w.reopened for w in world.watches), 60)
        assert world.now - thawed < 10
        world.hear(*world.watches)
        await asyncio.sleep(100)
        assert [w.reopened for w in world.watches] == [1] * len(world.watches)
        assert world.stale == 0

    played(story)


def test_one_question_that_is_lost_says_nothing() -> None:
    async def story(world: World) -> None:
        for _ in range(10):
            world.answers = LATE
            await eventually(lambda: bool(world.asked), 60)
            world.answers = None
            await asyncio.sleep(8)
            world.asked.clear()

    assert played(story).stale == 0


def test_bytes_on_one_watch_have_it_asked_at_once_and_say_nothing_of_the_others() -> None:
    async def story(world: World) -> None:
        world.answers = LATE
        await eventually(lambda: world.stale > 0, 60)
        await asyncio.sleep(0.5)
        asked = len(world.asked)
        world.hear(world.watches[0])
        await asyncio.sleep(0.1)
        assert len(world.asked) == asked + 1
        assert world.stale == len(world.watches) - 1
        await asyncio.sleep(8)
        assert world.stale == len(world.watches) - 1
        world.answers = None
        await asyncio.sleep(10)
        assert [w.reopened for w in world.watches] == [0, *[1] * (len(world.watches) - 1)]

    played(story)


@pytest.mark.parametrize("code", [FailureCode.TLS, FailureCode.CREDENTIAL])
def test_what_cannot_be_found_out_is_no_silence(code: FailureCode) -> None:
    async def story(world: World) -> None:
        world.answers = Failure(code=code, message="")
        await asyncio.sleep(100)

    world = played(story)
    assert world.stale == 0
    assert 5 <= len(world.asked) <= 20


def test_without_a_credential_nobody_is_asked() -> None:
    async def story(world: World) -> None:
        for watch in world.watches:
            watch.credential = False
        await asyncio.sleep(100)

    world = played(story)
    assert world.asked == []
    assert world.stale == 0


def test_an_identity_without_a_credential_leaves_it_to_the_next() -> None:
    async def story(world: World) -> None:
        for watch in world.watches[:-1]:
            watch.credential = False
        last = world.watches[-1]
        last.source = msgspec.structs.replace(last.source, identity="another")
        await asyncio.sleep(100)

    assert len(played(story).asked) >= 9


def test_who_does_not_watch_any_more_is_asked_for_no_longer() -> None:
    async def story(world: World) -> None:
        for watch in world.watches:
            world.pulse.falls(watch)
        await asyncio.sleep(100)

    assert played(story).asked == []


def test_it_is_stale_since_the_last_sound_of_the_cluster_or_of_the_watch_itself() -> None:
    async def story(world: World) -> None:
        earlier, later = (w.held for w in world.watches)
        for held in (earlier, later):
            held.seen()
        assert earlier.as_of is not None
        assert later.as_of is not None
        earlier.silent(LATE, 0.0)
        later.silent(LATE, 3600.0)
        assert earlier.stale_since is not None
        assert earlier.stale_since > earlier.as_of
        assert later.stale_since == later.as_of
        earlier.silent(LATE, 0.0)
        assert earlier.stale_since <= datetime.now(UTC)

    played(story, 2)
