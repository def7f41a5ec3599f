"""The pages as a person uses them, in Chromium: search, tab, drawer, logs, keyboard, theme, and without script."""

import asyncio
import re

import msgspec
import pytest
from playwright.async_api import Page, expect

from callboard.base.errors import NotAllowed
from callboard.model.verdict import ClusterVerdict, Health
from callboard.portal.views import KubernetesView
from support.browser import OpenPage
from support.web_scenes import StubPortal, awaited, failed, healthy, kubernetes, service_rows, troubled
from support.web_server import serving

ENTITY = "/catalog/default/component/dice-roller"
KUBERNETES = ENTITY + "/kubernetes"
FIRST = kubernetes(*(awaited(n) for n in ("a", "b", "c", "d")))
SECOND = kubernetes(healthy("a"), awaited("b"), awaited("c"), awaited("d"))
LAST = kubernetes(healthy("a"), troubled("b"), failed("c"), healthy("d"))


class Waiting(StubPortal):
    """Nothing has answered when the page comes; views go out one by one as the test lets them."""

    def __init__(self, *views: KubernetesView) -> None:
        super().__init__(views)
        self.held = True

    def next(self) -> None:
        """Let one more view out, also to a stream that comes later."""
        self.out += 1
        self.go_on.set()
        asyncio.get_running_loop().call_soon(self.go_on.clear)


@pytest.mark.browser
async def test_typing_narrows_the_list_and_writes_the_address(open_page: OpenPage) -> None:
    async with serving(StubPortal()) as base, open_page(base + "/catalog") as page:
        await expect(page.locator(".service")).to_have_count(12)
        await page.locator("#q").press_sequentially("dealer", delay=20)
        await expect(page.locator(".service")).to_have_count(2)
        await expect(page).to_have_url(re.compile(r"/catalog\?q=dealer"))
        await expect(page.locator("#q")).to_be_focused()
        await expect(page.locator("#q")).to_have_value("dealer")
        await page.locator("input[name=type][value=website]").check()
        await expect(page).to_have_url(re.compile("q=dealer&type=website"))
        await expect(page.locator(".service")).to_have_count(0)
        await page.reload()
        await expect(page.locator("#q")).to_have_value("dealer")
        await expect(page.locator("input[name=type][value=website]")).to_be_checked()


@pytest.mark.browser
async def test_back_undoes_a_search(open_page: OpenPage) -> None:
    async with serving(StubPortal()) as base, open_page(base + "/catalog") as page:
        await page.locator("#q").fill("dealer")
        await expect(page.locator(".service")).to_have_count(2)
        await page.go_back()
        await expect(page.locator(".service")).to_have_count(12)


@pytest.mark.browser
async def test_the_list_is_walked_by_keyboard(open_page: OpenPage) -> None:
    async with serving(StubPortal()) as base, open_page(base + "/catalog", refused=("404",)) as page:
        await page.locator("h1").click()
        await page.keyboard.press("/")
        await expect(page.locator("#q")).to_be_focused()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("/component/card-dealer$"))


@pytest.mark.browser
async def test_clusters_appear_as_they_answer(open_page: OpenPage) -> None:
    portal = Waiting(FIRST, SECOND, LAST)
    async with serving(portal) as base, open_page(base + KUBERNETES) as page:
        await expect(page.locator(".tally")).to_contain_text("0 of 4 clusters")
        portal.next()
        await expect(page.locator(".tally")).to_contain_text("1 of 4 clusters")
        portal.next()
        await expect(page.locator(".tally")).to_contain_text("3 of 4 clusters answered, 1 could not be asked")
        await expect(page.locator(".verdict-sentence")).to_contain_text("keeps crashing")
        await expect(page.locator(".cluster h3").first).to_contain_text("b")
        await expect(page.locator("[data-topic]")).to_have_count(0)
        assert portal.closed == 1


