"""All pods of a service as a plain table: sorted by links, filtered by a text, trouble on top, live, one key away."""

import re
from collections.abc import Mapping
from datetime import timedelta

import msgspec
import pytest
from playwright.async_api import expect

from callboard.model.verdict import Health
from callboard.portal.views import ClusterPart
from callboard.web.pod_list import MOST_PODS, PodList, PodOrder, pod_list, pod_order
from support.browser import OpenPage
from support.live import have_of, topic, watching
from support.live_portal import LivePortal
from support.web_scenes import HOSTILE, NOW, healthy, pod, troubled, workload
from support.web_server import get, serving

PAGE = "/catalog/default/component/dice-roller/kubernetes"


def of(*pods: tuple[str, Mapping[str, object]]) -> ClusterPart:
    made = tuple(pod("a", name, **changes) for name, changes in pods)  # type: ignore[arg-type]
    return msgspec.structs.replace(healthy("a"), workloads=(workload("a", made),))


def names(table: PodList) -> list[str]:
    return [row.key.name for each in table.slices for _, row in each.rows]


def sorts(table: PodList) -> dict[str, str]:
    return {column.title: column.sorted for column in table.head.columns if column.sorted}


SCENE = [
    of(
        ("one", {"restarts": 3, "node": "n2", "created": NOW}),
        ("two", {"restarts": 0, "node": "n3", "created": NOW - timedelta(days=2)}),
        ("bad", {"health": Health.UNHEALTHY, "restarts": 1, "node": "n9", "created": None}),
        ("six", {"restarts": 7, "node": "n1", "created": NOW - timedelta(days=1)}),
    )
]


@pytest.mark.parametrize(
    ("sort", "wanted", "told"),
    [
        ("", "bad one six two", {"Status": "ascending"}),
        ("restarts", "bad two one six", {"Restarts": "ascending"}),
        ("-restarts", "bad six one two", {"Restarts": "descending"}),
        ("-pod", "bad two six one", {"Pod": "descending"}),
        ("age", "bad one six two", {"Age": "ascending"}),
        ("-node", "bad two one six", {"Node": "descending"}),
        ("nonsense", "bad one six two", {"Status": "ascending"}),
    ],
)
def test_any_column_sorts_and_what_is_in_trouble_stays_on_top(
    sort: str, wanted: str, told: dict[str, str]
) -> None:
    order = pod_order({"view": "pods", "sort": sort})
    assert order is not None
    table = pod_list(SCENE, order)
    assert names(table) == wanted.split()
    assert sorts(table) == told


def test_a_heading_leads_to_its_order_and_then_to_the_other_way_round() -> None:
    for column in ("restarts", "pod"):
        seen = set()
        order = PodOrder(column="status", text="n")
        for _ in range(3):
            title = column.capitalize()
            (query,) = (c.query for c in pod_list(SCENE, order).head.columns if c.title == title)
            given = dict(each.split("=") for each in query.split("&"))
            assert given["q"] == "n", "what is filtered stays filtered"
            order = pod_order(given) or PodOrder()
            seen.add((order.column, order.descending))
        assert seen == {(column, False), (column, True)}


def test_the_filter_finds_words_in_any_column_and_beyond_what_is_shown() -> None:
    many = of(*((f"p{i:04}", {"node": f"n{i}"}) for i in range(MOST_PODS + 100)))
    table = pod_list([many], PodOrder())
    assert len(names(table)) == MOST_PODS
    assert table.head.more == 100
    assert names(pod_list([many], PodOrder(text="P0599"))) == ["p0599"]
    assert names(pod_list([many], PodOrder(text="running n598"))) == ["p0598"]
    assert pod_list([many], PodOrder(text="nobody")).head.found == 0


async def test_it_is_the_address_that_says_so_and_the_page_is_live_in_that_order() -> None:
    portal = LivePortal(healthy("eu-1"), healthy("eu-2"))
    async with serving(portal) as base:
        page = (await get(base, f"{PAGE}?view=pods&sort=-restarts&q=dice&other={HOSTILE[:8]}")).text
        assert 'aria-sort="descending"' in page
        assert 'class="cluster' not in page
        told = re.search(r'data-topic="([^"]*)"', page)
        assert told is not None
        assert told[1].replace("&amp;", "&") == f"{topic()}?view=pods&sort=-restarts&q=dice"
        async with watching(base, {"1": told[1].replace("&amp;", "&")}, have={"1": have_of(page)}) as reader:
            await reader.next("hello")
            await portal.change(troubled("eu-2"))
            update = await reader.next()
        assert "pods-0" in update.ids
        assert not any(each.startswith(("line", "cluster")) for each in update.ids)


async def test_what_is_filtered_by_stays_text() -> None:
    async with serving(LivePortal(healthy("eu-1"))) as base:
        page = (await get(base, f"{PAGE}?view=pods&q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")).text
    assert "<script>alert" not in page
    assert "0 of 3 pods have" in page


@pytest.mark.browser
async def test_the_page_is_complete_by_keyboard(open_page: OpenPage) -> None:
    portal = LivePortal(troubled("eu-1"), healthy("eu-2"))
    async with serving(portal) as base, open_page(base + PAGE) as page:
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog", name="Keys")).not_to_be_visible()

        await page.keyboard.press("g")
        await expect(page.locator(".group-by [aria-current]")).to_be_focused()
        assert await page.locator('#matrix .cell[tabindex="0"]').count() == 2, "a stop of Tab for each line"
        first = page.locator("#line-eu-1 .cell")
        await first.first.focus()
        await page.keyboard.press("ArrowRight")
        await expect(first.nth(1)).to_be_focused()
        await page.keyboard.press("ArrowDown")
        await expect(page.locator("#line-eu-2 .cell").nth(1)).to_be_focused()
        await portal.change(healthy("eu-2", 5))
        await expect(page.locator("#line-eu-2 .cell")).to_have_count(5)
        await expect(page.locator("#line-eu-2 .cell").nth(1)).to_be_focused()
        assert await page.locator('#matrix .cell[tabindex="0"]').count() == 2

        await page.keyboard.press("t")
        await expect(page.locator("#pods tbody tr")).to_have_count(8)
        await portal.change(healthy("eu-1"))
        await expect(page.locator("#pods tr[data-mark=unhealthy]")).to_have_count(0)
        await page.keyboard.press("/")
        await expect(page.locator("#pods-q")).to_be_focused()
        await page.keyboard.type("eu-2")
        await page.keyboard.press("Enter")
        await expect(page.locator("#pods tbody tr")).to_have_count(5)
        await expect(page).to_have_url(re.compile(r"view=pods&q=eu-2$"))
        await page.get_by_role("link", name="Node").click()
        await expect(page).to_have_url(re.compile(r"view=pods&sort=node&q=eu-2$"))
        await page.get_by_role("heading", name="All pods").click()
        await page.keyboard.press("t")
        await expect(page.locator("#line-eu-1")).to_be_visible()
