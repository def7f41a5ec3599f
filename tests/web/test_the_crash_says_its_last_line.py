"""The block shows the last line of the crash itself. The page does not wait for it: it comes when it is there."""

import re

import msgspec

from callboard.base.errors import NotAllowed
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.portal.views import CrashLog, ObjectKey
from support.crash_scene import PAGE, POD, crash_view, portal_of
from support.live import have_of, watching
from support.web_scenes import HOSTILE, StubPortal
from support.web_server import get, serving


def box(html: str) -> str:
    found = re.search(r'<p class="last-words.*?</p>', html, re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", found.group()).split()) if found else ""


async def test_the_page_comes_before_the_line_and_the_line_comes_after() -> None:
    portal = portal_of(crash_view())
    portal.crash_comes.clear()
    async with serving(portal) as base:
        page = (await get(base, PAGE)).text
        assert "its log is being read" in box(page)
        async with watching(base, have={"1": have_of(page)}) as reader:
            portal.crash_comes.set()
            update = await reader.next()
            assert box(update.html) == f"What it said before it ended · {POD} · roller panic: no dice"
            assert update.ids == {"kubernetes-head"}, "nothing else is sent for it"
            await reader.next("end")
    assert portal.crashes_read == [(ObjectKey("eu-west-1", "pods", "dice", POD), "roller", True)]


async def test_without_script_the_page_that_waits_has_the_line() -> None:
    async with serving(portal_of(crash_view())) as base:
        first = (await get(base, PAGE)).text
        assert "?wait=10" in first, "it reloads itself"
        assert "panic: no dice" in box((await get(base, f"{PAGE}?wait=10")).text)


async def test_a_page_that_stays_open_reads_it_once_for_each_crash() -> None:
    portal = portal_of(crash_view(), crash_view(complete=False), crash_view(13), crash_view(14))
    portal.held = True
    async with serving(portal) as base, watching(base) as reader:
        await reader.until("panic: no dice")
        for out in (2, 3, 4):
            portal.out = out
            portal.go_on.set()
        portal.held = False
        await reader.next("end")
    assert 2 <= len(portal.crashes_read) <= 3, "a view of the same crash reads nothing"


async def test_after_the_next_crash_the_line_before_stands_until_the_new_one_is_there() -> None:
    portal = portal_of(crash_view(), crash_view(13))
    portal.held = True
    async with serving(portal) as base, watching(base) as reader:
        await reader.until("panic: no dice")
        portal.crash_log = msgspec.structs.replace(portal.crash_log, line="panic: no table")
        portal.out = 2
        portal.go_on.set()
        while "panic: no table" not in (update := await reader.next()).html:
            assert "is being read" not in update.html


async def test_why_there_is_no_line_stands_in_its_place() -> None:
    class Refusing(StubPortal):
        async def crash(
            self, ref: EntityRef, key: ObjectKey, container: str, caller: Caller, *, previous: bool = True
        ) -> CrashLog:
            raise NotAllowed("You may not read logs here.")

    async with serving(Refusing((crash_view(),))) as base:
        assert "You may not read logs here." in box((await get(base, f"{PAGE}?wait=1")).text)
    silent = portal_of(
        crash_view(), line="", failure="It could not be read.", failure_words="the kubelet is away"
    )
    async with serving(silent) as base:
        assert "the kubelet is away" in box((await get(base, f"{PAGE}?wait=1")).text)
    async with serving(portal_of(crash_view(), line="")) as base:
        assert "its log is empty" in box((await get(base, f"{PAGE}?wait=1")).text)


async def test_a_line_is_text() -> None:
    async with serving(portal_of(crash_view(pod=HOSTILE), line=HOSTILE * 3)) as base:
        page = (await get(base, f"{PAGE}?wait=1")).text
    assert "<script>alert" not in page


async def test_where_nothing_crashed_no_log_is_read() -> None:
    portal = StubPortal()
    async with serving(portal) as base:
        await get(base, f"{PAGE}?wait=1")
    assert portal.crashes_read == []
