"""The page of extensions: what is there and how it does, switched off and on, routes written; all without script."""

import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callboard.app.application import Application
from callboard.base.part_calls import CALLS
from callboard.extend import Action, Card, CardContext, ExtensionRoute, RouteContext, hookimpl
from callboard.model.audit import AuditDeed
from support.beside import answer, beside
from support.extended import ENTITY, SiteOf, extended, site_of

PLACE = "/admin/extensions"


class Mine:
    async def works(self, context: RouteContext) -> list[int]:
        return [1, 2, 3]

    async def breaks(self, context: RouteContext) -> list[int]:
        raise ZeroDivisionError("by <b>nothing</b>")

    async def view(self, context: CardContext) -> object:
        raise KeyError("no card")

    @hookimpl
    def callboard_routes(self) -> Any:
        return [
            ExtensionRoute(path="/works", handler=self.works, permission=Action.RESOURCES_READ),
            ExtensionRoute(path="/breaks", handler=self.breaks, permission=Action.RESOURCES_READ),
        ]

    @hookimpl
    def callboard_cards(self) -> Any:
        return [
            Card(
                key="mine",
                title="Mine",
                template="callboard/tabs/failed.html",
                view=self.view,
                applies=lambda e: True,
            )
        ]


async def post(site: SiteOf, path: str, fields: dict[str, str], headers: dict[str, str] | None = None) -> int:
    given = {"Origin": site.base, "Sec-Fetch-Site": "same-origin", **(headers or {})}
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(site.base + path, data=fields, headers=given, allow_redirects=False) as got,
    ):
        await got.read()
        return got.status


def section(page: str, name: str) -> str:
    (found,) = re.findall(rf'<section class="extension" id="extension-{name}.*?</section>', page, re.S)
    return str(found)


def recorded(app: Application, monkeypatch: pytest.MonkeyPatch) -> list[tuple[AuditDeed, str]]:
    kept: list[tuple[AuditDeed, str]] = []
    record = app.trail.record

    def noted(deed: AuditDeed, caller: Any, what: str = "", **more: Any) -> None:
        kept.append((deed, what))
        record(deed, caller, what, **more)

    monkeypatch.setattr(app.extension_manager._permissions, "record", noted)
    return kept


async def test_the_page_tells_what_is_there_and_what_went_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with beside() as service:
        service.says["/costs"] = answer("<html>", kind="text/html")
        routes = [{"path": "/all", "to": "/costs", "permission": "catalog.entity.read"}]
        callboard = {
            "services": {"costs": service.service(routes=routes)},
            "routes": [{"path": "/pods/{cluster}", "types": ["pods"], "clusters": ["{cluster}"]}],
        }
        async with (
            extended({"mine-1": Mine()}, tmp_path, monkeypatch, callboard=callboard) as app,
            site_of(app, everyone=True) as site,
        ):
            for _ in range(3):
                assert (await site.get("/api/ext/mine-1/works", {})).status == 200
                assert (await site.get("/api/ext/mine-1/breaks", {})).status == 503
            assert (await site.get("/api/ext/costs/all", {})).status == 503
            await site.get(f"{ENTITY}/overview", {})
            page = (await site.get(PLACE, {})).text
            mine = section(page, "mine-1")
            assert "<strong>fails</strong>" in mine
            assert "2 routes (/works, /breaks)" in mine
            assert "card (mine)" in mine
            assert "3 times in all" in mine
            assert "by &lt;b&gt;nothing&lt;/b&gt;" in mine
            assert re.search(r"test_extensions_are_looked_after\.py:\d+ breaks</code>", mine)
            assert "KeyError" in mine
            assert "where JSON or plain text is expected" in section(page, "costs")
            assert "a service beside" in section(page, "costs")
            assert "1 route" in section(page, "declared")
            assert page.count("part of Callboard") == 2
            row = r"<td>GET .*?/api/ext/mine-1/{}</a></td><td>mine-1</td><td>read</td><td>3</td><td>{}</td>"
            assert re.search(row.format("works", 0), page)
            assert re.search(
                row.format("breaks", 3) + r"<td>[\d.]+ m?s</td><td><code>part-failed</code>", page
            )
            assert re.search(r"/catalog</td><td>Callboard</td>", page)
            only = (await site.get(f"{PLACE}?owner=costs", {})).text
            assert "/api/ext/costs/all</a>" in only
            assert "/api/ext/mine-1/works</a>" not in only


