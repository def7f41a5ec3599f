"""A page stays open in Chromium through what happens in a long day: it ends right, and nobody reloads it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from callboard.simulator import Fleet
from support.browser import OpenPage, open_page
from support.chaos import calm, mode
from support.faces import Faces, faces, hurry
from support.network import Network

__all__ = ["open_page"]

LONG = 30_000
"""Milliseconds within which a browser comes back: `stream.js` waits up to ten seconds between two attempts."""
LOST = ("Failed to load resource", "ERR_")
"""What Chromium writes to its console about a connection that is lost; nothing else may be there."""


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


@asynccontextmanager
async def read(
    tmp_path: Path, open_page: OpenPage, network: Network | None = None
) -> AsyncIterator[tuple[Fleet, Faces, Page]]:
    """A service's page over two clusters, with its drawer and some details open; at the end, they still are, and the page is
    the same that was opened."""
    known_as = (network.base,) if network else ()
    async with (
        Fleet.start("quiet", clusters=2, speed=0.0) as fleet,
        faces(fleet, tmp_path, known_as=known_as) as world,
    ):
        async with world.page() as ready:
            await ready.until(calm(2), "a page to look at")
        if network:
            network.port = world.port
        address = (network.base if network else world.base) + world.path("dice-roller")
        async with open_page(address, refused=LOST) as page:
            await expect(page.locator(".tally")).to_contain_text("2 of 2 clusters answered · live")
            await page.locator("#asked summary").click()
            await page.locator("details.children-fold > summary").first.click()
            await page.evaluate("globalThis.notReloaded = true")
            await page.locator("h4 a[data-drawer]").first.click()
            await expect(page.locator("#object-title")).to_have_text("dice-roller")
            yield fleet, world, page
            await expect(page.locator("#object-title")).to_be_visible()
            await expect(page.locator("#asked")).to_have_attribute("open", "")
            await expect(page.locator("details.children-fold").first).to_have_attribute("open", "")
            await expect(page.locator("#line-state")).to_be_hidden(timeout=LONG)
            assert await page.evaluate("globalThis.notReloaded")


def card(page: Page, fleet: Fleet) -> Locator:
    """The first cluster's, wherever it stands: cards keep their place while somebody points at them."""
    return page.locator("section.cluster", has=page.get_by_role("heading", name=fleet[0].name))


def scale(fleet: Fleet, number: int, replicas: int) -> None:
    """The deployment has so many pods, all ready."""
    fleet[number].store.patch("deployments", "dice-roller", {"spec": {"replicas": replicas}}, "games")
    fleet.step(10)


async def test_callboard_is_restarted(tmp_path: Path, open_page: OpenPage) -> None:
    async with read(tmp_path, open_page) as (fleet, world, page):
        await world.end()
        await expect(page.locator("#line-state")).to_contain_text(
            "connection to Callboard is lost", timeout=LONG
        )
        scale(fleet, 0, 5)
        await world.begin()
        await expect(card(page, fleet)).to_contain_text("5 of 5 ready", timeout=LONG)
        scale(fleet, 0, 2)
        await expect(card(page, fleet)).to_contain_text("2 of 2 ready", timeout=LONG)


async def test_a_cluster_hangs_and_is_back(tmp_path: Path, open_page: OpenPage) -> None:
    async with read(tmp_path, open_page) as (fleet, _, page):
        panel = card(page, fleet)
        async with mode("hang")(fleet[0]):
            scale(fleet, 0, 5)
            await expect(panel).to_contain_text("Stale since", timeout=LONG)
            await expect(panel).to_contain_text("3 of 3 ready")
        await expect(panel).to_contain_text("5 of 5 ready", timeout=LONG)
        await expect(panel).not_to_contain_text("Stale since", timeout=LONG)


async def test_the_laptop_was_asleep(tmp_path: Path, open_page: OpenPage) -> None:
    """Its lines went dead without a sign; the browser is told only that there is a network again."""
    async with (
        Network.open() as network,
        read(tmp_path, open_page, network) as (fleet, _, page),
    ):
        network.sleep()
        await page.context.set_offline(True)
        scale(fleet, 0, 5)
        fleet.step(600)
        network.wake()
        await page.context.set_offline(False)
        await expect(card(page, fleet)).to_contain_text("5 of 5 ready", timeout=LONG)
