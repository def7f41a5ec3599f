"""With the hub the list of services has each one's health while nobody looks, and a change is on it at once."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.verdict import Health
from callboard.portal.health import board, judge
from callboard.simulator import Fleet
from support.kept_up import ALL, ME, all_live, crash, crash_often, hub, kept_up, rows, until
from support.listening import eventually
from support.portal import ENTITY, application

SERVICES = ("dice-roller", "payments", "checkout", "nobody")


async def test_every_service_is_judged_without_a_viewer_as_its_own_page_judges_it(tmp_path: Path) -> None:
    async with (
        Fleet.start("demo", clusters=3, speed=0.0) as fleet,
        application(tmp_path, fleet, *SERVICES, callboard=hub()) as app,
        kept_up(app),
    ):
        found = await until(app, all_live)
        tally = (await app.portal.services(ALL, ME)).tally
        assert tally is not None
        assert (tally.known, tally.total) == (4, 4)
        assert sum(tally.counts.values()) == 4
        asked = [c.counters.questions for c in fleet]

        for name, row in found.items():
            view = await app.portal.kubernetes_settled(EntityRef("component", "default", name), ME, within=10)
            assert row.health is view.verdict.health, (
                "how it is, events decide nowhere; they tell a page the cause"
            )
        assert all(asked)


async def test_a_change_is_judged_where_it_happened_and_nothing_is_asked(tmp_path: Path) -> None:
    async with (
        Fleet.start("demo", clusters=3, speed=0.0) as fleet,
        application(tmp_path, fleet, *SERVICES, callboard=hub()) as app,
        kept_up(app),
    ):
        assert (await until(app, all_live))["dice-roller"].health is Health.HEALTHY
        async with aclosing(app.portal.services_live(ALL, ME)) as views:
            first = await anext(views)
            assert first.live
            asked, judged = [c.counters.questions for c in fleet], app.board.judged
            crash(fleet[1], "dice-roller", "games")
            async with asyncio.timeout(10):
                changed = await anext(views)
        assert {r for r in changed.rows if r not in first.rows} == {
            r for r in changed.rows if r.ref.name == "dice-roller" and r.health is Health.UNHEALTHY
        }
        assert first.tally is not None
        assert changed.tally is not None
        unhealthy = first.tally.counts.get(Health.UNHEALTHY, 0)
        assert changed.tally.counts[Health.UNHEALTHY] == 1 + unhealthy
        assert [c.counters.questions for c in fleet] == asked
        # One cluster, once at the change and at most once more for what came within the same second.
        assert app.board.judged - judged <= 2


async def test_many_changes_are_judged_once_for_each_window(tmp_path: Path) -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=hub()) as app,
        kept_up(app),
    ):
        await until(app, all_live)
        judged = app.board.judged
        began = asyncio.get_running_loop().time()
        for number in range(40):
            labels = {"metadata": {"labels": {"round": str(number)}}}
            fleet[0].store.patch("deployments", "dice-roller", labels, "games")
            await asyncio.sleep(0.02)
        await eventually(lambda: app.board.judged > judged)
        await asyncio.sleep(1.5)
        windows = (asyncio.get_running_loop().time() - began) / board.COALESCE
        assert app.board.judged - judged <= windows + 1


async def test_the_list_follows_the_catalog(tmp_path: Path) -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        application(tmp_path, fleet, "dice-roller", "nobody", callboard=hub()) as app,
        kept_up(app),
    ):
        assert (await until(app, all_live))["nobody"].health is Health.NOTHING
        asked = fleet[0].counters.questions
        written = "---\n".join(
            (
                ENTITY.format(name="scoreboard"),
                ENTITY.format(name="nobody").replace("kubernetes-id: nobody", "kubernetes-id: dice-roller"),
            )
        )
        (tmp_path / "catalog-info.yaml").write_text(written)
        found = await until(app, lambda r: "scoreboard" in r and "dice-roller" not in r and all_live(r))
        assert {name: row.health for name, row in found.items()} == {
            "scoreboard": Health.HEALTHY,
            "nobody": Health.HEALTHY,
        }
        assert fleet[0].counters.questions == asked
        assert not app.board.follows(EntityRef("component", "default", "dice-roller"))


async def test_a_cluster_that_is_away_is_told_with_the_time_since_when(tmp_path: Path) -> None:
    async with (
        Fleet.start("quiet", clusters=2, speed=0.0) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=hub()) as app,
        kept_up(app),
    ):
        await until(app, all_live)
        await fleet[0].close()
        row = (await until(app, lambda r: r["dice-roller"].health_stale_since is not None))["dice-roller"]
        assert row.health_stale == (fleet[0].name,)
        await until(app, lambda r: r["dice-roller"].health is Health.UNKNOWN)


async def test_a_service_that_runs_nowhere_is_not_said_to_while_its_cluster_is_away(tmp_path: Path) -> None:
    async with (
        Fleet.start("demo", clusters=1, speed=0.0) as fleet,
        application(tmp_path, fleet, "nobody", callboard=hub()) as app,
        kept_up(app),
    ):
        await until(app, lambda found: found["nobody"].health is Health.NOTHING)
        await fleet[0].close()
        row = (await until(app, lambda found: found["nobody"].health is Health.UNKNOWN))["nobody"]
        assert "last be read" in row.sentence


async def test_anonymous_callers_are_told_nothing(tmp_path: Path) -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=hub()) as app,
        kept_up(app),
    ):
        await until(app, all_live)
        refs = [EntityRef("component", "default", "dice-roller")]
        assert app.board.healths(refs, ME)[0]
        assert app.board.healths(refs, Caller.anonymous())[0] == {}
        assert app.board.states(Caller.anonymous()) is None


async def test_what_is_remembered_holds_until_all_is_known_again(tmp_path: Path) -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet:
        async with application(tmp_path, fleet, "dice-roller", callboard=hub()) as app, kept_up(app):
            before = (await until(app, all_live))["dice-roller"]
        async with application(tmp_path, fleet, "dice-roller", callboard=hub()) as app:
            assert (await rows(app))["dice-roller"].health is Health.HEALTHY
            async with kept_up(app):
                after = (await until(app, all_live))["dice-roller"]
            assert after.health is Health.HEALTHY
            assert after.health_since == before.health_since


async def test_a_cluster_that_is_away_after_a_restart_is_awaited_before_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "PATIENCE", 2.0)
    async with Fleet.start("quiet", clusters=2, speed=0.0) as fleet:
        async with application(tmp_path, fleet, "dice-roller", callboard=hub()) as app, kept_up(app):
            await until(app, all_live)
        await fleet[0].close()
        async with application(tmp_path, fleet, "dice-roller", callboard=hub()) as app, kept_up(app):
            seen = (await until(app, lambda r: r["dice-roller"].health is not None))["dice-roller"]
            assert (seen.health, seen.health_live) == (Health.HEALTHY, False)
            told = (await until(app, all_live, within=30))["dice-roller"]
            assert told.health is Health.UNKNOWN


async def test_without_following_nothing_is_listened_to(tmp_path: Path) -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=hub(followServices=False)) as app,
        kept_up(app),
    ):
        await asyncio.sleep(0.3)
        assert fleet[0].counters.questions == 0
        view = await app.portal.services(ALL, ME)
        assert not view.live
        assert view.tally is None


async def test_nothing_is_left_running(tmp_path: Path) -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet:
        async with application(tmp_path, fleet, "dice-roller", callboard=hub()) as app:
            async with kept_up(app):
                await until(app, all_live)
                assert fleet[0].counters.open_watches > 0
            assert not app.board.live
        await eventually(lambda: fleet[0].counters.open_watches == 0)
        assert {t for t in asyncio.all_tasks() if t.get_name() in ("judge", "follow", "touched")} == set()


async def test_only_what_time_alone_makes_another_thing_is_judged_again_without_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "RENEWED", 0.2)
    async with (
        Fleet.start("quiet", clusters=2, speed=0.0) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=hub()) as app,
        kept_up(app),
    ):
        await until(app, all_live)
        crash_often(fleet[0], "dice-roller", "games", until=datetime.now(UTC) + timedelta(seconds=5))
        await until(app, lambda r: r["dice-roller"].health is Health.UNHEALTHY)
        await until(app, lambda r: r["dice-roller"].health is Health.HEALTHY)  # by time alone

        crash(fleet[1], "dice-roller", "games")
        await until(app, lambda r: r["dice-roller"].health is Health.UNHEALTHY)
        await asyncio.sleep(1.5)
        judged = app.board.judged
        await asyncio.sleep(1.5)
        assert app.board.judged == judged, "not well, and nothing that time would change"
