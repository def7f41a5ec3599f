"""Behind a proxy that shows it below a path: every link, file, form, stream, cookie and redirect stays below that path."""

import html
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from http.cookies import SimpleCookie
from urllib.parse import urljoin, urlsplit

import aiohttp
import pytest
from yarl import URL

from callboard.access.door import DoorPolicy, FrontDoor, allowed_hosts
from callboard.access.sessions import Sessions
from callboard.app.site import whole_site
from callboard.base.base_path import TAKEN, base_path, base_paths, below
from callboard.base.clock import FakeClock
from callboard.http.site import Site
from callboard.model.caller import Caller
from callboard.model.verdict import Health
from callboard.portal.views import HealthTally
from callboard.web.application import Operations, WebOptions
from support.reverse_proxy import Proxied, proxied
from support.web_scenes import NOW, StubPortal, awaited, kubernetes, troubled
from support.web_server import figures, listening

BASE = "/tools/portal"
LINK = re.compile(r'(?:href|src|action|data-hx-get)="([^"]*)"')
STYLE = re.compile(r"url\(([^)]*)\)")
MODULE = re.compile(r'(?:from|import|URL\()\s*"([^"]+)"')
MOST = 400


def below_a_path(portal: StubPortal, port: int, bases: tuple[str, ...]) -> tuple[Site, Sessions]:
    """The whole site behind the door of a listener that lets nobody in without a session."""
    hosts, origins = allowed_hosts("127.0.0.1", port, also=("https://portal.example",))
    sessions = Sessions(FakeClock(NOW))
    door = FrontDoor(DoorPolicy(hosts=hosts, origins=origins, cookie="callboard_t"), sessions)
    operations = Operations(
        ready=tuple,
        metrics=figures,
        sign_in=door.sign_in,
        sign_out=door.sign_out,
        cookie=door.policy.cookie_for,
    )
    options = WebOptions(can_sign_out=True, bases=bases)
    return whole_site(portal, door, operations, options, FakeClock(NOW)), sessions


class Browser:
    """Reads pages through the proxy, with the cookie where its path says it goes."""

    def __init__(self, http: aiohttp.ClientSession, proxy: Proxied, link: str) -> None:
        self._http = http
        self.proxy = proxy
        self.link = link
        self.cookie: SimpleCookie = SimpleCookie()

    async def ask(
        self, path: str, method: str = "GET", body: object = None
    ) -> tuple[int, str, dict[str, str]]:
        headers = {"Accept": "*/*", "Sec-Fetch-Site": "same-origin", "Origin": "https://portal.example"}
        morsel = self.cookie.get("callboard_t")
        if morsel is not None and f"{path}/".startswith(f"{morsel['path'].rstrip('/')}/"):
            headers["Cookie"] = f"callboard_t={morsel.value}"
        url = URL(self.proxy.origin + path, encoded=True)
        async with self._http.request(
            method, url, headers=headers, allow_redirects=False, json=body
        ) as response:
            self.cookie.load(response.headers.get("Set-Cookie", ""))
            return response.status, await response.text(), dict(response.headers)

    async def sign_in(self) -> str:
        """Open the link; gives where it leads in the end."""
        status, _, headers = await self.ask(self.link)
        assert status == 303
        status, _, headers = await self.ask(headers["Location"])
        assert status == 302
        return headers["Location"]


@asynccontextmanager
async def browsing(portal: StubPortal, *, strips: bool) -> AsyncIterator[Browser]:
    made: list[Sessions] = []

    def make(port: int) -> Site:
        site, sessions = below_a_path(portal, port, (BASE,))
        made.append(sessions)
        return site

    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(listening(make))
        proxy = await stack.enter_async_context(proxied(upstream, BASE, strips=strips, host="portal.example"))
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        yield Browser(http, proxy, f"{BASE}/sign-in?token={made[0].link_token(Caller.loopback())}")


def links(path: str, text: str, kind: str) -> set[str]:
    """What a page, a sheet or a script leads to on our host, as paths."""
    pattern = STYLE if "css" in kind else MODULE if "javascript" in kind else LINK if "html" in kind else None
    found = [html.unescape(each).strip("\"'") for each in pattern.findall(text)] if pattern else []
    whole = (urlsplit(urljoin(f"http://here{path}", each)) for each in found)
    return {u.path + (f"?{u.query}" if u.query else "") for u in whole if u.netloc == "here"}


def is_log(path: str) -> bool:
    return path.partition("?")[0].endswith("/log")


@pytest.mark.parametrize("strips", [False, True], ids=["passed on", "taken off"])
async def test_every_link_of_every_page_stays_below_it(strips: bool) -> None:
    portal = StubPortal()
    of_services = (h for h in Health if h not in (Health.HELD, Health.NOT_JUDGED))
    portal.tally = HealthTally(counts=dict.fromkeys(of_services, 2), known=10, total=12)
    async with browsing(portal, strips=strips) as browser:
        seen, waiting = set[str](), [await browser.sign_in()]
        kinds = dict[str, int]()
        while waiting and len(seen) < MOST:
            path = waiting.pop()
            if path in seen or path.partition("?")[0].endswith(("/sign-out", "/stars")):
                continue
            seen.add(path)
            status, text, headers = await browser.ask(path)
            kind = headers["Content-Type"].partition(";")[0]
            if status == 303:  # an owner of whom the catalog says nothing: to what is theirs
                assert headers["Location"].startswith(f"{BASE}/catalog?owner="), path
                waiting.append(headers["Location"])
                continue
            if path == f"{BASE}/live":
                assert status == 405  # it is asked by POST
            elif status == 404:
                assert "error-page" in text
                assert "/catalog/" in path, path  # one of ours says that there is no such entity
            else:
                assert status == 200, (status, path, text)
                kinds[kind] = kinds.get(kind, 0) + 1
            found = links(path, text, headers["Content-Type"])
            assert all(each.startswith(BASE) for each in found), path
            # Lists and logs of several choices lead where those of one do, and are many.
            waiting += (
                each
                for each in found
                if not ("/catalog?" in each and "&" in each) and not (is_log(path) and is_log(each))
            )
        assert browser.proxy.escaped == []
        assert kinds["text/html"] > 50
        assert kinds["text/javascript"] > 10
        assert kinds["text/css"] > 5
        assert f"{BASE}/live" in seen
        assert any(path.split("?")[0].endswith("/log") for path in seen)
        assert any("/catalog?health=" in path for path in seen)
        assert any("/catalog?group=" in path for path in seen)