@pytest.mark.browser
async def test_an_update_leaves_what_the_reader_holds(open_page: OpenPage) -> None:
    portal = Waiting(SECOND, LAST)
    async with serving(portal) as base, open_page(base + KUBERNETES) as page:
        await page.locator("#asked summary").click()
        panel = page.locator(".cluster", has=page.get_by_role("heading", name=re.compile("^a ")))
        await panel.locator("details.inside > summary").click()
        await panel.locator("details.pods-fold > summary").click()
        tile = panel.locator("a.tile").first
        await tile.focus()
        await page.evaluate("scrollTo(0, 150)")
        before = await page.locator(".cluster h3").all_inner_texts()
        top = await page.evaluate("document.activeElement.getBoundingClientRect().top")
        portal.next()
        await expect(page.locator(".tally")).to_contain_text("3 of 4 clusters answered, 1 could not be asked")
        await expect(page.locator("#asked")).to_have_attribute("open", "")
        await expect(panel.locator("details.pods-fold")).to_have_attribute("open", "")
        await expect(tile).to_be_focused()
        after = await page.locator(".cluster h3").all_inner_texts()
        assert [t.split()[0] for t in after] == [t.split()[0] for t in before], (
            "nothing jumps once someone is reading"
        )
        assert abs(await page.evaluate("document.activeElement.getBoundingClientRect().top") - top) < 5


@pytest.mark.browser
async def test_the_drawer_opens_over_the_tab_and_gives_everything_back(open_page: OpenPage) -> None:
    async with serving(StubPortal()) as base, open_page(base + KUBERNETES) as page:
        tile = page.locator("a.tile[data-mark=unhealthy]").first
        await tile.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#object-title")).to_have_text("dice-roller-8c4b-kk2")
        await expect(page.locator("#object-title")).to_be_focused()
        await expect(page).to_have_url(re.compile("/object/eu-west-1/pods/dice/dice-roller-8c4b-kk2$"))
        for _ in range(30):
            await page.keyboard.press("Tab")
            assert await page.evaluate(
                "!document.hasFocus() || document.activeElement === document.body || !!document.activeElement.closest('dialog')"
            )
        await (
            page.locator("#drawer")
            .get_by_role("link", name=re.compile("Log before the last restart"))
            .click()
        )
        await expect(page.locator(".log.lines")).to_contain_text("INFO previous roll 59")
        await expect(page.locator(".log.lines")).to_contain_text("no dice <b>left</b>")
        await expect(page).to_have_url(re.compile(r"/log\?container=roller&previous=1$"))
        await page.go_back()
        await expect(page.locator("#drawer h3").first).to_have_text("Containers")
        await page.keyboard.press("Escape")
        await expect(page.locator("#drawer")).not_to_be_visible()
        await expect(page).to_have_url(base + KUBERNETES)
        await expect(tile).to_be_focused()


@pytest.mark.browser
async def test_an_open_drawer_survives_an_update(open_page: OpenPage) -> None:
    portal = Waiting(SECOND, LAST)
    async with serving(portal) as base, open_page(base + KUBERNETES) as page:
        await page.locator("details.inside > summary").first.click()
        await page.locator("a.tile").first.click()
        await expect(page.locator("#object-title")).to_be_visible()
        portal.next()
        await expect(page.locator(".tally")).to_contain_text("3 of 4 clusters answered, 1 could not be asked")
        await expect(page.locator("#object-title")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page).to_have_url(base + KUBERNETES)


@pytest.mark.browser
async def test_a_drawers_address_is_a_page_for_a_colleague(open_page: OpenPage) -> None:
    path = KUBERNETES + "/object/eu-west-1/pods/dice/dice-roller-8c4b-kk2"
    async with serving(StubPortal()) as base, open_page(base + path) as page:
        await expect(page.locator("#object-title")).to_have_text("dice-roller-8c4b-kk2")
        await page.get_by_role("link", name=re.compile("Log before")).click()
        await expect(page.locator(".log.lines")).to_be_visible()
        await page.get_by_role("link", name="Back to Kubernetes").click()
        await expect(page.locator(".verdict-sentence")).to_be_visible()


