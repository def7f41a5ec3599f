"""`callboard serve` on loopback: the link's cookie goes to us and to no other port, sessions end where they are told to."""

import asyncio
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, nullcontext
from pathlib import Path

import aiohttp
import pytest
import yaml
from playwright.async_api import async_playwright

from callboard.access.door import DoorPolicy, FrontDoor, allowed_hosts
from callboard.access.sessions import Sessions
from callboard.app.entrance import Announcement, Entrance, hold_the_other, listen
from callboard.base.clock import FakeClock
from callboard.http.server import bind
from callboard.model.caller import Caller

LINK = re.compile(r"  (http://(\S+?):(\d+))(/sign-in\?token=\S+)")


def config(folder: Path, **callboard: object) -> Path:
    path = folder / "app-config.yaml"
    settings = {"dataDirectory": str(folder / "data"), "logging": {"level": "warning"}, **callboard}
    path.write_text(yaml.safe_dump({"catalog": {"locations": []}, "callboard": settings}))
    return path


class Served:
    """A process, and the links it printed: (address, host, port, path)."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.words = ""

    def tell_to_stop(self) -> None:
        self._process.terminate()

    async def ended(self) -> int:
        """Its exit code."""
        async with asyncio.timeout(60):
            await self._process.communicate()
        return self._process.returncode or 0

    async def links(self, count: int) -> list[tuple[str, ...]]:
        """The next links."""
        found: list[tuple[str, ...]] = []
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            while len(found) < count:
                line = (await self._process.stdout.readline()).decode()
                assert line, await self._process.stderr.read() if self._process.stderr else ""
                self.words += line
                found += [m.groups() for m in LINK.finditer(line)]
        return found


@asynccontextmanager
async def serve(path: Path, *more: str) -> AsyncIterator[Served]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from callboard.app.main import main; main()"),
        *("serve", "--config", str(path), *more),
        cwd=path.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Served(process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def test_the_cookie_goes_to_no_other_port(tmp_path: Path, chromium: Path) -> None:
    """Another user's server on this machine, asked by the same browser, is shown nothing; nor is it by our own plain address."""
    seen: list[str] = []

    async def spy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        await writer.drain()
        writer.close()

    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(serve(config(tmp_path), "--port", "0"))
        (secret, host, port, path), (plain, plain_host, _, same) = await served.links(2)
        assert host.endswith(".localhost")
        assert (plain_host, same) == ("127.0.0.1", path)
        assert "to whatever" in served.words
        other = await asyncio.start_server(spy, "127.0.0.1", 0)
        stack.push_async_callback(other.wait_closed)
        stack.callback(other.close)
        elsewhere = other.sockets[0].getsockname()[1]
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        stack.push_async_callback(browser.close)
        page = await browser.new_page()
        await page.goto(secret + path)
        assert page.url.startswith(f"http://{host}:{port}/catalog")
        assert await page.get_by_role("button", name="Sign out").is_visible()
        for address in ("127.0.0.1", "localhost"):
            await page.goto(f"http://{address}:{elsewhere}/")
        assert len(seen) >= 2
        assert not [request for request in seen if "cookie" in request.lower() or host in request]

        (cookie,) = await page.context.cookies()
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
        assert cookie["domain"] == host
        await page.goto(f"{secret}/catalog")
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_text("You are signed out").wait_for()
        assert await page.context.cookies() == []
        await page.goto(f"{secret}/catalog")
        await page.get_by_role("heading", name="Please sign in").wait_for()
        assert await page.get_by_role("button", name="Sign out").count() == 0
        stolen = {f"callboard_{port}": cookie["value"]}
        async with (
            aiohttp.ClientSession(cookies=stolen, cookie_jar=aiohttp.CookieJar(unsafe=True)) as thief,
            thief.get(f"{plain}/catalog") as answer,
        ):
            assert answer.status == 401


async def test_on_the_other_loopback_the_link_works_as_printed(tmp_path: Path) -> None:
    async with serve(config(tmp_path), "--host", "::1", "--port", "0") as served:
        (_, host, _, _), (plain, plain_host, _, path) = await served.links(2)
        assert host.endswith(".localhost")
        assert plain_host == "[::1]"
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as http, http.get(plain + path) as answer:
            assert answer.status == 200


