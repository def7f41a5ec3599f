"""The list begins with what somebody has starred, then what they and their groups own; each can be asked for alone."""

import re
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from callboard.access.stars import Stars
from callboard.model.entity import EntityRef
from callboard.portal.listing.pinned import Pinned, Pins
from callboard.portal.protocol import ListOrder, ServicesQuery
from callboard.simulator import Fleet
from support.company import as_, company
from support.live import ask
from support.policies import person

ANNA, BEN = "anna team", "ben money"
DICE, SCORES = "component:default/dice-roller", "component:default/scoreboard"


async def shown(base: str, who: str, query: str = "") -> list[str]:
    page = (await as_(base, who, f"/catalog?kind=Component{query}")).text
    rows = page.partition('id="services"')[2].partition("</ul>")[0]
    return re.findall(r'<a href="/catalog/default/component/([a-z-]+)"', rows)


async def star(base: str, who: str, **form: str) -> tuple[int, str]:
    headers = {
        "Authorization": who,
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/x-www-form-urlencoded",
        "Referer": f"{base}/catalog?kind=Component&evil=1&sort=name",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(base + "/stars", data=urlencode(form), headers=headers, allow_redirects=False) as answer,
    ):
        return answer.status, answer.headers.get("Location", "")


async def test_ones_own_come_first_and_can_be_asked_for_alone(tmp_path: Path) -> None:
    async with Fleet.start() as fleet, company(tmp_path, fleet, {}) as (_, base):
        assert await shown(base, ANNA) == ["dice-roller", "scoreboard"]
        assert await shown(base, BEN) == ["scoreboard", "dice-roller"]
        assert await shown(base, BEN, "&sort=name") == ["dice-roller", "scoreboard"]
        assert await shown(base, BEN, "&mine=1") == ["scoreboard"]
        assert await shown(base, BEN, "&mine=1&owner=group%3Adefault%2Fteam") == []
        assert await shown(base, "zoe", "&mine=1") == []
        page = (await as_(base, BEN, "/catalog?kind=Component&mine=1")).text
        assert re.search(r'name="mine" value="1" checked', page)
        assert not re.search(r'name="owner" value="[^"]*" checked', page)
        assert page.count(">yours</span>") == 1


async def test_a_star_is_set_by_a_form_and_stays(tmp_path: Path) -> None:
    async with Fleet.start() as fleet, company(tmp_path, fleet, {}) as (_, base):
        assert await star(base, BEN, add=DICE) == (303, "/catalog?kind=Component&sort=name")
        assert await shown(base, BEN) == ["dice-roller", "scoreboard"]
        assert await shown(base, BEN, "&starred=1") == ["dice-roller"]
        assert await shown(base, ANNA, "&starred=1") == []
        page = (await as_(base, BEN, "/catalog?kind=Component")).text
        assert f'name="remove" value="{DICE}" aria-pressed="true"' in page
        assert f'name="add" value="{SCORES}" aria-pressed="false"' in page
        # the live list is the same list
        live = await ask(
            base, {"1": "list/kind=Component&starred=1"}, once=True, headers={"Authorization": BEN}
        )
        assert "scoreboard" not in live.text
        assert (await star(base, BEN, remove=DICE))[0] == 303
        assert await shown(base, BEN) == ["scoreboard", "dice-roller"]
        for wrong in ({}, {"add": "a:b:c/"}, {"add": ""}):
            assert (await star(base, BEN, **wrong))[0] == 400, wrong
        assert (await star(base, BEN, add="component:default/there-is-none"))[0] == 404


async def test_a_star_opens_nothing_that_is_hidden(tmp_path: Path) -> None:
    async with Fleet.start() as fleet, company(tmp_path, fleet, {"ready": "by-owner"}) as (app, base):
        assert (await star(base, ANNA, add=SCORES))[0] == 404
        assert (await star(base, BEN, add=SCORES))[0] == 303
        stars = app.portal._services._pinned.stars
        await stars.put(
            person("anna", "team"), EntityRef.parse(SCORES), starred=True
        )  # of before it was hidden
        assert await shown(base, ANNA, "&starred=1") == []
        assert await shown(base, ANNA) == ["dice-roller"]
        view = await app.portal.services(
            ServicesQuery(starred=True, order=ListOrder.USUAL), person("anna", "team")
        )
        assert (view.total, view.rows, view.tally) == (0, (), None)


def test_pages_of_a_list_with_pins_are_that_list_once() -> None:
    refs = tuple(EntityRef.of("component", "default", f"s{n:03}") for n in range(120))
    elsewhere = EntityRef.of("component", "default", "elsewhere")
    pins = Pins(
        mine=frozenset({*refs[30:60], elsewhere}),
        starred=frozenset({refs[100], refs[2], refs[40], elsewhere}),
    )
    pinned = Pinned(None, Stars(None), lambda caller: frozenset())  # type: ignore[arg-type]  # neither is asked
    whole = (refs[2], refs[40], refs[100], *(r for r in refs[30:60] if r != refs[40]))
    whole += tuple(r for r in refs if r not in whole)
    for limit in (1, 7, 50, 200):
        pages = [pinned.page(refs, pins, offset, limit) for offset in range(0, 130, limit)]
        assert tuple(r for page in pages for r in page) == whole, limit