async def test_every_call_of_one_that_is_watched_is_told_and_of_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extensions = {"mine-1": Mine(), "mine-2": Mine()}
    callboard = {"extensions": {"watched": ["mine-1"]}}
    async with (
        extended(extensions, tmp_path, monkeypatch, callboard=callboard) as app,
        site_of(app, everyone=True) as site,
    ):
        try:
            for name in extensions:
                assert (await site.get(f"/api/ext/{name}/works", {})).status == 200
                assert (await site.get(f"/api/ext/{name}/breaks", {})).status == 503
            await site.get(f"{ENTITY}/overview", {})
            page = (await site.get(PLACE, {})).text
            mine = section(page, "mine-1")
            called = [
                tuple(re.sub("<[^>]*>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row))
                for row in re.findall(r"<tbody>(.*?)</tbody>", mine, re.S)[0].split("</tr>")[:-1]
            ]
            told = {(asked, given.partition(";")[0], came) for _, _, asked, given, came, _ in called}
            assert ("answer", "/works", "gave bytes") in told
            assert ("answer", "/breaks", "failed unexpectedly (ZeroDivisionError)") in told
            assert [(given, came) for asked, given, came in told if asked == "show itself"] == [
                ("component:default/web", "failed unexpectedly (KeyError)")
            ]
            assert any("callboard_routes" in part for _, part, *_ in called)
            assert "Its last" not in section(page, "mine-2")
        finally:
            CALLS.watch(())


async def test_one_is_switched_off_and_on_while_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        extended({"mine-2": Mine()}, tmp_path, monkeypatch) as app,
        site_of(app, everyone=True) as site,
    ):
        kept = recorded(app, monkeypatch)
        assert (await site.get("/api/ext/mine-2/works", {})).status == 200
        assert await post(site, f"{PLACE}/switch", {"extension": "mine-2", "to": "off"}) == 303
        assert (await site.get("/api/ext/mine-2/works", {})).status == 404
        assert "Mine" not in (await site.get(f"{ENTITY}/overview", {})).text
        mine = section((await site.get(PLACE, {})).text, "mine-2")
        assert "off; its code is loaded until the next start" in mine
        assert "switched off by user:default/local" in mine
        assert await post(site, f"{PLACE}/switch", {"extension": "mine-2", "to": "on"}) == 303
        assert (await site.get("/api/ext/mine-2/works", {})).status == 200
        assert kept == [
            (AuditDeed.CHANGE, "extension mine-2 off"),
            (AuditDeed.CHANGE, "extension mine-2 on"),
        ]
        # what the configuration needs stays
        assert await post(site, f"{PLACE}/switch", {"extension": "fleet", "to": "off"}) == 400
        assert "<strong>works</strong>" in section((await site.get(PLACE, {})).text, "fleet")
        for name in ("callboard.web", "gone", ""):
            assert await post(site, f"{PLACE}/switch", {"extension": name, "to": "off"}) == 404
        fields = {"extension": "mine-2", "to": "off"}
        assert await post(site, f"{PLACE}/switch", fields, {"Origin": "https://evil.example"}) == 403


async def test_a_switch_outlives_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    extensions = {"mine-3": Mine()}
    route = {"path": "/mine", "types": "pods", "clusters": "eu", "namespaces": "shop"}
    async with (
        extended(extensions, tmp_path, monkeypatch, persist=True) as app,
        site_of(app, everyone=True) as site,
    ):
        assert await post(site, f"{PLACE}/switch", {"extension": "mine-3", "to": "off"}) == 303
        assert await post(site, f"{PLACE}/keep", route) == 303
    async with (
        extended(extensions, tmp_path, monkeypatch, persist=True) as app,
        site_of(app, everyone=True) as site,
    ):
        assert (await site.get("/api/ext/mine-3/works", {})).status == 404
        assert (await site.get("/api/ext/declared/mine", {})).status == 200
        assert await post(site, f"{PLACE}/switch", {"extension": "mine-3", "to": "on"}) == 303
        assert (await site.get("/api/ext/mine-3/works", {})).status == 200


async def test_what_the_configuration_fixes_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = {"extensions": {"switched": {"mine-4": False}}}
    async with (
        extended({"mine-4": Mine()}, tmp_path, monkeypatch, callboard=fixed) as app,
        site_of(app, everyone=True) as site,
    ):
        assert (await site.get("/api/ext/mine-4/works", {})).status == 404
        assert await post(site, f"{PLACE}/switch", {"extension": "mine-4", "to": "on"}) == 403
        assert "The configuration says whether it is on." in section(
            (await site.get(PLACE, {})).text, "mine-4"
        )
    async with (
        extended(
            {"mine-4": Mine()}, tmp_path, monkeypatch, callboard={"extensions": {"locked": True}}
        ) as app,
        site_of(app, everyone=True) as site,
    ):
        page = (await site.get(PLACE, {})).text
        assert "The configuration lets nothing be changed here." in page
        assert 'method="post"' not in page.split("<main", 1)[1]
        for path, fields in (
            ("switch", {"extension": "mine-4", "to": "off"}),
            ("keep", {"path": "/a", "types": "pods"}),
            ("remove", {"path": "/a"}),
        ):
            assert await post(site, f"{PLACE}/{path}", fields) == 403


async def test_a_route_is_written_tried_kept_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with extended({}, tmp_path, monkeypatch) as app, site_of(app, everyone=True) as site:
        asked = "?path=/p/{cluster}&types=pods&clusters={cluster}&namespaces=shop&title=Pods"
        form = (await site.get(f"{PLACE}/route{asked}&try=/p/eu", {})).text
        assert "This is a route." in form
        assert "&#34;answer&#34;:&#34;objects&#34;" in form
        assert "- path: /p/{cluster}" in form
        assert (await site.get("/api/ext/declared/p/eu", {})).status == 404  # not yet
        wrong = (await site.get(f"{PLACE}/route?path=/p/{{cluster}}&types=widgets", {})).text
        assert "&#39;widgets&#39; is no type" in wrong
        assert "Keep it" not in wrong
        assert "is no address of" in (await site.get(f"{PLACE}/route{asked}&try=/q/eu", {})).text
        fields = {"path": "/p/{cluster}", "types": "pods", "clusters": "{cluster}", "namespaces": "shop"}
        assert await post(site, f"{PLACE}/keep", fields) == 303
        got = await site.get("/api/ext/declared/p/eu", {})
        assert json.loads(got.text)["parts"][0]["answer"] == "objects"
        page = (await site.get(PLACE, {})).text
        assert "/api/ext/declared/p/{cluster}" in page
        assert (
            await post(site, f"{PLACE}/keep", {**fields, "path": "/p/{other}", "clusters": "{other}"}) == 400
        )
        assert (await site.get("/api/ext/declared/p/eu", {})).status == 200
        assert await post(site, f"{PLACE}/keep", {"path": "/x", "types": "widgets"}) == 400
        assert await post(site, f"{PLACE}/remove", {"path": "/p/{cluster}"}) == 303
        assert (await site.get("/api/ext/declared/p/eu", {})).status == 404
        assert await post(site, f"{PLACE}/remove", {"path": "/p/{cluster}"}) == 404


async def test_a_route_is_tried_as_whoever_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        extended({"mine-5": Mine()}, tmp_path, monkeypatch) as app,
        site_of(app, everyone=True) as site,
    ):
        tried = (await site.get(f"{PLACE}/try?address=/api/ext/mine-5/works", {})).text
        assert "<strong>200</strong>" in tried
        assert "[1,2,3]" in tried
        assert (
            "<strong>503</strong>" in (await site.get(f"{PLACE}/try?address=/api/ext/mine-5/breaks", {})).text
        )
        assert "<strong>404</strong>" in (await site.get(f"{PLACE}/try?address=/api/gone", {})).text
        for address in ("/catalog", "https://evil.example/api/", "//api/", "/api/a%20b", "/apix"):
            refused = (await site.get(f"{PLACE}/try?address={address}", {})).text
            assert "An address that can be tried begins with /api/" in refused, address


async def test_it_is_for_whom_the_policies_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with extended({}, tmp_path, monkeypatch) as app, site_of(app) as site:
        for path in ("", "/try?address=/api/callboard/v1/services", "/route?path=/a&types=pods"):
            for headers, status in ((site.reader, 403), (site.stranger, 403), ({}, 401)):
                assert (await site.get(PLACE + path, headers)).status == status
