"""The list of services in real Chromium: a change in a cluster is on it without a reload, and nothing moves."""

import asyncio
import re
from pathlib import Path

from playwright.async_api import Page, expect

from callboard.simulator import Fleet
from support.browser import OpenPage, open_page
from support.kept_up import all_live, crash, hub, kept_up, until
from support.portal import application
from support.web_server import serving

__all__ = ["open_page"]

SERVICES = ("dice-roller", "payments", "checkout", "nobody")


async def order(page: Page) -> list[str]:
    return await page.locator("#services > li a:first-of-type").all_inner_texts()


async def test_a_row_turns_unhealthy_without_a_reload(tmp_path: Path, open_page: OpenPage) -> None:
    async with (
        Fleet.start("demo", clusters=2, speed=0.0) as fleet,
        application(tmp_path, fleet, *SERVICES, callboard=hub()) as app,
        kept_up(app),
        serving(app.portal) as base,
    ):
        await until(app, all_live)
        async with open_page(f"{base}/catalog") as page:
            row = page.locator("li.service", has=page.get_by_role("link", name="dice-roller", exact=True))
            await expect(row).to_contain_text("Healthy in all 2 clusters")
            await expect(row).not_to_contain_text("seen")
            tally = page.locator("#health-tally")
            await expect(tally).to_contain_text("All 4 services:")
            unhealthy = int(re.findall(r"(\d+) unhealthy", await tally.inner_text())[0])
            await page.evaluate("globalThis.notReloaded = true")
            await row.get_by_role("link", name="dice-roller").focus()
            before = await order(page)

            crash(fleet[1], "dice-roller", "games")

            await expect(row).to_contain_text(f"in {fleet[1].name}: Deployment dice-roller", timeout=10_000)
            await expect(row.locator(".unseen").first).to_have_text("Unhealthy:")
            await expect(tally).to_contain_text(f"{unhealthy + 1} unhealthy")
            assert await order(page) == before
            assert await page.evaluate("globalThis.notReloaded")
            assert await page.evaluate("document.activeElement.innerText") == "dice-roller"


async def test_a_filtered_list_goes_on_with_its_own_rows(tmp_path: Path, open_page: OpenPage) -> None:
    async with (
        Fleet.start("demo", clusters=2, speed=0.0) as fleet,
        application(tmp_path, fleet, *SERVICES, callboard=hub()) as app,
        kept_up(app),
        serving(app.portal) as base,
    ):
        await until(app, all_live)
        async with open_page(f"{base}/catalog?kind=component") as page:
            await expect(page.locator("#services > li")).to_have_count(4)
            await page.get_by_role("searchbox").fill("dice")
            await expect(page.locator("#services > li")).to_have_count(1)
            crash(fleet[0], "dice-roller", "games")
            await expect(page.locator("#services > li")).to_contain_text("Unhealthy", timeout=10_000)
            # Changes of rows that are not shown stay away.
            crash(fleet[0], "checkout", "shop")
            await asyncio.sleep(1.5)
            await expect(page.locator("#services > li")).to_have_count(1)
            await page.get_by_role("searchbox").fill("")
            await expect(page.locator("#services > li")).to_have_count(4)
