"""A browser on a page, for the tests that need one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

OpenPage = Callable[..., AbstractAsyncContextManager[Page]]


@pytest.fixture
async def open_page(chromium: Path) -> AsyncIterator[OpenPage]:
    """Opens pages of one browser; a page with an error in its console or script fails its test at the end.

    `javascript=False` switches script off, `width` sets the viewport, `scheme` the preferred colours.
    """
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])

        @asynccontextmanager
        async def opened(
            url: str,
            *,
            javascript: bool = True,
            width: int = 1280,
            scheme: str = "light",
            refused: tuple[str, ...] = (),
        ) -> AsyncIterator[Page]:
            context = await browser.new_context(
                java_script_enabled=javascript,
                viewport={"width": width, "height": 900},
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            page = await context.new_page()
            complaints: list[str] = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console",
                lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None,
            )
            await page.goto(url)
            yield page
            await context.close()
            unexpected = [c for c in complaints if not any(r in c for r in refused)]
            if unexpected:
                pytest.fail("the browser complains:\n" + "\n".join(unexpected), pytrace=False)

        yield opened
        await browser.close()
