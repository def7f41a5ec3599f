"""Search, filters and pages of the list are its address, and the address alone."""

import re

import msgspec
import pytest
from playwright.async_api import expect

from callboard.model.caller import Caller
from callboard.model.finding import Impact
from callboard.model.verdict import Health
from callboard.portal.protocol import ListGrouping, ListOrder, ServicesQuery
from callboard.portal.views import GroupCount, HealthTally, ServicesView
from support.browser import OpenPage
from support.web_scenes import HOSTILE, StubPortal, service_rows
from support.web_server import get, serving

TALLY = HealthTally(known=10, total=10, counts={Health.UNHEALTHY: 2, Health.HEALTHY: 8})


async def test_the_address_becomes_the_query() -> None:
    portal = StubPortal()
    async with serving(portal) as base:
        await get(
            base,
            "/catalog?q=+dice+&kind=component&type=service&type=website&owner=a&lifecycle=b&tag=c&system=d&environment=e&cluster=f&cluster=g&offset=50&utm=x",
        )
    assert portal.queries == [
        ServicesQuery(
            text="dice", kind=("component",), type=("service", "website"), owner=("a",), lifecycle=("b",), tag=("c",),
            system=("d",), environment=("e",), cluster=("f", "g"), offset=50, order=ListOrder.USUAL,
        )
    ]  # fmt: skip


async def test_paging_keeps_every_filter() -> None:
    portal = StubPortal()
    portal.rows = service_rows(240)
    async with serving(portal) as base:
        page = (await get(base, "/catalog?type=service&type=website&offset=50")).text
    assert 'href="/catalog?type=service&amp;type=website&amp;offset=100" rel="next"' in page
    assert 'href="/catalog?type=service&amp;type=website" rel="prev"' in page
    assert "51–100 of 240 services" in page


async def test_a_filter_that_matches_nothing_can_be_taken_away() -> None:
    async with serving(StubPortal()) as base:
        page = (await get(base, "/catalog?owner=nobody")).text
    assert 'name="owner" value="nobody" checked' in page


async def test_nothing_found_and_nothing_there_are_different() -> None:
    portal = StubPortal()
    async with serving(portal) as base:
        missed = (await get(base, "/catalog?q=zzz")).text
        portal.rows = ()
        empty = (await get(base, "/catalog")).text
    assert "No service matches." in missed
    assert "The catalog is empty." in empty


async def test_health_and_order_are_in_the_address() -> None:
    portal = StubPortal()
    async with serving(portal) as base:
        await get(base, "/catalog?health=unhealthy&health=progressing&sort=health")
        refused = await get(base, "/catalog?health=sick")
        unsorted = await get(base, "/catalog?sort=age")
        await get(base, "/catalog?sort=name")
    assert portal.queries == [
        ServicesQuery(health=(Health.UNHEALTHY, Health.PROGRESSING), order=ListOrder.TROUBLE),
        ServicesQuery(order=ListOrder.NAME),
    ]
    for answer, said in ((refused, "“health” in the address is one of"), (unsorted, "“sort” in the address")):
        assert answer.status == 400
        assert said in answer.text


async def test_each_count_of_the_tally_leads_to_its_services_with_every_filter_kept() -> None:
    portal = StubPortal()
    portal.rows, portal.tally = service_rows(240), TALLY
    async with serving(portal) as base:
        page = (await get(base, "/catalog?q=a&type=service&offset=50")).text
        chosen = (await get(base, "/catalog?type=service&health=unhealthy&sort=name")).text
    assert '<a id="only-unhealthy" href="/catalog?q=a&amp;type=service&amp;health=unhealthy"' in page
    assert re.search(
        '<a id="order" href="/catalog\\?q=a&amp;type=service&amp;sort=name"[^>]*>Sort by name<', page
    )
    assert re.search(
        '<a id="order" href="/catalog\\?type=service&amp;health=unhealthy"[^>]*>Trouble first<', chosen
    )
    assert 'id="all-healths"' not in page
    current = re.findall(r'<a id="([a-z-]+)" [^>]*aria-current="true"', chosen)
    assert current == ["only-unhealthy"]
    assert '<a id="all-healths" href="/catalog?type=service&amp;sort=name"' in chosen
    assert '<a id="only-healthy" href="/catalog?type=service&amp;health=healthy&amp;sort=name"' in chosen
    assert "services, unhealthy only" in chosen
    # Search and the other filters are a form: it hands on what is chosen here.
    assert '<input type="hidden" name="health" value="unhealthy">' in chosen
    assert '<input type="hidden" name="sort" value="name">' in chosen


