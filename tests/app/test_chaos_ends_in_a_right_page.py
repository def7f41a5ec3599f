"""Whatever a cluster does while people look, their open pages end as pages opened anew, and nobody did anything for it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from callboard.fleet.hub.streams import pulse
from callboard.kube.limits import Limits
from callboard.simulator import Fleet
from support.chaos import Trouble, away, calm, cut_again_and_again, happenings, mode, no_bookmarks, streams
from support.faces import Faces, cut, faces, hurry
from support.listening import eventually
from support.open_page import OpenPage, differences

TEN_MINUTES = 600.0


AWAY: dict[str, tuple[Trouble, str]] = {
    "nobody listens": (away, "refused"),
    "it takes connections and says nothing": (mode("hang"), "no answer within"),
    "it takes connections and breaks them": (mode("reset"), ""),
    "its certificate has run out": (mode("certificate-expired"), "expired"),
    "a storm of 410": (mode("gone"), "too old"),
    "too many requests": (mode("too-many-requests", retry_after=1), "Too many requests"),
    "a proxy answers in HTML": (mode("html"), "JSON"),
    "internal errors": (mode("server-error"), "Internal error"),
    "answers end in the middle": (mode("truncated"), ""),
}
"""What keeps a cluster from being seen, and the words in which the page must say so."""


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


@asynccontextmanager
async def looked_at(tmp_path: Path) -> AsyncIterator[tuple[Faces, Fleet, OpenPage, OpenPage]]:
    """Two clusters, a service's page and the list, both live. At the end nothing is left of it."""
    async with Fleet.start("quiet", clusters=2, speed=0.0) as fleet:
        async with faces(fleet, tmp_path) as world, world.page() as page, world.page("/catalog") as listed:
            await page.until(calm(2), "a live page")
            yield world, fleet, page, listed
            assert (page.reloads, listed.reloads) == (1, 1)
        await eventually(lambda: all(c.counters.open_watches == 0 for c in fleet))


@pytest.mark.parametrize("what", AWAY)
async def test_a_cluster_is_away_for_ten_minutes_and_its_last_state_is_shown_as_such(
    what: str, tmp_path: Path
) -> None:
    trouble, words = AWAY[what]
    async with looked_at(tmp_path) as (world, fleet, page, listed):
        mine, other = fleet[0], fleet[1].name
        before, beside = page.of(mine.name), page.of(other)
        pods = set(re.findall(r'id="(tile-[^"]*)"', before))
        assert len(pods) > 1
        async with trouble(mine):
            happenings(mine, fleet)
            fleet.step(TEN_MINUTES)
            await page.until(lambda html: "Stale since" in html and "out of date" in html, "stale")
            await page.until(lambda html: words in page.of(mine.name), f"the reason ({words})")
            shown = page.of(mine.name)
            assert set(re.findall(r'id="(tile-[^"]*)"', shown)) == pods, "the last state stays"
            assert not differences(beside, page.of(other))
        await world.same_as_fresh(page, listed)
        assert page.streams == listed.streams == 1
        assert "Stale" not in page.html()


async def test_a_cluster_that_freezes_is_told_although_its_connections_stand_and_goes_on_when_it_thaws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in {"QUIET": 0.6, "WITHIN": 0.6, "ONCE_MORE": 0.1, "SILENT": 0.1}.items():
        monkeypatch.setattr(pulse, name, seconds)
    of = Limits.of
    monkeypatch.setattr(Limits, "of", lambda s: msgspec.structs.replace(of(s), watch_silence=600.0))
    async with looked_at(tmp_path) as (world, fleet, page, listed):
        mine, other = fleet[0], fleet[1].name
        before, beside = page.of(mine.name), page.of(other)
        mine.chaos.on("freeze")
        happenings(mine, fleet)
        await page.until(lambda html: "has fallen silent" in page.of(mine.name), "the reason")
        await listed.until(lambda html: f"{mine.name} as seen" in html, "the list says so")
        shown = page.of(mine.name)
        assert re.findall(r'id="(tile-[^"]*)"', shown) == re.findall(r'id="(tile-[^"]*)"', before)
        assert not differences(beside, page.of(other))
        mine.chaos.off()
        await world.same_as_fresh(page, listed)
        assert page.streams == listed.streams == 1
        assert "Stale" not in page.html()


MEANWHILE: dict[str, Trouble] = {
    "streams are cut again and again": cut_again_and_again,
    "streams end in the middle of a line": streams("watch-ends", 6, size=40),
    "resumed streams say 410 at each event": streams("watch-gone", 6),
    "streams are silent": streams("watch-silent", 3),
    "every event comes twice": streams("watch-repeats"),
    "bookmarks are lost": no_bookmarks,
    "connections are half open": mode("half-open", times=6),
    "lists break in the middle": mode("reset-in-body", times=12),
}
"""What breaks streams while the cluster can be reached, so that it need not be noticed."""


@pytest.mark.parametrize("what", MEANWHILE)
async def test_what_streams_lose_is_found_again(what: str, tmp_path: Path) -> None:
    async with looked_at(tmp_path) as (world, fleet, page, listed):
        async with MEANWHILE[what](fleet[0]):
            happenings(fleet[0], fleet)
        await page.until(lambda html: "of 4 ready" in html, "the new scale")
        await world.same_as_fresh(page, listed)
        assert page.streams == listed.streams == 1


async def test_a_type_that_is_forbidden_for_a_while_is_told_so_and_comes_back(tmp_path: Path) -> None:
    async with looked_at(tmp_path) as (world, fleet, page, listed):
        beside = page.of(fleet[1].name)
        rule = fleet[0].chaos.on("forbidden", "*/pods*")
        cut(fleet[0])
        happenings(fleet[0], fleet)
        await page.until(lambda html: "Could not see" in page.of(fleet[0].name), "the refusal")
        # A refusal is doubted for a while, and what was seen stays so long as stale.
        await page.until(
            lambda html: 'class="tile"' not in page.of(fleet[0].name), "what is refused for good is gone"
        )
        assert not differences(beside, page.of(fleet[1].name))
        fleet[0].chaos.off(rule)
        await world.same_as_fresh(page, listed)


async def test_a_cluster_whose_clock_is_wrong_is_shown_right_while_it_is_and_afterwards(
    tmp_path: Path,
) -> None:
    async with looked_at(tmp_path) as (world, fleet, page, listed):
        for seconds in (3600.0, -3600.0, 0.0):
            fleet[0].chaos.off()
            fleet[0].chaos.on("clock-skew", seconds=seconds)
            cut(fleet[0])
            if seconds > 0:
                happenings(fleet[0], fleet)
            await world.same_as_fresh(page, listed)
