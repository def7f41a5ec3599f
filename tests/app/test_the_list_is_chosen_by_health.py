"""The list by health: only what is broken, trouble first, live and in pages, and for nobody who may not see everything."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import msgspec
import pytest

from callboard.base.errors import NotAllowed
from callboard.model.caller import Caller
from callboard.model.verdict import Health
from callboard.portal.listing import list_pages
from callboard.portal.listing.by_health import NOT_ALL_SEEN, NOT_FOLLOWED
from callboard.portal.protocol import ListGrouping, ListOrder, ServicesQuery
from callboard.portal.views import ServicesView
from callboard.simulator import Fleet
from support.kept_up import ALL, ME, all_live, crash, hub, kept_up, until
from support.portal import application
from support.shared_cluster import DICE, deciding, furnish, person

SERVICES = ("dice-roller", "payments", "checkout", "nobody")
BROKEN = msgspec.structs.replace(ALL, health=(Health.UNHEALTHY,))


def names(view: ServicesView) -> list[str]:
    return [row.ref.name for row in view.rows]


async def test_only_services_of_the_healths_asked_for_are_listed_and_counted(tmp_path: Path) -> None:
    async with (
        Fleet.start("demo", clusters=2, speed=0.0) as fleet,
        application(tmp_path, fleet, *SERVICES, callboard=hub()) as app,
        kept_up(app),
    ):
        found = await until(app, all_live)
        for health in Health:
            wanted = sorted(name for name, row in found.items() if row.health is health)
            view = await app.portal.services(msgspec.structs.replace(ALL, health=(health,)), ME)
            assert (sorted(names(view)), view.total, view.health) == (wanted, len(wanted), (health,))
            assert view.tally is not None
            assert view.tally.counts.get(health, 0) == len(wanted)
            assert view.tally.total == len(SERVICES)
        both = msgspec.structs.replace(ALL, health=(Health.NOTHING, Health.HEALTHY), text="dice")
        narrowed = await app.portal.services(both, ME)
        assert names(narrowed) == ["dice-roller"]
        assert narrowed.tally is not None
        assert (narrowed.tally.counts, narrowed.tally.total) == ({Health.HEALTHY: 1}, 1)


async def test_trouble_comes_first_over_all_pages(tmp_path: Path) -> None:
    async with (
        Fleet.start("demo", clusters=2, speed=0.0) as fleet,
        application(tmp_path, fleet, *SERVICES, callboard=hub()) as app,
        kept_up(app),
    ):
        found = await until(app, all_live)
        order = [Health.UNHEALTHY, Health.PROGRESSING, Health.UNKNOWN, Health.NOTHING, Health.HEALTHY]
        by_health = msgspec.structs.replace(ALL, order=ListOrder.TROUBLE, limit=2)
        listed: list[str] = []
        for offset in (0, 2):
            page = await app.portal.services(msgspec.structs.replace(by_health, offset=offset), ME)
            assert page.total == len(SERVICES)
            listed += names(page)
        healths = [found[name].health for name in listed]
        assert healths == sorted(healths, key=lambda h: order.index(h) if h else -1)
        assert len({*healths}) > 1
        assert set(listed) == set(SERVICES)


async def test_the_list_is_grouped_by_what_the_catalog_says_and_by_where_things_run(tmp_path: Path) -> None:
    async with (
        Fleet.start("quiet", clusters=2, speed=0.0) as fleet,
        application(tmp_path, fleet, *SERVICES, callboard=hub()) as app,
        kept_up(app),
    ):
        await until(app, all_live)
        usual = msgspec.structs.replace(ALL, order=ListOrder.USUAL)
        by_cluster = msgspec.structs.replace(usual, group=ListGrouping.CLUSTER)
        async with aclosing(app.portal.services_live(by_cluster, ME)) as views, asyncio.timeout(60):
            first = await anext(views)
            assert {g.unhealthy for g in first.groups} == {0}
            crash(fleet[1], "dice-roller", "games")
            async for view in views:
                if any(g.unhealthy for g in view.groups):
                    break
        groups = {g.value: g for g in view.groups}
        assert set(groups) == {fleet[0].name, fleet[1].name, ""}
        assert view.groups[-1].value == "", "what runs nowhere comes last"
        assert (groups[fleet[0].name].unhealthy, groups[fleet[1].name].unhealthy) == (0, 1), "where it broke"
        assert view.groups[0].value == fleet[1].name, "and that is first"
        assert view.total == sum(g.count for g in view.groups) == len(view.rows)
        assert names(view)[0] == "dice-roller", "the worst first in each"
        listed = list(zip(view.row_groups, names(view), strict=True))
        paged: list[tuple[str, str]] = []
        for offset in range(0, view.total, 3):
            page = await app.portal.services(msgspec.structs.replace(by_cluster, offset=offset, limit=3), ME)
            paged += zip(page.row_groups, names(page), strict=True)
            assert page.groups == view.groups
        assert paged == listed
        by_owner = await app.portal.services(msgspec.structs.replace(usual, group=ListGrouping.OWNER), ME)
        assert by_owner.total == len(SERVICES)
        assert sum(g.unhealthy or 0 for g in by_owner.groups) == 1
        await app.portal.star(first.rows[-1].ref, ME, starred=True)
        assert names(await app.portal.services(usual, ME))[:2] == [first.rows[-1].ref.name, "dice-roller"]
        grouped = await app.portal.services(by_cluster, ME)
        assert list(zip(grouped.row_groups, names(grouped), strict=True)) == listed, (
            "stars do not move groups"
        )


async def test_the_usual_list_has_trouble_first_and_tells_where_things_run(tmp_path: Path) -> None:
    async with (
        Fleet.start("quiet", clusters=2, speed=0.0) as fleet,
        application(tmp_path, fleet, *SERVICES, callboard=hub()) as app,
        kept_up(app),
    ):
        crash(fleet[1], "dice-roller", "games")
        await until(app, lambda r: all_live(r) and r["dice-roller"].health is Health.UNHEALTHY)
        usual = msgspec.structs.replace(ALL, order=ListOrder.USUAL)
        view = await app.portal.services(usual, ME)
        assert (names(view)[0], view.trouble_first, view.refused) == ("dice-roller", True, "")
        assert names(await app.portal.services(ALL, ME))[0] != "dice-roller"
        places = next(f for f in view.facets if f.key == "cluster")
        here = msgspec.structs.replace(usual, cluster=(fleet[0].name,))
        before = await app.portal.services(here, ME)
        assert next(c.count for c in places.values if c.value == fleet[0].name) == before.total
        for kind in ("deployments", "replicasets", "pods", "services", "configmaps"):
            for each in fleet[0].store.list(kind, "games"):
                if "dice-roller" in each["metadata"]["name"]:
                    fleet[0].store.remove(kind, each["metadata"]["name"], "games")
        async with aclosing(app.portal.services_live(here, ME)) as views, asyncio.timeout(20):
            async for view in views:
                if "dice-roller" not in names(view):
                    break
        assert sorted(names(view)) == sorted({*names(before)} - {"dice-roller"})


async def test_a_service_comes_onto_a_chosen_list_when_it_breaks(tmp_path: Path) -> None:
    async with (
        Fleet.start("demo", clusters=2, speed=0.0) as fleet,
        application(tmp_path, fleet, *SERVICES, callboard=hub()) as app,
        kept_up(app),
    ):
        await until(app, all_live)
        async with aclosing(app.portal.services_live(BROKEN, ME)) as views:
            first = await anext(views)
            assert "dice-roller" not in names(first)
            crash(fleet[1], "dice-roller", "games")
            async with asyncio.timeout(10):
                async for view in views:
                    if "dice-roller" in names(view):
                        break
        assert view.total == first.total + 1
        assert view.facets == first.facets


async def test_before_it_is_looked_at_again_a_service_stands_under_what_it_was(tmp_path: Path) -> None:
    async with Fleet.start("quiet", clusters=1, speed=0.0) as fleet:
        async with application(tmp_path, fleet, "dice-roller", callboard=hub()) as app, kept_up(app):
            crash(fleet[0], "dice-roller", "games")
            await until(app, lambda r: r["dice-roller"].health is Health.UNHEALTHY)
        await fleet[0].close()  # nothing can be looked at now
        async with application(tmp_path, fleet, "dice-roller", callboard=hub()) as app, kept_up(app):
            async with asyncio.timeout(10):
                while not app.board.live or (view := await app.portal.services(BROKEN, ME)).refused:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            assert names(view) == ["dice-roller"]
            assert not view.rows[0].health_live
            assert view.tally is not None
            assert (view.tally.known, view.tally.earlier, view.tally.counts) == (1, 1, {Health.UNHEALTHY: 1})


async def test_who_may_not_see_everything_gets_the_whole_list_and_is_told_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = person("anna")
    async with Fleet.start("quiet", speed=0.0) as fleet:
        furnish(fleet)
        fleet[0].bind("anna", "view", "games", "lab")
        async with (
            application(tmp_path, fleet, "dice-roller", callboard=deciding("hub")) as app,
            kept_up(app),
        ):
            async with asyncio.timeout(20):
                while not app.board.follows(DICE):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            # Whatever is asked for, the answer is the same: it tells of no service which of these it is.
            for health in Health:
                for order in ListOrder:
                    query = ServicesQuery(kind=("component",), health=(health,), order=order)
                    view = await app.portal.services(query, anna)
                    assert (names(view), view.total, view.tally) == (["dice-roller"], 1, None)
                    assert (view.refused, view.health, view.trouble_first) == (NOT_ALL_SEEN, (), False)
            place = ServicesQuery(kind=("component",), cluster=(fleet[0].name,))
            view = await app.portal.services(place, anna)
            assert (names(view), view.refused) == (["dice-roller"], NOT_ALL_SEEN)
            for order in (ListOrder.USUAL, ListOrder.NAME):
                view = await app.portal.services(msgspec.structs.replace(ALL, order=order), anna)
                assert (view.refused, view.trouble_first) == ("", order is ListOrder.USUAL), "as they see it"
                assert not {f.key for f in view.facets} & {"cluster", "environment"}
            for group in ListGrouping:
                usual = msgspec.structs.replace(ALL, order=ListOrder.USUAL, group=group)
                view = await app.portal.services(usual, anna)
                by_place = group in (ListGrouping.CLUSTER, ListGrouping.ENVIRONMENT)
                assert (view.group, view.refused) == (("", NOT_ALL_SEEN) if by_place else (group, ""))
                assert {g.unhealthy for g in view.groups} <= {None}
            monkeypatch.setattr(list_pages, "MOST_JUDGED", 0)
            view = await app.portal.services(msgspec.structs.replace(ALL, order=ListOrder.TROUBLE), anna)
            assert (names(view), view.refused, view.trouble_first) == (["dice-roller"], NOT_ALL_SEEN, False)
            with pytest.raises(NotAllowed):
                await app.portal.services(BROKEN, Caller.anonymous())


async def test_where_nothing_is_followed_the_list_says_that_it_is_not_chosen(tmp_path: Path) -> None:
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=hub(followServices=False)) as app,
        kept_up(app),
    ):
        view = await app.portal.services(BROKEN, ME)
        assert (names(view), view.refused) == (["dice-roller"], NOT_FOLLOWED)
