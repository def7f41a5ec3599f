"""The stream gives each view once, the newest first, ends when it is settled, and stops the asking when nobody listens."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.errors import Unavailable
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.portal.views import KubernetesView
from callboard.web.application import WebOptions
from callboard.web.live.stream import message
from support.live import KUBERNETES, ask, watching
from support.web_scenes import StubPortal, awaited, failed, healthy, kubernetes
from support.web_server import get, serving

PAGE = "/catalog/default/component/dice-roller/kubernetes"
FIRST = kubernetes(awaited("a"), awaited("b"))
SECOND = kubernetes(healthy("a"), awaited("b"))
LAST = kubernetes(healthy("a"), failed("b"))


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for it to be true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a count on a stub
            await asyncio.sleep(0.01)


async def test_views_arrive_in_order_and_then_the_end() -> None:
    portal = StubPortal((FIRST, SECOND, LAST))
    portal.held = True
    told = []
    async with serving(portal) as base, watching(base) as reader:
        assert reader.response.headers["Content-Type"].startswith("text/event-stream")
        for out in (2, 3, 4):
            told.append((await reader.next()).html)
            portal.out = out  # the next view comes when this one has
            portal.go_on.set()
            asyncio.get_running_loop().call_soon(portal.go_on.clear)
        await reader.next("end")
    for words, html in zip(("0 of 2 clusters", "1 of 2 clusters", "1 could not be asked"), told, strict=True):
        assert words in html
    await until(lambda: portal.closed == 1)


async def test_changes_that_fall_together_are_sent_together() -> None:
    portal = StubPortal((FIRST, *(SECOND for _ in range(200)), LAST), gap=0.0)
    async with serving(portal) as base:
        answer = await ask(base)
    assert answer.text.count("event: update") <= 3
    assert "1 of 2 clusters answered, 1 could not be asked" in answer.text


async def test_leaving_closes_the_asking() -> None:
    portal = StubPortal((FIRST, LAST))
    portal.held = True
    async with serving(portal) as base:
        async with watching(base) as stream:
            await stream.next()
            assert portal.closed == 0
        await until(lambda: portal.closed == 1)


async def test_draining_ends_an_open_stream() -> None:
    portal = StubPortal((FIRST, LAST))
    portal.held = True
    options = WebOptions()
    async with serving(portal, options) as base, watching(base) as stream:
        await stream.next()
        options.draining.set()
        rest = await asyncio.wait_for(stream.response.content.read(), 5)
    assert b"event: end" not in rest, "the browser has to come back"
    assert portal.closed == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Unavailable("the catalog is away"), "the catalog is away"),
        (RuntimeError("eyJ"), "Callboard itself failed"),
    ],
)
async def test_a_broken_asking_is_told_on_the_stream(error: Exception, words: str) -> None:
    class Breaking(StubPortal):
        async def kubernetes(self, ref: EntityRef, caller: Caller) -> AsyncGenerator[KubernetesView, None]:
            yield FIRST
            raise error

    async with serving(Breaking()) as base:
        answer = await ask(base)
    assert "event: refused" in answer.text
    assert words in answer.text
    assert "eyJ" not in answer.text


async def test_a_settled_page_opens_no_stream() -> None:
    async with serving(StubPortal((LAST,))) as base:
        page = (await get(base, PAGE)).text
    assert "data-topic" not in page
    assert 'http-equiv="refresh"' not in page


async def test_without_script_the_page_reloads_itself_and_waits() -> None:
    async with serving(StubPortal((FIRST, LAST))) as base:
        page = (await get(base, PAGE)).text
        reload = page.partition("<noscript>")[2].partition("url=")[2].partition('"')[0]
        waited = (await get(base, reload)).text
    assert reload.endswith("?wait=10")
    assert "1 of 2 clusters answered, 1 could not be asked" in waited
    assert 'http-equiv="refresh"' not in waited
    assert KUBERNETES in page


@given(st.text())
def test_no_text_ends_a_message_early(text: str) -> None:
    lines = message("update", {"html": text}).decode().split("\n")
    assert lines[0] == "event: update"
    assert lines[1].startswith("data: ")
    assert lines[2:] == ["", ""]
    assert "\r" not in "".join(lines)
