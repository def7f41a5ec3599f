"""Pictures of the demo for the documents: `make screenshots` writes docs/images/*.png."""

import asyncio
import re
import shutil
import sys
from pathlib import Path

from playwright.async_api import Page, async_playwright

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
SERVICE = "/catalog/default/component/payments/kubernetes"
SIZE = {"width": 1280, "height": 800}


async def main() -> None:
    """Start the demo, look at it, stop it."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is missing: apt-get install chromium")
    IMAGES.mkdir(parents=True, exist_ok=True)
    demo = await asyncio.create_subprocess_exec(
        *("callboard", "demo", "--clusters", "8", "--port", "0"), stdout=asyncio.subprocess.PIPE
    )
    if demo.stdout is None:
        raise AssertionError("the demo was started with a pipe")
    try:
        address = ""
        while not address:
            line = (await demo.stdout.readline()).decode()
            if not line:
                sys.exit("the demo ended before it said where it is")
            found = re.search(r"http://\S+", line)
            address = found.group() if found else ""
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for scheme in ("light", "dark"):
                context = await browser.new_context(
                    viewport={"width": SIZE["width"], "height": SIZE["height"]},
                    color_scheme="dark" if scheme == "dark" else "light",
                )
                await look(await context.new_page(), address, scheme)
                await context.close()
            await browser.close()
    finally:
        if demo.returncode is None:
            demo.terminate()
        await demo.wait()


async def look(page: Page, address: str, scheme: str) -> None:
    """The list after every service was opened once, a service, and the drawer of its first failing pod."""
    await page.goto(address)
    hrefs = await page.locator(".service-name a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    for href in hrefs:
        await page.goto(f"{address}{href}/kubernetes?wait=5")
    await page.goto(address)
    await page.screenshot(path=IMAGES / f"list-{scheme}.png")
    await page.goto(f"{address}{SERVICE}?wait=5")
    await page.screenshot(path=IMAGES / f"service-{scheme}.png")
    await page.locator(".cell").first.click()
    await page.get_by_role("dialog").get_by_role("heading", name="Containers").wait_for()
    await page.screenshot(path=IMAGES / f"drawer-{scheme}.png")


if __name__ == "__main__":
    asyncio.run(main())
