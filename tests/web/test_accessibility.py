"""axe-core finds nothing against WCAG 2.2 AA on any page or drawer, light and dark."""

from pathlib import Path

import pytest
from playwright.async_api import Page

from callboard.model.verdict import Health
from callboard.portal.views import HealthTally
from support.browser import OpenPage
from support.web_scenes import TROUBLE, StubPortal, awaited, kubernetes
from support.web_server import serving

AXE = "Applying inline style violates"
"""axe itself tries to measure with a style of its own; the policy stops it, and axe goes on without."""
KUBERNETES = "/catalog/default/component/dice-roller/kubernetes"
OBJECT = KUBERNETES + "/object/eu-west-1/pods/dice/dice-roller-8c4b-kk2"
PATHS = {
    "list": "/catalog",
    "unhealthy": "/catalog?health=unhealthy&sort=health",
    "nothing found": "/catalog?q=zzz",
    "overview": "/catalog/default/component/dice-roller",
    "kubernetes": KUBERNETES,
    "object": OBJECT,
    "log": OBJECT + "/log?previous=1",
    "refused log": OBJECT + "/log?container=proxy",
    "help": KUBERNETES + "?help=CB-CRASH-ERROR",
    "crash logs": KUBERNETES + "?crashes=newest",
    "connect": KUBERNETES + "?connect=1&pod=dice/dice-roller-8c4b-kk2",
    "share": KUBERNETES + "?share=1",
    "error": "/catalog/default/component/nope",
}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def violations(page: Page, source: str) -> list[str]:
    """What axe finds, one line each. Its source is evaluated: the policy rightly blocks an added script tag."""
    await page.evaluate(source)
    found = await page.evaluate("tags => axe.run(document, {runOnly: tags, preload: false})", TAGS)
    return [
        f"{v['id']}: {n['target']} {n['failureSummary']}" for v in found["violations"] for n in v["nodes"]
    ]


@pytest.fixture
def axe(node_modules: Path) -> str:
    return (node_modules / "axe-core" / "axe.min.js").read_text()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_is_accessible(open_page: OpenPage, axe: str, scheme: str) -> None:
    portal = StubPortal((kubernetes(*TROUBLE.clusters, awaited("ca-west-1"), settled=True),))
    portal.tally = HealthTally(
        known=5, total=7, counts={Health.UNHEALTHY: 2, Health.HEALTHY: 2, Health.UNKNOWN: 1}, earlier=1
    )
    async with (
        serving(portal) as base,
        open_page(base + "/catalog", scheme=scheme, refused=("404", AXE)) as page,
    ):
        for name, path in PATHS.items():
            await page.goto(base + path)
            await page.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")
            assert (name, await violations(page, axe)) == (name, [])


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_drawer_is_accessible(open_page: OpenPage, axe: str, scheme: str) -> None:
    async with (
        serving(StubPortal()) as base,
        open_page(base + KUBERNETES, scheme=scheme, refused=(AXE,)) as page,
    ):
        for width in (400, 1280):
            await page.set_viewport_size({"width": width, "height": 900})
            await page.goto(base + KUBERNETES)
            await page.locator("a.tile[data-mark=unhealthy]").first.click()
            await page.locator("#object-title").wait_for()
            assert (width, await violations(page, axe)) == (width, [])
            await page.locator("#drawer a", has_text="Log before").click()
            await page.locator(".log.lines").wait_for()
            assert (width, await violations(page, axe)) == (width, [])