async def test_figures_that_count_objects_are_for_who_is_signed_in(tmp_path: Path) -> None:
    counting, others = "callboard_hub_objects", "callboard_http_connections"
    async with serve(config(tmp_path), "--port", "0") as served:
        _, (plain, _, _, path) = await served.links(2)
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            async with http.get(f"{plain}/metrics") as answer:
                text = await answer.text()
            assert answer.status == 200
            assert others in text
            assert counting not in text
            async with http.get(plain + path) as answer:
                assert answer.status == 200
            async with http.get(f"{plain}/metrics") as answer:
                assert counting in await answer.text()
    async with serve(config(tmp_path, web={"openCounts": True}), "--port", "0") as served:
        _, (plain, _, _, _) = await served.links(2)
        async with aiohttp.ClientSession() as http, http.get(f"{plain}/metrics") as answer:
            assert counting in await answer.text()


async def test_told_to_stop_it_answers_until_others_have_noticed(tmp_path: Path) -> None:
    """No longer ready at once, and still there for whoever has not heard of it; told again, it ends."""
    async with serve(config(tmp_path, web={"drainDelay": "10m"}), "--port", "0") as served:
        _, (plain, _, _, _) = await served.links(2)
        async with aiohttp.ClientSession() as http:

            async def status(path: str) -> int:
                async with http.get(plain + path) as answer:
                    return answer.status

            assert await status("/readyz") == 200
            served.tell_to_stop()
            async with asyncio.timeout(60):
                while await status("/readyz") != 503:
                    pass
            assert await status("/livez") == 200
        served.tell_to_stop()
        assert await served.ended() == 0


def test_where_another_program_would_be_asked_first_there_is_no_secret_name() -> None:
    with socket.socket(socket.AF_INET6) as taken:
        taken.bind(("::1", 0))
        taken.listen()
        assert hold_the_other("127.0.0.1", taken.getsockname()[1]) == (False, None)
    with socket.socket() as ours:
        ours.bind(("127.0.0.1", 0))
        port = ours.getsockname()[1]
        alone, held = hold_the_other("127.0.0.1", port)
        assert alone
        assert held is not None
        with held, socket.socket(socket.AF_INET6) as late:
            late.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with pytest.raises(OSError, match="in use"):
                late.bind(("::1", port))
    assert hold_the_other("127.0.0.2", port) == (False, None)


@pytest.mark.parametrize("host", ["::1", "[::1]", "127.0.0.1", "localhost", "127.0.0.2"])
async def test_the_door_answers_to_the_address_that_is_printed(host: str) -> None:
    entrance = Entrance(host=host.strip("[]"), port=7007)
    hosts, _ = allowed_hosts(host, 7007)
    assert entrance.address.removeprefix("http://") in hosts


async def test_who_comes_too_late_finds_a_new_link(capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock()
    sessions = Sessions(clock)
    announce = Announcement(Entrance(host="127.0.0.1", port=7007), sessions, open_=False)
    announce.first()
    announce.renewed()
    assert len(LINK.findall(capsys.readouterr().out)) == 1
    clock.advance(15 * 60)
    for _ in range(3):  # a stranger who keeps guessing does not fill the terminal
        announce.renewed()
    ((_, _, _, link),) = LINK.findall(capsys.readouterr().out)
    assert await sessions.redeem(link.partition("token=")[2]) is not None


async def test_signing_out_is_for_our_own_pages() -> None:
    hosts, origins = allowed_hosts("127.0.0.1", 7007)
    sessions = Sessions(FakeClock())
    door = FrontDoor(DoorPolicy(hosts=hosts, origins=origins, cookie="c"), sessions)
    one, another = [await sessions.redeem(sessions.link_token(Caller.loopback())) for _ in range(2)]
    await door.sign_out("c=nonsense; \0", "127.0.0.1:7007", False)
    await door.sign_out(f"c={one}", "127.0.0.1:7007", False)
    assert one is not None
    assert another is not None
    assert await sessions.caller(one) is None
    assert await sessions.caller(another) is not None


def test_any_port_is_one_that_is_free_at_both_addresses() -> None:
    """With 400 ports taken at the other one, some of 200 would else be among them."""
    with ExitStack() as open_:
        for _ in range(400):
            open_.enter_context(bind("127.0.0.1", 0))
        for _ in range(200):
            listener, alone, held = listen("::1", 0, named=True)
            with listener, held or nullcontext():
                assert alone
