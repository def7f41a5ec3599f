"""Search, filters and pages of the list are its address, and the address alone."""

from callboard.portal.protocol import ServicesQuery
from support.web_scenes import StubPortal, service_rows
from support.web_server import get, serving


async def test_the_address_becomes_the_query() -> None:
    portal = StubPortal()
    async with serving(portal) as base:
        await get(
            base,
            "/catalog?q=+dice+&kind=component&type=service&type=website&owner=a&lifecycle=b&tag=c&system=d&offset=50&utm=x",
        )
    assert portal.queries == [
        ServicesQuery(
            text="dice", kind=("component",), type=("service", "website"), owner=("a",), lifecycle=("b",), tag=("c",),
            system=("d",), offset=50,
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
