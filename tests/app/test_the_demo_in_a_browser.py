"""What a stranger does in the first minutes, in real Chromium, against `callboard demo` as its own process."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import expect

from support.browser import OpenPage, open_page

__all__ = ["open_page"]

WHY = re.compile("panic|Exception|FATAL|fatal|refused")
"""What a crash log has in it."""


@asynccontextmanager
async def demo() -> AsyncIterator[str]:
    """The address the demo prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from callboard.app.main import main; main()"),
        *("demo", "--clusters", "3", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            while line := (await process.stdout.readline()).decode():
                if found := re.search(r"http://\S+", line):
                    yield found.group()
                    break
            else:
                raise AssertionError("the demo ended without an address")
    finally:
        if process.returncode is None:
            process.terminate()
        _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()


async def test_find_a_service_see_what_broke_and_read_why(open_page: OpenPage) -> None:
    async with demo() as address, open_page(address) as page:
        await expect(page.get_by_role("heading", name="Services")).to_be_visible()
        await page.get_by_role("searchbox").fill("paym")
        await expect(page.get_by_role("link", name="Dice roller")).to_have_count(0)
        assert "q=paym" in page.url, "the state is in the address"
        await page.locator("a[href$='/component/payments']").first.click()

        await page.get_by_role("link", name="Kubernetes", exact=True).click()
        await expect(page.get_by_text("Down in ap-south-1-prod").first).to_be_visible(timeout=15_000)
        await expect(page.get_by_text("3 of 3 clusters answered").first).to_be_visible(timeout=15_000)

        await page.locator("a[data-drawer][href*='/pods/']:not([href*='/log'])").first.click()
        drawer = page.get_by_role("dialog")
        await expect(drawer.get_by_text("CrashLoopBackOff").first).to_be_visible()
        assert "/object/" in page.url, "a drawer is an address"
        await drawer.get_by_role("link", name="Log before the last restart").first.click()
        await expect(drawer.locator("li, [role=option]").filter(has_text=WHY).first).to_be_visible()

        await page.keyboard.press("Escape")
        await expect(drawer).to_be_hidden()
        await expect(page).to_have_url(re.compile("/component/payments/kubernetes$"))


async def test_the_same_is_read_without_javascript(open_page: OpenPage) -> None:
    async with demo() as address, open_page(f"{address}/catalog?q=payments", javascript=False) as page:
        await page.locator("a[href$='/component/payments']").first.click()
        await page.get_by_role("link", name="Kubernetes", exact=True).click()
        await expect(page.get_by_text("Down in ap-south-1-prod").first).to_be_visible(timeout=15_000)
        await page.locator("a[href*='/pods/']:not([href*='/log'])").first.click()
        await expect(page.get_by_text("CrashLoopBackOff").first).to_be_visible()
        await page.get_by_role("link", name="Log before the last restart").first.click()
        await expect(page.get_by_role("listitem").filter(has_text=WHY).first).to_be_visible()


async def test_a_taken_port_is_said_and_nothing_is_left_running() -> None:
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with taken:
        port = taken.sockets[0].getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from callboard.app.main import main; main()"),
            *("demo", "--clusters", "1", "--port", str(port)),
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await process.communicate()
    assert process.returncode == 3
    assert f"cannot listen on 127.0.0.1:{port}" in errors.decode()
    assert "Traceback" not in errors.decode()
