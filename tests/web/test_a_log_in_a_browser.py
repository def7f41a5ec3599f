"""A log and a drawer as a person uses them, in Chromium: lines come, 100,000 of them are a few elements, gone is said."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import msgspec
import pytest
from playwright.async_api import expect

from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.portal.views import ObjectKey, ObjectView
from support.browser import OpenPage
from support.followed_log import Followed
from support.web_scenes import NOW, StubPortal
from support.web_server import serving

KUBERNETES = "/catalog/default/component/dice-roller/kubernetes"
POD = KUBERNETES + "/object/eu-west-1/pods/dice/dice-roller-8c4b-kk2"
MOST_ELEMENTS = 400
"""Lines that are elements at once; `log_list.js` has the same."""


class Deleted(StubPortal):
    """Its object is deleted when the test lets it be."""

    def __init__(self) -> None:
        super().__init__()
        self.delete = asyncio.Event()

    async def object(self, ref: EntityRef, key: ObjectKey, caller: Caller) -> ObjectView:
        return msgspec.structs.replace(await super().object(ref, key, caller), live=True)

    async def object_live(
        self, ref: EntityRef, key: ObjectKey, caller: Caller
    ) -> AsyncGenerator[ObjectView, None]:
        view = await self.object(ref, key, caller)
        yield view
        await self.delete.wait()
        yield msgspec.structs.replace(view, live=False, gone_at=NOW + timedelta(seconds=1))


@pytest.mark.browser
async def test_lines_come_and_a_hundred_thousand_are_a_few_elements(open_page: OpenPage) -> None:
    portal = StubPortal()
    log = portal.followed = Followed()
    async with serving(portal) as base, open_page(base + POD + "/log") as page:
        lines, count = page.locator(".log.lines"), page.locator("[data-count]")
        await expect(page.locator("[data-state]")).to_have_text("Live")
        await expect(count).to_have_text("61 lines")
        log.write("a line that was written just now")
        await expect(lines).to_contain_text("a line that was written just now")
        assert log.cursors[0] == {"roller": "2026-11-21T08:59:59.500000000Z/1"}

        await page.get_by_role("button", name="Pause").click()
        log.write("while it is paused")
        await expect(page.get_by_role("button", name="Go on")).to_have_text("Go on (1 new)")
        await expect(lines).not_to_contain_text("while it is paused")
        await page.get_by_role("button", name="Go on").click()
        await expect(lines).to_contain_text("while it is paused")

        for start in range(0, 100_000, 4_000):
            log.write(*(f"line {n} of very many" for n in range(start, start + 4_000)))
        await expect(lines).to_contain_text("line 99999 of very many", timeout=60_000)
        drawn = "document.querySelectorAll('.log-window > *').length"
        assert 20 < await page.evaluate(drawn) <= MOST_ELEMENTS
        await lines.evaluate("each => (each.scrollTop = each.scrollHeight / 2)")
        await expect(lines).not_to_contain_text("line 99999 of very many")
        assert 20 < await page.evaluate(drawn) <= MOST_ELEMENTS
        await expect(count).to_contain_text("older ones are no longer kept here")
        log.write("below what is read")
        await expect(page.get_by_role("button", name="new below")).to_have_text("1 new below")

        await page.get_by_placeholder("Filter lines").fill("line 98765 OF")
        await expect(count).to_contain_text("1 of ")
        await expect(page.locator(".log-window > *")).to_have_count(1)
        assert "q=line+98765+OF" in page.url
        await page.locator(".log-window .at").click()
        assert "line=2026-11-21T09%3A00%3A00.000000000Z%7E" in page.url


@pytest.mark.browser
async def test_the_drawer_says_that_its_object_is_gone_and_keeps_what_is_selected(
    open_page: OpenPage,
) -> None:
    portal = Deleted()
    async with serving(portal) as base, open_page(base + KUBERNETES) as page:
        tile = page.locator("a.tile[data-mark=unhealthy]").first
        await tile.click()
        await expect(page.locator("#object-head")).to_contain_text("live")
        await page.evaluate(
            "getSelection().selectAllChildren(document.querySelector('#object-state .quoted'))"
        )
        selected = await page.evaluate("String(getSelection())")
        assert selected
        portal.delete.set()
        await expect(page.locator("#object-head")).to_contain_text("Was deleted at")
        await expect(page.locator("[data-announced]")).to_contain_text("Was deleted")
        assert await page.evaluate("String(getSelection())") == selected
        await page.get_by_label("Find in the YAML").fill("more")
        await expect(page.locator("[data-found]")).to_have_text("1 of 30")
        await page.keyboard.press("Shift+Enter")
        await expect(page.locator("[data-found]")).to_have_text("30 of 30")
        await page.locator("#object-title").focus()
        await page.keyboard.press("Escape")
        await expect(page.locator("#drawer")).not_to_be_visible()
        await expect(tile).to_be_focused()


@pytest.mark.browser
async def test_what_keeps_a_drawer_current_is_asked_for_again_where_it_could_not_be_had(
    open_page: OpenPage,
) -> None:
    portal = Deleted()
    async with (
        serving(portal) as base,
        open_page(base + KUBERNETES, refused=("ERR_FAILED",)) as page,
    ):
        await page.route(
            "**/object.js", lambda route: route.abort()
        )  # the first time: it is named otherwise after
        await page.locator("a.tile[data-mark=unhealthy]").first.click()
        await expect(page.locator("#object-title")).to_be_visible()
        portal.delete.set()
        await expect(page.locator("#object-head")).to_contain_text("Was deleted at")
