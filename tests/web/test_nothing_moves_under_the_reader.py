"""What a reader has before them stays in Chromium: cards keep their width and place, folds stay open, a drawer can be closed."""

import asyncio
import re
from collections.abc import Callable

import msgspec
import pytest
from playwright.async_api import Locator, Page, Route, expect

from callboard.model.outcome import Freshness
from callboard.model.verdict import ClusterVerdict, Health
from callboard.portal.views import ClusterPart, FreshnessRow
from support.browser import OpenPage
from support.live_portal import LivePortal
from support.web_scenes import NOW, awaited, healthy, troubled
from support.web_server import get, serving

PAGE = "/catalog/default/component/dice-roller/kubernetes"
GOOD = 0.02
"""The cumulative layout shift that a page may come to; up to 0.1 it counts as stable (web.dev/articles/cls)."""
WATCH = """() => {
    globalThis.shifted = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shifted += entry.value;
    }).observe({ type: "layout-shift", buffered: false });
}"""
FRAME = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))"


def stale(part: ClusterPart, *, restarted: bool = False) -> ClusterPart:
    """The same, as it was seen last."""
    row = FreshnessRow(
        freshness=Freshness.LIVE,
        types=("pods", "deployments"),
        stale_since=NOW,
        words="" if restarted else "connection refused",
        restarted=restarted,
    )
    sentence = "all that could be seen is healthy; pods are shown as of when they could last be read"
    verdict = ClusterVerdict(cluster=part.cluster.name, health=Health.UNKNOWN, sentence=sentence)
    return msgspec.structs.replace(part, verdict=verdict, freshness=(row,))


def card(page: Page, name: str) -> Locator:
    """The card of one cluster."""
    return page.locator(".cluster", has=page.get_by_role("heading", name=re.compile(f"^{name} ")))


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what the page does not show."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.browser
@pytest.mark.parametrize("width", [400, 1280])
async def test_a_cluster_that_goes_stale_moves_nothing(open_page: OpenPage, width: int) -> None:
    portal = LivePortal(*(healthy(f"eu-{i}") for i in range(6)))
    async with serving(portal) as base, open_page(base + "/catalog", width=width) as page:
        await page.clock.install()
        await page.goto(base + PAGE)
        await until(lambda: portal.watching == 1)
        await page.clock.fast_forward(11_000)  # nothing was touched, and yet someone looks
        boxes = "() => [...document.querySelectorAll('.cluster')].map(c => [c.id, c.getBoundingClientRect().width])"
        before = await page.evaluate(boxes)
        await page.evaluate(WATCH)
        for name in ("eu-2", "eu-3"):
            await portal.change(stale(healthy(name)))
            line = page.locator(f"#line-{name}")
            await expect(line).to_contain_text("out of date")
        await page.evaluate(FRAME)
        assert await page.evaluate(boxes) == before, "same cards, same order, same widths"
        assert await page.evaluate("shifted") < GOOD


@pytest.mark.browser
async def test_trouble_that_begins_and_ends_is_said_once_and_moves_nothing(open_page: OpenPage) -> None:
    names = [f"c{i:02}" for i in range(14)]
    portal = LivePortal(*map(healthy, names))
    async with serving(portal) as base, open_page(base + "/catalog") as page:
        await page.clock.install()
        await page.goto(base + PAGE)
        await until(lambda: portal.watching == 1)
        await page.clock.fast_forward(11_000)
        fold = page.locator(".matrix-fold")

        async def top_of_fold() -> float:
            return float(await fold.evaluate("each => each.getBoundingClientRect().top"))

        top = await top_of_fold()
        await page.evaluate(WATCH)
        said = "() => document.getElementById('news').textContent"

        await portal.change(troubled("c03"))
        await expect(page.locator("#matrix > :first-child")).to_have_id("line-c03")
        await page.evaluate(FRAME)
        assert abs(await top_of_fold() - top) < 1
        assert await page.evaluate(said) == "", "what may be over at once is no news"
        await page.clock.fast_forward(2_000)
        assert "eu-west-1 keeps crashing" in await page.evaluate(said)
        await portal.change(troubled("c03", restarts=13))
        await expect(page.locator("#line-c03")).to_contain_text("13")
        await page.clock.fast_forward(2_000)
        assert await page.evaluate("document.querySelectorAll('#news span').length") == 1

        await portal.change(healthy("c03"))
        await expect(page.locator("#line-c03")).to_have_count(0)
        await page.evaluate(FRAME)
        assert abs(await top_of_fold() - top) < 1, "what went has left room"
        assert await page.evaluate("shifted") < GOOD
        await portal.change(troubled("c07"))
        await expect(page.locator("#line-c07")).to_be_visible()
        assert await page.locator(".left").count() == 0, "which the next one takes"


