"""axe-core finds nothing against WCAG 2.2 AA on any page or drawer, light and dark."""

from pathlib import Path

import msgspec
import pytest

from callboard.model.caller import Caller
from callboard.model.entity import Entity, EntityMeta, EntityRef
from callboard.model.verdict import Health
from callboard.portal.views import HealthTally, ServiceView
from support.accessibility import AXE, axe_of, violations
from support.browser import OpenPage
from support.crash_scene import crash_view
from support.web_scenes import TROUBLE, StubPortal, awaited, kubernetes
from support.web_server import serving

KUBERNETES = "/catalog/default/component/dice-roller/kubernetes"
OBJECT = KUBERNETES + "/object/eu-west-1/pods/dice/dice-roller-8c4b-kk2"
PATHS = {
    "list": "/catalog",
    "unhealthy": "/catalog?health=unhealthy&sort=health",
    "nothing found": "/catalog?q=zzz",
    "overview": "/catalog/default/component/dice-roller",
    "kubernetes": KUBERNETES,
    "grouped": KUBERNETES + "?group=version",
    "all pods": KUBERNETES + "?view=pods&sort=-restarts",
    "object": OBJECT,
    "log": OBJECT + "/log?previous=1",
    "refused log": OBJECT + "/log?container=proxy",
    "help": KUBERNETES + "?help=CB-CRASH-ERROR",
    "crash logs": KUBERNETES + "?crashes=newest",
    "connect": KUBERNETES + "?connect=1&pod=dice/dice-roller-8c4b-kk2",
    "share": KUBERNETES + "?share=1",
    "error": "/catalog/default/component/nope",
    "wrong address": "/catalog?offset=x",
    "admin": "/admin",
    "audit": "/admin/audit",
    "policies": "/admin/policies",
    "sign in": "/sign-in",
    "team": "/catalog/default/group/team-games",
}
NARROW = ("list", "overview", "kubernetes", "all pods", "help", "log", "error", "admin")
"""The pages that are looked at on the narrowest screen as well, dark."""
TEAM = Entity(
    api_version="backstage.io/v1alpha1",
    kind="Group",
    metadata=EntityMeta(name="team-games", title="Team Games"),
)


@pytest.fixture
def axe(node_modules: Path) -> str:
    return axe_of(node_modules)


class Everything(StubPortal):
    """A service in every trouble, and the team that owns it."""

    async def service(self, ref: EntityRef, caller: Caller) -> ServiceView:
        return ServiceView(entity=TEAM) if ref == TEAM.ref else await super().service(ref, caller)


def everything() -> Everything:
    findings = crash_view().verdict.findings
    shown = kubernetes(*TROUBLE.clusters, awaited("ca-west-1"), settled=True)
    verdict = msgspec.structs.replace(shown.verdict, findings=findings)
    portal = Everything((msgspec.structs.replace(shown, verdict=verdict),))
    portal.tally = HealthTally(
        known=5, total=7, counts={Health.UNHEALTHY: 2, Health.HEALTHY: 2, Health.UNKNOWN: 1}, earlier=1
    )
    return portal


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
async def test_every_page_is_accessible(open_page: OpenPage, axe: str, scheme: str, width: int) -> None:
    async with (
        serving(everything()) as base,
        open_page(base + "/catalog", scheme=scheme, width=width, refused=("40", "503", AXE)) as page,
    ):
        for name, path in PATHS.items():
            if width < 400 and name not in NARROW:
                continue
            await page.goto(base + path)
            await page.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")
            assert (name, await violations(page, axe)) == (name, [])
            wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert (name, max(wider, 0)) == (name, 0), "nothing is cut off or scrolled for"


@pytest.mark.browser
async def test_every_dialog_is_accessible(open_page: OpenPage, axe: str) -> None:
    async with (
        serving(everything()) as base,
        open_page(base + KUBERNETES, scheme="dark", refused=(AXE,)) as page,
    ):
        await page.locator("a.tile[data-mark=unhealthy]").first.click()
        await page.locator("#object-title").wait_for()
        assert await violations(page, axe) == []
        await page.set_viewport_size({"width": 320, "height": 900})
        await page.locator("#drawer a", has_text="Log before").click()
        await page.locator(".log.lines").wait_for()
        assert await violations(page, axe) == []
        await page.locator("#drawer [data-close]").first.click()
        await page.locator('a[data-drawer][href*="?help="]').first.click()
        await page.locator("#drawer .help").wait_for()
        assert await violations(page, axe) == []
        await page.locator("#drawer [data-close]").first.click()
        await page.keyboard.press("?")
        await page.locator("#keys").wait_for()
        assert await violations(page, axe) == []


@pytest.mark.browser
async def test_shapes_are_seen_where_colours_are_the_readers_own(open_page: OpenPage) -> None:
    async with serving(StubPortal()) as base, open_page(base + KUBERNETES) as page:
        await page.emulate_media(forced_colors="active")
        shapes = (
            "[...document.querySelectorAll('.matrix .mark')].map(m => getComputedStyle(m).backgroundColor)"
        )
        drawn = await page.evaluate(shapes)
        ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert drawn
        assert ground not in drawn
