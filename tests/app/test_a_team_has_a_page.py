"""A group's page is the services it owns, the worst first, and stays current."""

import re
from pathlib import Path

from playwright.async_api import expect

from callboard.simulator import Fleet
from support.browser import OpenPage, open_page
from support.kept_up import all_live, crash, hub, kept_up, until
from support.portal import application
from support.web_server import get, serving

__all__ = ["open_page"]

TEAMS = """\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team, title: Team One}
spec: {type: team, children: [inner]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: inner}
spec: {type: team, parent: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: idle}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: scoreboard, annotations: {backstage.io/kubernetes-id: scoreboard}}
spec: {type: service, lifecycle: production, owner: inner}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: ledger, annotations: {backstage.io/kubernetes-id: ledger}}
spec: {type: service, lifecycle: production, owner: idle-others}
"""


async def test_a_team_sees_what_it_owns_and_what_breaks(tmp_path: Path, open_page: OpenPage) -> None:
    (tmp_path / "teams.yaml").write_text(TEAMS)
    locations = [
        {"type": "file", "target": str(tmp_path / name), "rules": [{"allow": ["Component", "Group"]}]}
        for name in ("teams.yaml", "catalog-info.yaml")
    ]
    async with (
        Fleet.start("quiet", clusters=2, speed=0.0) as fleet,
        application(
            tmp_path, fleet, "dice-roller", "nobody", callboard=hub(), catalog={"locations": locations}
        ) as app,
        kept_up(app),
        serving(app.portal) as base,
    ):
        await until(app, all_live)
        idle = (await get(base, "/catalog/default/group/idle")).text
        assert "idle owns no service." in idle
        inner = (await get(base, "/catalog/default/group/inner/services")).text
        assert set(re.findall(r"/catalog/default/component/[a-z-]+", inner)) == {
            "/catalog/default/component/scoreboard"
        }
        unknown = await get(base, "/catalog/default/group/idle-others")
        assert (unknown.status, unknown.headers["location"]) == (
            303,
            "/catalog?owner=group%3Adefault%2Fidle-others",
        )
        assert "ledger" in (await get(base, unknown.headers["location"])).text
        assert (await get(base, "/catalog/default/group/owns-nothing")).status == 404
        async with open_page(f"{base}/catalog/default/group/team") as page:
            rows = page.locator("#services > li .service-name a")
            await expect(rows).to_have_text(["nobody", "dice-roller", "scoreboard"], timeout=10_000)
            head = page.locator("#team-head")
            await expect(head).to_contain_text("3 services, the worst first")
            crash(fleet[1], "scoreboard", "games")
            await expect(head).to_contain_text("1 unhealthy", timeout=10_000)
            await page.reload()
            await expect(rows.first).to_have_text("scoreboard")
            await head.get_by_role("link", name="1 unhealthy").click()
            await expect(rows).to_have_text(["scoreboard"])
            await expect(page).to_have_url(re.compile(r"/catalog\?kind=component&owner=.*&health=unhealthy$"))
