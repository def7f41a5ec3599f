"""The crash logs of a whole service in one dialog, at an address of its own."""

import re
from datetime import timedelta

from callboard.model.cluster import ClusterInfo
from callboard.portal.views import CrashesView, CrashGroup, CrashLog, ObjectKey
from callboard.web.crashes import NEWEST, crash_name, crash_page
from callboard.web.pages.objects import DRAWER_HEADER
from support.crash_scene import PAGE, crash_view, portal_of
from support.web_scenes import HOSTILE, NOW, StubPortal
from support.web_server import get, serving


def crash(n: int, cluster: str = "eu", **changes: object) -> CrashLog:
    made = {
        "key": ObjectKey(cluster, "pods", "dice", f"roller-{n}"),
        "cluster": ClusterInfo(name=cluster),
        "container": "app",
        "ended": NOW - timedelta(minutes=n),
        "how": "exit code 1",
        "lines": ("starting", f"panic: number {n}"),
        "told": 1,
        "certain": True,
        "line": f"panic: number {n}",
    }
    return CrashLog(**{**made, **changes})  # type: ignore[arg-type]


SAME = CrashesView(groups=(CrashGroup(members=(crash(1), crash(2, "us"), crash(3, "ap"))),))
DIFFERENT = CrashesView(
    groups=(
        CrashGroup(members=(crash(1), crash(2))),
        CrashGroup(members=(crash(3),)),
        CrashGroup(members=(crash(4, lines=(), failure="You may not."),), unread=True),
    ),
    older=7,
    unheard=(ClusterInfo(name="far", title="Far away"),),
)


def of(view: CrashesView) -> StubPortal:
    portal = portal_of(crash_view())
    portal.crashed = view
    return portal


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_it_says_whether_it_is_the_same_error() -> None:
    assert crash_page(SAME, NEWEST).sentence == "The same error in 3 clusters, 3 containers"
    told = "2 different errors in 1 cluster, 3 containers; 1 more could not be read"
    assert crash_page(DIFFERENT, NEWEST).sentence == told
    alone = CrashesView(groups=(CrashGroup(members=(crash(1),)),))
    assert crash_page(alone, NEWEST).sentence == "1 container crashed"
    quiet = CrashesView(groups=(CrashGroup(members=(crash(1, certain=False), crash(2, certain=False))),))
    assert crash_page(quiet, NEWEST).sentence == "The same end in 1 cluster, 2 containers"
    unread = CrashesView(groups=DIFFERENT.groups[2:])
    assert crash_page(unread, NEWEST).sentence == "1 container crashed; the logs could not be read"
    assert crash_page(CrashesView(), NEWEST).sentence == "Nothing of this service has crashed."


def test_one_goes_from_each_to_the_next_over_all_groups() -> None:
    name, seen = NEWEST, []
    while name:
        page = crash_page(DIFFERENT, name)
        assert page.crash is not None
        seen.append(page.crash.key.name)
        assert page.before == (crash_name(crash(len(seen) - 1)) if len(seen) > 1 else "")
        name = page.after
    assert seen == ["roller-1", "roller-2", "roller-3", "roller-4"]


async def test_the_block_leads_to_it_and_it_shows_one_log_and_all_groups() -> None:
    async with serving(of(DIFFERENT)) as base:
        (link,) = re.findall(r'href="([^"]*\?crashes=[^"]*)"', (await get(base, PAGE)).text)
        shown = (await get(base, link, {DRAWER_HEADER: "1"})).text
        after = re.findall(r'rel="next" href="([^"]*)"', shown)
        second = text_of((await get(base, after[0], {DRAWER_HEADER: "1"})).text)
    assert "<html" not in shown
    assert '<strong class="told certain" data-first>panic: number 1</strong>' in shown
    assert 'rel="prev"' not in shown, "nothing comes before the first"
    text = text_of(shown)
    assert "2 panic: number 1" in text
    assert "1 panic: number 3" in text
    assert "The log could not be read" in text
    assert "Not known of Far away" in text
    assert "2 of 4" in second
    assert "roller-2 in eu" in second


async def test_more_are_read_on_demand_and_never_without_end() -> None:
    portal = of(DIFFERENT)
    async with serving(portal) as base:
        page = (await get(base, f"{PAGE}?crashes=newest")).text
        (more,) = re.findall(r'href="([^"]*read=40[^"]*)"', page)
        assert "Read 7 more" in page
        again = (await get(base, more.replace("&amp;", "&"))).text
        assert "read=60" in again
        assert "read=40" in again, "flicking keeps what is read"
        assert (await get(base, f"{PAGE}?crashes=newest&read=100000")).status == 400
        last = (await get(base, f"{PAGE}?crashes=newest&read=200")).text
        assert re.findall(r"Read \d+ more", last) == []
    assert portal.most_crashes == [20, 40, 200]


async def test_it_is_a_page_for_a_colleague_also_when_that_crash_is_gone() -> None:
    async with serving(of(SAME)) as base:
        whole = (await get(base, f"{PAGE}?crashes={crash_name(crash(3, 'ap'))}")).text
        gone = text_of((await get(base, f"{PAGE}?crashes=0123456789ab")).text)
        assert (await get(base, f"{PAGE}?crashes={'x' * 5000}")).status == 400
    assert "<html" in whole
    assert "panic: number 3" in whole
    assert "not there any more" not in whole
    assert "not there any more" in gone


async def test_nothing_crashed_is_a_calm_line() -> None:
    async with serving(of(CrashesView())) as base:
        text = text_of((await get(base, f"{PAGE}?crashes=newest")).text)
    assert "Nothing of this service has crashed." in text


async def test_what_a_crash_says_is_text() -> None:
    hostile = crash(
        1, HOSTILE, key=ObjectKey(HOSTILE, "pods", HOSTILE, HOSTILE), container=HOSTILE, line=HOSTILE,
        lines=(HOSTILE,), told=0, how=HOSTILE, failure=HOSTILE, failure_words=HOSTILE,
    )  # fmt: skip
    view = CrashesView(groups=(CrashGroup(members=(hostile,)),), unheard=(ClusterInfo(name=HOSTILE),))
    async with serving(of(view)) as base:
        page = (await get(base, f"{PAGE}?crashes=newest")).text
    assert "<script>alert" not in page
