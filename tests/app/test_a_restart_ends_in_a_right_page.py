"""Callboard is restarted while people look: their pages come back by themselves, as last seen at first, and end as fresh ones."""

import re
import shutil
from pathlib import Path

import pytest

from callboard.simulator import Fleet, SimulatedCluster
from support.chaos import away, calm, happenings
from support.faces import faces, hurry
from support.listening import eventually


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


def lists(cluster: SimulatedCluster) -> int:
    """How often everything of pods was asked for: a list, or a watch that begins with one."""
    return sum(
        path.startswith("/api/v1/pods?") and ("watch=true" not in path or "sendInitialEvents" in path)
        for _, path, _ in cluster.counters.log
    )


async def test_what_happened_meanwhile_is_on_the_page_and_only_what_is_forgotten_is_listed(
    tmp_path: Path,
) -> None:
    async with (
        Fleet.start("quiet", clusters=2, speed=0.0) as fleet,
        faces(fleet, tmp_path) as world,
        world.page() as page,
        world.page("/catalog") as listed,
    ):
        await page.until(calm(2), "a live page")
        await world.end()
        for cluster in fleet:
            happenings(cluster, fleet)
            cluster.counters.reset()
        fleet[0].store.compact()
        fleet.step(600)
        await world.begin()
        await eventually(lambda: page.streams > 1 and listed.streams > 1, 45)
        await page.until(
            lambda html: all("of 4 ready" in page.of(c.name) for c in fleet), "what happened in both clusters"
        )
        assert lists(fleet[0]) >= 1
        assert lists(fleet[1]) == 0, "what was known is gone on from"
        await world.same_as_fresh(page, listed)
        assert (page.reloads, listed.reloads) == (1, 1)


async def test_a_cluster_that_is_away_when_callboard_comes_back_is_shown_as_last_seen(tmp_path: Path) -> None:
    async with (
        Fleet.start("quiet", clusters=2, speed=0.0) as fleet,
        faces(fleet, tmp_path) as world,
        world.page() as page,
        world.page("/catalog") as listed,
    ):
        await page.until(calm(2), "a live page")
        tiles = set(re.findall(r'id="(tile-[^"]*)"', page.of(fleet[0].name)))
        await world.end()
        async with away(fleet[0]):
            happenings(fleet[0], fleet)
            fleet.step(600)
            await world.begin()
            await page.until(lambda html: "Stale since" in page.of(fleet[0].name), "what was seen last")
            assert set(re.findall(r'id="(tile-[^"]*)"', page.of(fleet[0].name))) == tiles
            await page.until(lambda html: "Stale" not in page.of(fleet[1].name), "the other one is live")
        await world.same_as_fresh(page, listed)


async def test_after_a_crash_an_older_checkpoint_is_caught_up_from(tmp_path: Path) -> None:
    """What a killed process leaves is what was written last: here, before everything that happened."""
    async with (
        Fleet.start("quiet", clusters=2, speed=0.0) as fleet,
        faces(fleet, tmp_path) as world,
        world.page() as page,
        world.page("/catalog") as listed,
    ):
        await page.until(calm(2), "a live page")
        await world.end()
        shutil.copytree(tmp_path / "data", tmp_path / "older")
        await world.begin()
        await eventually(lambda: page.streams > 1, 45)
        for cluster in fleet:
            happenings(cluster, fleet)
        await page.until(
            lambda html: all("of 4 ready" in page.of(c.name) for c in fleet), "what happened in both clusters"
        )
        await world.end()
        shutil.rmtree(tmp_path / "data")
        (tmp_path / "older").rename(tmp_path / "data")
        happenings(fleet[0], fleet)
        await world.begin()
        await world.same_as_fresh(page, listed)