async def opened(page: Page) -> set[str]:
    """The folds that stand open, seen or not."""
    return set(
        await page.evaluate("[...document.querySelectorAll('main details[open]')].map(each => each.id)")
    )


@pytest.mark.browser
async def test_folds_stand_as_they_were_left_when_their_cluster_is_asked_anew_and_the_page_read_again(
    open_page: OpenPage,
) -> None:
    portal = LivePortal(*(healthy(f"eu-{i}", 60) for i in range(4)))
    async with serving(portal) as base, open_page(base + PAGE) as page:
        await until(lambda: portal.watching == 1)
        panel = card(page, "eu-2")
        await panel.locator("details.inside > summary").click()
        await panel.locator("details.section > summary").first.press("Enter")
        await panel.locator("details.pods-fold > summary").click()
        await expect(panel.locator("tbody tr")).to_have_count(60)
        left = await opened(page)
        assert len(left) == 3

        # What a restart of Callboard looks like: for a moment there is no answer.
        await portal.change(awaited("eu-2"))
        await expect(panel.locator("details.inside")).to_have_count(0)
        await portal.change(healthy("eu-2", 61))
        await expect(panel.locator("tbody tr")).to_have_count(61)
        assert await opened(page) == left

        # And where one has to sign in again, the page is read again.
        await page.reload()
        await expect(panel.locator("tbody tr")).to_have_count(61)
        assert await opened(page) == left
        await panel.locator("details.section > summary").first.click()
        await page.reload()
        await expect(panel.locator("tbody tr")).to_have_count(61)
        assert len(await opened(page)) == 2


@pytest.mark.browser
@pytest.mark.parametrize("width", [400, 1280])
async def test_a_drawer_can_be_closed_while_its_cluster_is_asked(open_page: OpenPage, width: int) -> None:
    portal = LivePortal(troubled("eu-1"))
    async with serving(portal) as base, open_page(base + PAGE, width=width) as page:
        held: list[Route] = []
        await page.route("**/object/**", lambda route: held.append(route))
        tile = page.locator("a.tile").first
        await tile.click()
        await expect(page.locator("#drawer [role=status]").first).to_have_text("Asking the cluster…")
        close = page.locator("#drawer").get_by_role("button", name="Close")
        box = await close.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= width - box["width"]
        assert box["y"] >= 0
        assert min(box["width"], box["height"]) >= 24, "WCAG 2.5.8"
        await close.click()
        await expect(page.locator("#drawer")).not_to_be_visible()
        await expect(tile).to_be_focused()
        assert page.url == base + PAGE
        for route in held:
            await route.fulfill(body="too late")


async def test_after_a_restart_the_page_says_what_it_shows_and_nothing_against_it() -> None:
    portal = LivePortal(stale(healthy("eu-1"), restarted=True), stale(healthy("eu-2"), restarted=True))
    async with serving(portal) as base:
        before = " ".join((await get(base, PAGE)).text.split())
        await portal.change(healthy("eu-2"))
        after = " ".join((await get(base, PAGE)).text.split())
    since = "from before Callboard was restarted; asking again now: {} of 2 clusters answered since"
    assert since.format(0) in before
    assert since.format(1) in after
    for page in (before, after):
        assert "out of date" not in page
        assert "waiting for more" not in page
        assert "· live" not in page
    assert before.count("asking again</span>") == 2
    assert after.count("asking again</span>") == 1
