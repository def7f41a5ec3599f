"""The first view waits a moment for clusters of which something may be held, and for no others."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import msgspec
import pytest

from callboard.base.clock import SystemClock
from callboard.base.settings import CheckpointSettings
from callboard.fleet.hub.checkpoint.checkpoints import Checkpoints
from callboard.fleet.hub.checkpoint.files import Files
from callboard.fleet.hub.provider import provider as provider_module
from callboard.model.snapshot import ClusterState, ServiceSnapshot
from callboard.simulator.fleet import Fleet
from support.fake_fleet import CALLER, entity
from support.listening import HUB, Follower, Listening, listening

DICE = entity("dice-roller")
KEEPING = msgspec.structs.replace(HUB, keep=60.0)
LONG = 3600.0


async def first(world: Listening) -> ServiceSnapshot:
    async with aclosing(world.provider.objects(DICE, CALLER)) as snapshots, asyncio.timeout(20):
        return await anext(snapshots)


async def test_a_cluster_that_hangs_is_not_waited_for_by_those_who_come_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Fleet.start("quiet", clusters=2) as fleet:
        fleet[1].chaos.on("hang")
        async with listening(fleet, hub=KEEPING) as world:
            async with Follower(world.provider, DICE) as viewer:
                await viewer.until(lambda s: s.clusters[0].references_complete)
            monkeypatch.setattr(provider_module, "FIRST", LONG)
            seen = await first(world)
    assert seen.clusters[0].references_complete
    assert seen.clusters[1].state is ClusterState.AWAITED


async def test_what_is_on_disk_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def checkpoints() -> Checkpoints:
        return Checkpoints(Files(tmp_path), CheckpointSettings(), SystemClock())

    async with Fleet.start("quiet", clusters=3, speed=0.0) as fleet:
        async with (
            listening(fleet, hub=KEEPING, checkpoints=checkpoints()) as world,
            Follower(world.provider, DICE) as viewer,
        ):
            await viewer.settled()
        for cluster in fleet:
            cluster.chaos.on("hang")
        monkeypatch.setattr(provider_module, "FIRST", LONG)
        async with listening(fleet, hub=KEEPING, checkpoints=checkpoints()) as world:
            seen = await first(world)
    assert ClusterState.AWAITED not in {c.state for c in seen.clusters}
    assert all(list(c.objects()) for c in seen.clusters)