@pytest.mark.browser
async def test_a_refusal_in_the_drawer_is_told_there(open_page: OpenPage) -> None:
    portal = StubPortal()
    async with (
        serving(portal) as base,
        open_page(base + KUBERNETES, refused=("status of 403",)) as page,
    ):
        portal.error = NotAllowed("You may not see this pod.")
        await page.locator("a.tile").first.click()
        await expect(page.locator("#drawer")).to_contain_text("You may not see this pod.")
        await page.locator("#drawer").get_by_role("button", name="Close").click()
        await expect(page.locator("#drawer")).not_to_be_visible()


@pytest.mark.browser
async def test_a_slow_answer_shows_a_sign_after_a_second(open_page: OpenPage) -> None:
    portal = StubPortal()
    async with serving(portal) as base, open_page(base + KUBERNETES) as page:
        release = asyncio.Event()
        await page.route("**/object/**", lambda route: release.wait())
        await page.locator("a.tile").first.click()
        await expect(page.locator("#drawer")).to_contain_text("Asking the cluster…")
        assert not await page.locator("#progress").is_visible()
        await expect(page.locator("#progress")).to_be_visible(timeout=3000)
        await page.keyboard.press("Escape")
        release.set()


@pytest.mark.browser
async def test_a_chosen_theme_stays(open_page: OpenPage) -> None:
    portal = Waiting(FIRST, LAST)
    async with serving(portal) as base, open_page(base + KUBERNETES) as page:
        await page.locator("#theme").click()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.browser
async def test_everything_is_readable_without_script(open_page: OpenPage) -> None:
    portal = StubPortal((FIRST, LAST))
    async with serving(portal) as base, open_page(base + "/catalog?q=dice", javascript=False) as page:
        await expect(page.locator(".service")).to_have_count(2)
        await page.locator("#q").fill("dice roller 6")
        await page.locator("#filters").get_by_role("button", name="Search").click()
        await expect(page.locator(".service")).to_have_count(1)
        await page.goto(base + KUBERNETES)
        await expect(page.locator(".tally")).to_contain_text("0 of 4 clusters")
        await expect(page.locator(".tally")).to_contain_text(
            "3 of 4 clusters answered, 1 could not be asked", timeout=8000
        )  # it reloads by itself
        await page.locator("a.tile[data-mark=unhealthy]").first.click()
        await expect(page.locator("#object-title")).to_be_visible()
        await page.get_by_role("link", name=re.compile("Log before")).click()
        await expect(page.locator(".log.lines")).to_contain_text("previous roll")


async def sideways(page: Page) -> int:
    """Pixels the page is wider than its window."""
    wider: int = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wider


@pytest.mark.browser
@pytest.mark.parametrize("width", [400, 900, 1600])
async def test_no_page_scrolls_sideways(open_page: OpenPage, width: int) -> None:
    long = "x" * 200
    part = msgspec.structs.replace(
        troubled("a"), verdict=ClusterVerdict(cluster="a", health=Health.UNHEALTHY, sentence=long)
    )
    portal = StubPortal((kubernetes(part, healthy("b" * 120)),))
    portal.rows = tuple(msgspec.structs.replace(r, title=long, tags=(long[:63],)) for r in service_rows(3))
    async with serving(portal) as base, open_page(base + "/catalog", width=width) as page:
        for path in (
            "/catalog",
            ENTITY,
            KUBERNETES,
            KUBERNETES + "/object/c/pods/ns/p",
            KUBERNETES + "/object/c/pods/ns/p/log",
            "/catalog?type=x",
        ):
            await page.goto(base + path)
            assert (path, await sideways(page)) == (path, 0)


@pytest.mark.browser
async def test_the_first_page_stands_still(open_page: OpenPage) -> None:
    portal = Waiting(FIRST, SECOND, LAST)
    async with serving(portal) as base, open_page(base + KUBERNETES) as page:
        await page.evaluate(
            """() => {
                window.shift = 0;
                const add = list => list.getEntries().forEach(entry => (window.shift += entry.value));
                new PerformanceObserver(add).observe({type: "layout-shift", buffered: true});
            }"""
        )
        await page.wait_for_timeout(300)
        assert await page.evaluate("window.shift") < 0.01