@pytest.mark.parametrize("strips", [False, True], ids=["passed on", "taken off"])
async def test_streams_json_and_the_session_go_through_it(strips: bool) -> None:
    portal = StubPortal((kubernetes(awaited("a")), kubernetes(troubled("a"))))
    async with browsing(portal, strips=strips) as browser:
        assert (await browser.ask(f"{BASE}/catalog"))[0] == 401
        home = await browser.sign_in()
        assert browser.cookie["callboard_t"]["path"] == BASE
        _, page, _ = await browser.ask(f"{BASE}/catalog/default/component/dice-roller/kubernetes")
        found = re.search(r'data-topic="([^"]*)"', page)
        assert found
        wanted = {"watch": [{"as": "1", "topic": html.unescape(found[1]), "have": {}}], "once": True}
        status, text, _ = await browser.ask(f"{BASE}/live", "POST", wanted)
        assert status == 200
        assert text.startswith("event: hello")
        sent = "".join(
            json.loads(d)["fragments"][0]["html"] for d in re.findall(r"^data: (.*frag.*)$", text, re.M)
        )
        assert f'href="{BASE}/' in sent
        status, text, _ = await browser.ask(f"{BASE}/api/callboard/v1/services")
        assert (status, json.loads(text)["total"]) == (200, 12)
        status, text, _ = await browser.ask(f"{BASE}/api/nothing")
        assert (status, json.loads(text)["error"]["code"]) == (404, "not-found")
        for path, told in (
            ("/livez", "ok\n"),
            ("/readyz", "ok\n"),
            ("", ""),
            ("/", ""),
            ("/favicon.ico", ""),
        ):
            status, text, headers = await browser.ask(BASE + path)
            assert text == told
            assert headers.get("Location", BASE).startswith(BASE)
        status, _, _ = await browser.ask(f"{BASE}/sign-out", "POST")
        assert status == 200
        assert browser.cookie["callboard_t"].value == ""
        assert browser.cookie["callboard_t"]["path"] == BASE
        assert (await browser.ask(home))[0] == 401
        assert browser.proxy.escaped == []


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (None, ""),
        ("https://portal.example", ""),
        ("https://portal.example/", ""),
        ("https://portal.example/portal", "/portal"),
        ("https://portal.example/portal/", "/portal"),
        ("https://portal.example/a/b/c/", "/a/b/c"),
        ("http://[::1]:7007/x-y_z~1.2", "/x-y_z~1.2"),
        ("https://portal.example/live-status", "/live-status"),
        ("https://portal.example/tools/catalog", "/tools/catalog"),
        ("https://portal.example/catalog", ""),
        ("https://portal.example/static/x", ""),
        ("https://portal.example/a//b", ""),
        ("https://portal.example//b", ""),
        ("https://portal.example/a/../b", ""),
        ("https://portal.example/.", ""),
        ("https://portal.example/a%2Fb", ""),
        ("https://portal.example/ä", ""),
        ("https://portal.example/a;Domain=x", ""),
        ("https://portal.example/a b", ""),
        ('https://portal.example/"><script>', ""),
        ("https://portal.example/a\r\nSet-Cookie: x", ""),
        ("https://portal.example/" + "x" * 300, ""),
        ("http://[", ""),
        ("nonsense", ""),
    ],
)
def test_a_path_that_cannot_be_one_is_none(address: str | None, path: str) -> None:
    assert base_path(address) == path


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("/", "/"),
        ("/portal", "/"),
        ("/portal/", "/"),
        ("/portal/catalog", "/catalog"),
        ("/portals/catalog", "/portals/catalog"),
        ("/Portal/catalog", "/Portal/catalog"),
        ("/catalog/portal/x/y", "/catalog/portal/x/y"),
        ("/portal/portal/catalog", "/portal/catalog"),
        ("/portal//evil.example", "//evil.example"),
        ("/api-of/it/catalog", "/catalog"),
        ("//portal/catalog", "//portal/catalog"),
        ("", ""),
    ],
)
def test_a_request_is_known_without_it(asked: str, known: str) -> None:
    assert (
        below(asked, base_paths("https://x/portal", None, "https://x/api-of/it", "https://x/portal/"))
        == known
    )


def test_no_path_is_taken_for_one_of_ours() -> None:
    """What the site's own paths begin with cannot begin a base path: a proxy that takes it off would leave two meanings."""
    site, _ = below_a_path(StubPortal(), 7007, ("",))
    first = {route.path.split("/")[1] for route in site.routes}  # type: ignore[attr-defined]
    assert first - {""} == TAKEN
