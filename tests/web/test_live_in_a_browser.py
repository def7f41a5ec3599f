"""Live pages in Chromium: many tabs on one stream, what a reader holds, sleep, blocked streams, an ended session."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from playwright.async_api import expect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callboard.base.errors import NotFound
from callboard.extend.pages import CardContext, Tab
from callboard.model.caller import Caller
from callboard.model.entity import Entity, EntityRef
from callboard.portal.views import ServiceView
from callboard.web.application import WebOptions, create_web
from callboard.web.live.stream import Pace
from support.browser import OpenPage
from support.live_portal import LivePortal
from support.web_scenes import ENTITY, StubPortal, healthy, troubled
from support.web_server import door, listening, operations

PAGE = "/catalog/default/component/dice-roller/kubernetes"


class Way:
    """What lies between the browser and the site: counts streams, cuts them, or holds them back as some proxies do."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.open = 0
        self.opened = 0
        self.most = 0
        self.holds_back = False
        self.down = False
        self.cut = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/live":
            await self.app(scope, receive, send)
            return
        if self.down:
            await send({"type": "http.response.start", "status": 502, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        self.open, self.opened = self.open + 1, self.opened + 1
        self.most = max(self.most, self.open)
        kept: list[Message] = []

        async def through(message: Message) -> None:
            if not self.holds_back:
                await send(message)
                return
            kept.append(message)
            if not message.get("more_body", True):
                for each in kept:
                    await send(each)

        async def answered() -> None:
            await self.app(scope, receive, through)

        serving = asyncio.create_task(answered())
        cutting = asyncio.create_task(self.cut.wait())
        try:
            await asyncio.wait((serving, cutting), return_when=asyncio.FIRST_COMPLETED)
            if not serving.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self.open -= 1
            for task in (serving, cutting):
                task.cancel()
            await asyncio.gather(serving, cutting, return_exceptions=True)

    def cut_all(self) -> None:
        """End every open stream in the middle."""
        self.cut.set()
        self.cut = asyncio.Event()


@asynccontextmanager
async def through_a_way(portal: StubPortal, pace: Pace | None = None) -> AsyncIterator[tuple[str, Way]]:
    """A served portal, and what lies before it."""
    ways: list[Way] = []

    def make(port: int) -> ASGIApp:
        guard, _ = door(port)
        options = WebOptions(pace=pace or Pace())
        ways.append(Way(create_web(portal, guard, operations(guard), options)))
        return ways[0]

    async with listening(make) as base:
        yield base, ways[0]


class Services(LivePortal):
    """Many services, each with the same clusters."""

    async def service(self, ref: EntityRef, caller: Caller) -> ServiceView:
        if not ref.name.startswith("dice-"):
            raise NotFound("no such service")
        meta = msgspec.structs.replace(ENTITY.metadata, name=ref.name, title=ref.name)
        return ServiceView(entity=msgspec.structs.replace(ENTITY, metadata=meta))


@pytest.mark.browser
async def test_eight_tabs_on_different_services_are_live_over_one_connection(open_page: OpenPage) -> None:
    portal = Services(healthy("eu-1"), healthy("eu-2"))
    async with (
        through_a_way(portal) as (base, way),
        open_page(f"{base}{PAGE}".replace("roller", "0")) as first,
    ):
        pages = [first]
        for i in range(1, 8):
            pages.append(await first.context.new_page())
            await pages[-1].goto(f"{base}{PAGE}".replace("roller", str(i)))
        for i, page in enumerate(pages):
            await expect(page.locator("h1")).to_have_text(f"dice-{i}")
            await expect(page.locator(".verdict-sentence")).to_contain_text("Healthy in all 2")
        await until(lambda: way.open == 1 and portal.watching == 8)
        await portal.change(troubled("eu-2"))
        for page in pages:
            await expect(page.locator(".verdict-sentence")).to_contain_text("keeps crashing")
        assert way.open == 1, "one stream for eight tabs"
        for page in pages[1:]:
            await page.close()
        await until(lambda: way.open == 1 and portal.watching == 1)
        await portal.change(healthy("eu-2"))
        await expect(first.locator(".verdict-sentence")).to_contain_text("Healthy in all 2")


@pytest.mark.browser
async def test_without_a_shared_worker_a_tab_has_its_own_stream(open_page: OpenPage) -> None:
    portal = LivePortal(healthy("eu-1"))
    async with through_a_way(portal) as (base, way), open_page(base + "/catalog") as page:
        await page.add_init_script("delete globalThis.SharedWorker")
        await page.goto(base + PAGE)
        await until(lambda: way.open == 1)
        await portal.change(troubled("eu-1"))
        await expect(page.locator(".verdict-sentence")).to_contain_text("keeps crashing")


class Typed(msgspec.Struct):
    words: str
    settled: bool = False


class WithForm(LivePortal):
    """A tab of an extension with a field in it."""

    def tabs(self) -> tuple[Tab, ...]:
        async def view(context: CardContext) -> Typed:
            return Typed("first words")

        async def live(context: CardContext) -> AsyncIterator[object]:
            yield Typed("first words")
            async with self.changed:
                await self.changed.wait()
            yield Typed("other words")
            await asyncio.Event().wait()

        def always(entity: Entity) -> bool:
            return True

        form = Tab(
            key="form",
            title="Form",
            template="support:templates/form.html",
            view=view,
            applies=always,
            live=live,
        )
        return (*super().tabs(), form)


@pytest.mark.browser
async def test_typed_text_survives_an_update(open_page: OpenPage) -> None:
    portal = WithForm(healthy("eu-1"))
    async with (
        through_a_way(portal) as (base, way),
        open_page(base + PAGE.replace("kubernetes", "form")) as page,
    ):
        await until(lambda: way.open == 1)
        await page.locator("#note").press_sequentially("half a tho")
        await page.evaluate("document.getElementById('note').setSelectionRange(2, 5)")
        await asyncio.sleep(0)
        await portal.change(healthy("eu-1"))
        await expect(page.locator("#said")).to_have_text("other words")
        await expect(page.locator("#note")).to_have_value("half a tho")
        await expect(page.locator("#note")).to_be_focused()
        assert await page.evaluate("document.getElementById('note').selectionEnd") == 5
        await page.keyboard.type("X")
        await expect(page.locator("#note")).to_have_value("haXa tho")


@pytest.mark.browser
async def test_what_a_reader_holds_survives_updates_of_its_own_cluster(open_page: OpenPage) -> None:
    portal = LivePortal(*(healthy(f"eu-{i}", 8) for i in range(6)))
    async with through_a_way(portal) as (base, way), open_page(base + PAGE) as page:
        await until(lambda: way.open == 1)
        panel = page.locator(".cluster", has=page.get_by_role("heading", name=re.compile("^eu-4 ")))
        await panel.locator("details.inside > summary").click()
        await panel.locator("details.pods-fold > summary").click()
        await panel.locator("details.section > summary").first.click()
        await panel.locator("a.tile").nth(2).focus()
        await page.evaluate(
            """() => {
                const cells = [...document.querySelectorAll("details[open] td")].filter(cell => cell.checkVisibility());
                const range = document.createRange();
                range.selectNodeContents(cells[0]);
                getSelection().removeAllRanges();
                getSelection().addRange(range);
            }"""
        )
        selected = await page.evaluate("getSelection().toString()")
        assert selected.startswith("dice-roller")
        await page.evaluate("scrollBy(0, 120)")
        top = await page.evaluate("document.activeElement.getBoundingClientRect().top")
        await portal.change(healthy("eu-4", 9))
        await portal.change(troubled("eu-0"))
        await expect(panel.locator("details.inside > summary")).to_contain_text("9 pods")
        await expect(page.locator(".verdict-sentence")).to_contain_text("keeps crashing")
        for fold in ("inside", "pods-fold"):
            await expect(panel.locator(f"details.{fold}")).to_have_attribute("open", "")
        await expect(panel.locator("details.section").first).to_have_attribute("open", "")
        await expect(panel.locator("a.tile").nth(2)).to_be_focused()
        assert await page.evaluate("getSelection().toString()") == selected
        assert abs(await page.evaluate("document.activeElement.getBoundingClientRect().top") - top) < 5
        names = [text.split()[0] for text in await page.locator(".cluster h3").all_inner_texts()]
        assert names == sorted(names), "nothing jumps while someone reads"


@pytest.mark.browser
async def test_a_table_of_many_pods_comes_when_it_is_unfolded_and_stays_current(open_page: OpenPage) -> None:
    portal = LivePortal(*(healthy(f"eu-{i}", 60) for i in range(4)))
    async with through_a_way(portal) as (base, way), open_page(base + PAGE) as page:
        await until(lambda: way.open == 1)
        await expect(page.locator("table")).to_have_count(0)
        panel = page.locator(".cluster", has=page.get_by_role("heading", name=re.compile("^eu-2 ")))
        await panel.locator("details.inside > summary").click()
        await panel.locator("details.pods-fold > summary").click()
        await expect(panel.locator("tbody tr")).to_have_count(60)
        await expect(page.locator("table")).to_have_count(1)
        await portal.change(healthy("eu-2", 61))
        await expect(panel.locator("tbody tr")).to_have_count(61)
        await expect(panel.locator("details.pods-fold")).to_have_attribute("open", "")
        async with page.expect_navigation():
            await page.goto(base + PAGE + "?tables=1")
        await expect(page.locator("table")).to_have_count(4)


@pytest.mark.browser
async def test_a_cut_stream_heals_and_brings_only_what_was_missed(open_page: OpenPage) -> None:
    portal = LivePortal(healthy("eu-1"), healthy("eu-2"))
    async with through_a_way(portal) as (base, way), open_page(base + PAGE) as page:
        await until(lambda: way.open == 1)
        way.down = True
        way.cut_all()
        await until(lambda: way.open == 0)
        await portal.change(troubled("eu-2"))
        await expect(page.locator("#line-state")).to_contain_text("is lost", timeout=15_000)
        await expect(page.locator(".verdict-sentence")).to_contain_text("Healthy in all 2")
        way.down = False
        await page.evaluate("dispatchEvent(new Event('online'))")  # the machine is back
        await expect(page.locator(".verdict-sentence")).to_contain_text("keeps crashing")
        await expect(page.locator("#line-state")).to_be_hidden()


@pytest.mark.browser
async def test_where_streams_are_held_back_the_page_renews_itself_and_says_so(open_page: OpenPage) -> None:
    portal = LivePortal(healthy("eu-1"), healthy("eu-2"))
    async with through_a_way(portal) as (base, way):
        way.holds_back = True
        async with open_page(base + PAGE) as page:
            await expect(page.locator("#line-state")).to_contain_text("renews itself", timeout=15_000)
            assert await page.locator("details.asked").count() == 1
            await portal.change(troubled("eu-2"))
            await expect(page.locator(".verdict-sentence")).to_contain_text("keeps crashing", timeout=20_000)


@pytest.mark.browser
async def test_a_page_says_when_its_session_has_ended(open_page: OpenPage) -> None:
    portal = LivePortal(healthy("eu-1"))
    async with (
        through_a_way(portal, Pace(heartbeat=0.2)) as (base, way),
        open_page(base + PAGE, refused=("401",)) as page,
    ):
        await until(lambda: way.open == 1)
        await expect(page.locator("#line-state")).to_be_hidden()
        inner = way.app
        assert hasattr(inner, "_door")
        inner._door, _ = door(int(base.rpartition(":")[2]), open_to_all=False)
        way.cut_all()
        await expect(page.locator("#line-state")).to_contain_text("signed out", timeout=10_000)
        await until(lambda: way.open == 0)


async def until(condition: object, seconds: float = 15.0) -> None:
    """Wait for a callable to be true."""
    assert callable(condition)
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - counts of a stand-in
            await asyncio.sleep(0.02)
