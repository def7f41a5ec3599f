"""While a cluster does not answer, its streams don't all try: one does, and tells the others what it found."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from callboard.base.clock import SystemClock
from callboard.base.settings import CheckpointSettings
from callboard.fleet.hub.checkpoint.checkpoints import Checkpoints
from callboard.fleet.hub.checkpoint.files import Files
from callboard.fleet.hub.streams import reach as module
from callboard.fleet.hub.streams.budget import Budget
from callboard.fleet.hub.streams.reach import Reach
from callboard.model.outcome import Failure, FailureCode
from callboard.simulator.cluster import SimulatedCluster as StandIn
from callboard.simulator.fleet import Fleet
from support.fake_fleet import entity
from support.listening import HUB, Follower, Listening, contents, eventually, listening

DICE = entity("dice-roller")
KEEPING = msgspec.structs.replace(HUB, keep=60.0)
DOWN = Failure(code=FailureCode.CONNECTION, message="refused")


class Refusing:
    """Stands where a cluster was: takes connections, and ends them."""

    def __init__(self) -> None:
        self.connections = 0

    def __call__(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


@asynccontextmanager
async def gone(server: StandIn) -> AsyncIterator[Refusing]:
    port, pair, refusing = int(server.url.rpartition(":")[2]), server._pair, Refusing()
    assert pair is not None
    await server.close()
    listener = await asyncio.start_server(refusing, "127.0.0.1", port)
    try:
        yield refusing
    finally:
        listener.close()
        await listener.wait_closed()
        await server.serve(pair, port)


def budget(world: Listening) -> Budget:
    ((_, found),) = world.hub.budgets()
    return found


def checkpoints(directory: Path) -> Checkpoints:
    return Checkpoints(Files(directory), CheckpointSettings(), SystemClock())


async def same_as_fresh(world: Listening, viewer: Follower) -> None:
    fresh = contents(await world.fresh(DICE))
    await viewer.until(lambda s: contents(s) == fresh)
    await eventually(lambda: not any(o.stale_since for o in viewer.part.outcomes))


def told_down(viewer: Follower) -> bool:
    codes = {o.failure.code if o.failure else None for o in viewer.part.outcomes}
    return codes <= {FailureCode.CONNECTION, FailureCode.TLS}


async def test_after_a_restart_one_connection_for_each_pause_tells_all_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.2)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.2)
    async with Fleet.start("quiet", speed=0.0) as fleet:
        async with (
            listening(fleet, hub=KEEPING, checkpoints=checkpoints(tmp_path)) as world,
            Follower(world.provider, DICE) as viewer,
        ):
            await viewer.settled()
        async with listening(fleet, hub=KEEPING, checkpoints=checkpoints(tmp_path)) as world:
            async with gone(fleet[0]) as refusing, Follower(world.provider, DICE) as viewer:
                await eventually(lambda: viewer.newest is not None and told_down(viewer))
                streams = len(world.hub.streams)
                assert streams > 10
                reach = budget(world).reach
                tried, before = reach.attempts, refusing.connections
                await eventually(lambda: reach.attempts >= tried + 5)
                # What was on its way at the first moment may have been several: events and nodes are in no checkpoint.
                assert refusing.connections - before <= 6
                assert refusing.connections <= reach.attempts + 4
            async with Follower(world.provider, DICE) as viewer:
                await eventually(lambda: viewer.newest is not None)
                await same_as_fresh(world, viewer)


async def test_all_streams_of_a_cluster_that_goes_away_wait_for_one_and_heal_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.2)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.2)
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        listening(fleet, hub=KEEPING) as world,
        Follower(world.provider, DICE) as viewer,
    ):
        await viewer.settled()
        async with gone(fleet[0]) as refusing:
            await eventually(lambda: told_down(viewer))
            reach = budget(world).reach
            tried, before = reach.attempts, refusing.connections
            await eventually(lambda: reach.attempts >= tried + 2)
            assert refusing.connections - before <= reach.attempts - tried + 1
        await same_as_fresh(world, viewer)


async def test_one_leaves_and_the_others_wait_for_what_it_finds() -> None:
    reach = Reach(jitter=lambda: 0.0)
    heard: list[Failure] = []
    left: list[int] = []

    async def go(number: int) -> None:
        await reach.leave(heard.append, patient=True)
        left.append(number)

    tasks = [asyncio.create_task(go(n)) for n in range(5)]
    await eventually(lambda: bool(left))
    reach.failed(DOWN)
    reach.failed(Failure(code=FailureCode.CONNECTION, message="sent before, too"))
    await eventually(lambda: len(heard) >= 4)
    assert set(heard) == {DOWN}
    await eventually(lambda: len(left) == 2)
    assert reach.attempts == 2
    reach.answered()
    await asyncio.gather(*tasks)
    assert sorted(left) == [0, 1, 2, 3, 4]
    assert reach.attempts == 2
    await reach.leave(heard.append, patient=True)


async def test_who_knows_nothing_yet_waits_for_nobody_and_a_refusal_is_an_answer() -> None:
    reach = Reach()
    for _ in range(3):
        await reach.leave(lambda _: None, patient=False)
    reach.failed(Failure(code=FailureCode.FORBIDDEN, message="no"))
    await reach.leave(lambda _: None, patient=True)
    assert reach.attempts == 0


async def test_a_trial_that_comes_to_nothing_is_somebody_elses_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LENT", 0.05)
    reach = Reach()
    for _ in range(3):
        await reach.leave(lambda _: None, patient=True)
    assert reach.attempts == 3
