"""`callboard serve` with a real provider of OpenID Connect: people sign in as themselves, stay as long as their provider and the
catalog say so, and are out everywhere once they left."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import yaml
from playwright.async_api import async_playwright

from support.oidc_provider import CLIENT, RunningProvider, running_provider

LINK = re.compile(r"http://127\.0\.0\.1:(\d+)/sign-in\?token=\S+")
FORM = "<title>Sign in at the provider</title>"
API = {"apiVersion": "backstage.io/v1alpha1"}


class Serving(msgspec.Struct):
    """A process that serves, and what its people are read from."""

    port: int
    folder: Path

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()


def write_people(folder: Path, **emails: str) -> None:
    """The catalog: each of these a User, by name."""
    documents: list[dict[str, Any]] = [
        {
            **API,
            "kind": "User",
            "metadata": {"name": name},
            "spec": {"memberOf": ["payments"], "profile": {"email": email}},
        }
        for name, email in emails.items()
    ]
    group = {**API, "kind": "Group", "metadata": {"name": "payments"}, "spec": {"type": "t", "children": []}}
    (folder / "catalog-info.yaml").write_text(yaml.safe_dump_all([*documents, group]))


@asynccontextmanager
async def serving(folder: Path, provider: RunningProvider) -> AsyncIterator[Serving]:
    write_people(folder, anna="Anna@Example.org")
    oidc = {
        "metadataUrl": provider.metadata_url,
        "clientId": CLIENT["client_id"],
        "clientSecret": CLIENT["client_secret"],
        "title": "The house",
    }
    config = {
        "auth": {
            "environment": "test",
            "session": {"secret": "of no more than this test"},
            "providers": {"oidc": {"test": oidc}},
        },
        "catalog": {
            "rules": [{"allow": ["User", "Group"]}],
            "locations": [{"type": "file", "target": "catalog-info.yaml"}],
        },
        "callboard": {
            "dataDirectory": str(folder / "data"),
            "logging": {"level": "info", "format": "json"},
            "watchInterval": 0.2,
        },
    }
    (folder / "app-config.yaml").write_text(yaml.safe_dump(config))
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from callboard.app.main import main; main()"),
            *("serve", "--config", str(folder / "app-config.yaml"), "--port", "0"),
            cwd=folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    try:
        assert process.stdout is not None
        found = None
        async with asyncio.timeout(60):
            while found is None:
                line = (await process.stdout.readline()).decode()
                assert line, (folder / "log").read_text()
                found = LINK.search(line)
        await provider.switch(f"back/{found[1]}")
        yield Serving(int(found[1]), folder)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


class Person:
    """A browser without its window: cookies for each host and port, redirects one by one."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self.jars: dict[str, dict[str, str]] = {}
        self.url = ""

    async def ask(self, url: str, *, method: str = "GET", data: Any = None) -> tuple[int, str]:
        for _ in range(12):
            origin = "/".join(url.split("/")[:3])
            jar = self.jars.setdefault(origin, {})
            headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in jar.items()), "Accept": "text/html"}
            headers |= {"Origin": origin} if method == "POST" else {}
            asked = self._http.request(method, url, headers=headers, data=data, allow_redirects=False)
            async with asked as answer:
                text = await answer.text()
                for name, morsel in answer.cookies.items():
                    if morsel["max-age"] == "0" or not morsel.value:
                        jar.pop(name, None)
                    else:
                        jar[name] = morsel.value
                location = answer.headers.get("Location")
            if location is None:
                self.url = url
                return answer.status, text
            url = location if location.startswith("http") else origin + location
            method, data = "GET", None
        raise AssertionError("led in a circle")

    async def sign_in(self, served: Serving, account: str, to: str = "/catalog") -> tuple[int, str]:
        status, page = await self.ask(f"{served.base}{to}")
        assert status == 401
        (way,) = re.findall(r'href="(/sign-in/oidc[^"]*)"', page)
        status, page = await self.ask(served.base + unescape(way))
        if FORM in page:
            status, page = await self.ask(self.url, method="POST", data={"account": account})
        return status, page


@asynccontextmanager
async def person() -> AsyncIterator[Person]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Person(http)


async def gone(who: Person, url: str) -> None:
    """Wait until somebody is signed out."""
    async with asyncio.timeout(20):
        while (await who.ask(url))[0] != 401:  # noqa: ASYNC110  # another process tells no event
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("node_modules")
async def test_people_come_in_as_themselves_and_are_out_when_they_leave_the_catalog(
    tmp_path: Path, node: Path
) -> None:
    async with running_provider(node) as provider, serving(tmp_path, provider) as served, person() as anna:
        status, _ = await anna.sign_in(served, "account-of-anna", "/catalog?kind=User&q=a")
        assert (status, anna.url) == (200, f"{served.base}/catalog?kind=User&q=a")
        stolen = dict(anna.jars[served.base])
        assert list(stolen) == [f"callboard_{served.port}"]  # that of the sign-in under way is used up

        async with person() as other:
            status, page = await other.sign_in(served, "4712")  # her address, which nobody has verified
            assert status == 403
            assert "the catalog has no User that you are" in page
        async with person() as other:
            assert (await other.sign_in(served, "4713"))[0] == 403

        write_people(tmp_path, bo="bo@elsewhere.example")
        await gone(anna, f"{served.base}/catalog")
        await provider.switch("keys")
        write_people(tmp_path, anna="anna@example.org")
        async with person() as thief, asyncio.timeout(20):
            thief.jars[served.base] = stolen
            # until the new key and the catalog are read; another process tells no event
            while (await anna.sign_in(served, "account-of-anna"))[0] != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            assert (await thief.ask(f"{served.base}/catalog"))[0] == 401
        assert "account-of-anna" not in served.log
        assert CLIENT["client_secret"] not in served.log


@pytest.mark.usefixtures("node_modules")
async def test_in_a_browser_somebody_works_is_refreshed_and_leaves_for_good(
    tmp_path: Path, node: Path, chromium: Path
) -> None:
    async with (
        running_provider(node, access_seconds=1) as provider,
        serving(tmp_path, provider) as served,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await browser.new_page()
        await page.goto(f"{served.base}/catalog?kind=User")
        assert await page.get_by_label("Search all services").count() == 0
        await page.get_by_role("link", name="The house").click()
        await page.get_by_label("Account").fill("account-of-anna")
        await page.get_by_role("button", name="Go on").click()
        await page.wait_for_url(f"{served.base}/catalog?kind=User")
        (cookie,) = [c for c in await page.context.cookies(served.base) if c["name"].startswith("callboard")]
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
        async with asyncio.timeout(
            30
        ):  # the access token is over after a second, and got anew with the next page
            while "still vouches" not in served.log:
                await page.reload()
                assert await page.get_by_role("button", name="Sign out").is_visible()
                await asyncio.sleep(0.2)
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_role("button", name="Yes").click()  # at the provider
        await page.wait_for_url(f"{served.base}/sign-in*")
        await page.get_by_role("link", name="The house").click()
        await page.get_by_label("Account").wait_for()  # the provider does not know who this is any more
        async with person() as thief:
            thief.jars[served.base] = {str(cookie["name"]): str(cookie["value"])}
            assert (await thief.ask(f"{served.base}/catalog"))[0] == 401
        await browser.close()
