"""axe-core finds nothing on the pages for whoever looks after Callboard, nor on what each person sees of themselves."""

import re
from pathlib import Path
from typing import Any

import pytest

from callboard.extend import Action, ExtensionRoute, RouteContext, hookimpl
from support.accessibility import AXE, axe_of, violations
from support.browser import OpenPage, open_page
from support.checkout import ROOT
from support.extended import extended, site_of

__all__ = ["open_page"]

ROUTES = (ROOT / "docs" / "reference" / "routes.md").read_text(encoding="utf-8")
OF_THE_ADMIN_AREA = re.findall(r"^\| `(/admin[^`{]*)` \| GET \|", ROUTES, re.MULTILINE)
MORE = ("/me", "/admin/extensions?owner=mine", "/admin/configuration?all=1", "/admin/audit?who=nobody")
SOME = ("/admin", "/admin/extensions", "/admin/tokens", "/me")
"""The pages that are looked at wide and light as well: what they are made of is that of the others."""


class Mine:
    async def breaks(self, context: RouteContext) -> list[int]:
        raise ZeroDivisionError("by nothing")

    @hookimpl
    def callboard_routes(self) -> Any:
        return [ExtensionRoute(path="/breaks", handler=self.breaks, permission=Action.RESOURCES_READ)]


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
async def test_every_page_of_the_admin_area_is_accessible(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_page: OpenPage,
    node_modules: Path,
    scheme: str,
    width: int,
) -> None:
    assert len(OF_THE_ADMIN_AREA) >= 10
    source = axe_of(node_modules)
    routes = [{"path": "/pods/{cluster}", "types": ["pods"], "clusters": ["{cluster}"]}]
    callboard = {"routes": routes, "extensions": {"watched": ["mine"]}}
    async with (
        extended({"mine": Mine()}, tmp_path, monkeypatch, callboard=callboard, persist=True) as app,
        site_of(app, everyone=True) as site,
        open_page(f"{site.base}/catalog", scheme=scheme, width=width, refused=("400", "404", AXE)) as page,
    ):
        await site.get("/api/ext/mine/breaks", {})
        for path in (*OF_THE_ADMIN_AREA, *MORE) if width < 400 else SOME:
            await page.goto(site.base + path)
            await page.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")
            assert (path, await violations(page, source)) == (path, [])
            wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert (path, max(wider, 0)) == (path, 0), "nothing is cut off or scrolled for"