async def test_what_is_not_known_yet_and_what_is_from_before_is_told_beside_the_counts() -> None:
    portal = StubPortal()
    portal.tally = HealthTally(known=6, total=10, counts={Health.HEALTHY: 6}, earlier=6)
    async with serving(portal) as base:
        page = (await get(base, "/catalog?health=unhealthy")).text
    assert "the health of 6 of 10 services is known; the other 4 stand under none of these yet." in page
    assert "6 as seen before Callboard started; being looked at now." in page


async def test_a_list_that_is_not_by_health_says_why_and_has_nothing_to_choose() -> None:
    portal = StubPortal()
    portal.refused = "Not for you."
    async with serving(portal) as base:
        page = (await get(base, "/catalog?health=unhealthy")).text
    assert "Not for you. All of it is shown: 1–12 of 12 services" in page
    assert "only-unhealthy" not in page


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False])
async def test_one_click_or_key_leaves_only_what_is_broken(open_page: OpenPage, script: bool) -> None:
    portal = StubPortal()
    portal.tally = TALLY
    async with serving(portal) as base, open_page(base + "/catalog", javascript=script) as page:
        await page.locator("#only-unhealthy").press("Enter")
        await expect(page.locator("#services > li")).to_have_count(2)
        await expect(page).to_have_url(base + "/catalog?health=unhealthy")
        if script:
            await expect(page.locator("#only-unhealthy")).to_be_focused()
            await page.locator("#q").fill("card")  # searching goes on within what is chosen
            await expect(page).to_have_url(re.compile("q=card.*health=unhealthy"))
        await page.locator("#all-healths").click()
        await expect(page.locator("#all-healths")).to_have_count(0)
        assert "health=" not in page.url
        await page.go_back()
        await expect(page.locator("#only-unhealthy")).to_have_attribute("aria-current", "true")


async def test_groups_are_in_the_address_and_a_service_may_be_in_several() -> None:
    class Grouped(StubPortal):
        async def services(self, query: ServicesQuery, caller: Caller) -> ServicesView:
            view = await super().services(query, caller)
            groups = (GroupCount(HOSTILE, 1, 1), GroupCount("", 1, 0))
            rows, named = (view.rows[0], view.rows[0]), (HOSTILE, "")
            return msgspec.structs.replace(view, rows=rows, group="owner", groups=groups, row_groups=named)

    portal = Grouped()
    async with serving(portal) as base:
        page = (await get(base, "/catalog?type=service&group=owner")).text
        assert (await get(base, "/catalog?group=colour")).status == 400
    assert portal.queries[0].group is ListGrouping.OWNER
    assert "<script>alert" not in page
    assert re.findall(r'<a href="([^"]*)" aria-current="true">Owner', page) == [
        "/catalog?type=service&amp;group=owner"
    ]
    assert "1 service · 1 unhealthy" in page
    assert "No owner" in page
    ids = re.findall(r'<li class="[^"]*" id="([^"]*)"', page)
    assert len(ids) == len(set(ids)) == 4
    assert 'name="group" value="owner"' in page, "a search keeps it"


async def test_the_browsers_tab_says_that_something_is_down() -> None:
    portal = StubPortal()
    async with serving(portal) as base:
        assert "<title>Services" in (await get(base, "/catalog")).text
        portal.rows = tuple(msgspec.structs.replace(r, impact=Impact.DOWN) for r in portal.rows)
        assert "<title>● Services" in (await get(base, "/catalog")).text
