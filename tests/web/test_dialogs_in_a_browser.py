"""The dialogs over a service's page in real Chromium: opened from the block, walked through by keys, accessible, left again."""

import re
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import expect

from callboard.portal.views import CrashesView, CrashGroup
from support.browser import OpenPage
from support.crash_scene import PAGE, crash_view, portal_of
from support.web_server import serving

AXE = "Applying inline style violates"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.browser
async def test_crash_logs_help_connect_and_the_incident_to_pass_on(
    open_page: OpenPage, node_modules: Path
) -> None:
    portal = portal_of(crash_view(), lines=("a", "panic: no dice"), told=1, certain=True, first=1, last=1)
    shown = msgspec.structs.replace(portal.crash_log, container="roller", line="panic: no dice")
    crashes = tuple(
        msgspec.structs.replace(shown, key=msgspec.structs.replace(shown.key, cluster="eu", namespace="dice", name=f"roller-{n}"))
        for n in range(3)
    )  # fmt: skip
    portal.crashed = CrashesView(groups=(CrashGroup(members=crashes),))
    source = (node_modules / "axe-core" / "axe.min.js").read_text()
    async with serving(portal) as base, open_page(base + PAGE, refused=(AXE,)) as page:
        drawer = page.locator("#drawer")
        await page.evaluate(source)

        async def accessible() -> None:
            found = await page.evaluate("tags => axe.run(document, {runOnly: tags, preload: false})", TAGS)
            assert [(v["id"], n["target"]) for v in found["violations"] for n in v["nodes"]] == []

        await page.get_by_role("link", name="Crash logs").click()
        await expect(
            drawer.get_by_role("heading", name="The same error in 1 cluster, 3 containers")
        ).to_be_focused()
        await accessible()
        for number in (2, 3, 3):
            await page.keyboard.press("ArrowRight")
            await expect(drawer.get_by_role("heading", name=f"{number} of 3")).to_be_focused()
        await page.keyboard.press("ArrowLeft")
        await expect(drawer.get_by_role("heading", name="2 of 3")).to_be_focused()
        assert re.search(r"\?crashes=[0-9a-f]{12}$", page.url), "each is an address"
        await page.go_back()
        await expect(drawer).to_be_hidden()
        assert page.url == base + PAGE, "what was flicked through is one step back"

        for link, heading in (
            ("Help", "The application keeps crashing"),
            ("Connect", "in eu-west-1"),
            ("Ask for help", "is down in"),
        ):
            await page.locator(".block").get_by_role("link", name=re.compile(f"^{link}")).first.click()
            await expect(drawer.get_by_role("heading", name=re.compile(heading)).first).to_be_focused()
            await accessible()
            await page.keyboard.press("Escape")
            await expect(drawer).to_be_hidden()
            await expect(page).to_have_url(base + PAGE)
