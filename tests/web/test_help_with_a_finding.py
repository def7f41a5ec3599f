"""Each finding has help, at an address of its own: what it means, what to do, and the very thing a helper looks at."""

import re
from datetime import timedelta
from typing import Any

import msgspec

from callboard.model.outcome import Answer
from callboard.model.verdict import Verdict
from callboard.portal.views import EventRow, EventsPart, Exhibit, ExhibitRow
from callboard.web.pages.objects import DRAWER_HEADER
from callboard.web.troubles import finding_named, help_name
from support.crash_scene import PAGE, POD, crash_view, portal_of
from support.web_scenes import HOSTILE, NOW, StubPortal
from support.web_server import get, serving

LINES = ("starting", "panic: no dice", "goroutine 1 [running]:", "\t/app/main.go:3")
CRASH: dict[str, Any] = {
    "lines": LINES,
    "told": 1,
    "certain": True,
    "first": 1,
    "last": 3,
    "how": "exit code 2",
    "restarts": 4,
}


def helpful(**changes: object) -> StubPortal:
    portal = portal_of(crash_view(), **CRASH)
    event = EventRow(
        key=None, object=f"Pod {POD}", type="Warning", reason="BackOff", message="Back-off restarting",
        occurrences=31, last_seen=NOW, first_seen=NOW - timedelta(hours=1),
    )  # fmt: skip
    rows = (ExhibitRow(label="It may use at most", value="1 GiB", wrong=True),)
    portal.helping = msgspec.structs.replace(
        portal.helping,
        exhibits=(Exhibit(title="Memory", rows=rows),),
        events=EventsPart(answer=Answer.OBJECTS, rows=(event,)),
        **changes,
    )
    return portal


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


async def test_it_says_what_it_means_what_to_do_and_shows_what_a_helper_would_look_at() -> None:
    async with serving(helpful()) as base:
        page = (await get(base, PAGE)).text
        links = re.findall(r'data-drawer href="([^"]*\?help=[^"]*)"', page)
        assert len(links) == 1, "the block leads to its help"
        dialog = (await get(base, links[0], {DRAWER_HEADER: "1"})).text
    text = text_of(dialog)
    assert "<html" not in dialog
    assert "The application keeps crashing" in text
    assert "The program in container roller ends with an error each time it is started." in text
    assert "Read the last lines of the container" in text
    assert f"{POD} in eu-west-1" in text
    assert "exit code 2" in text
    assert '<strong class="told certain" data-first>panic: no dice</strong>' in dialog
    assert dialog.count("<mark>") == 2, "the rest of the exception is marked, and no other line"
    assert "It may use at most Look here: 1 GiB" in text
    assert "31 times" in text
    assert 'href="https://example.org/runbook"' in dialog
    assert "kubernetes.io/docs" in dialog


async def test_its_address_is_a_page_for_a_colleague() -> None:
    async with serving(helpful()) as base:
        whole = (await get(base, f"{PAGE}?help=CB-CRASH-ERROR")).text
    assert "<html" in whole
    assert "Back to Kubernetes" in whole
    assert "The application keeps crashing" in whole


async def test_what_is_over_is_told() -> None:
    async with serving(helpful()) as base:
        answer = await get(base, f"{PAGE}?help=CB-OOM")
        assert answer.status == 404
        assert "not the matter any more" in answer.text
        assert (await get(base, f"{PAGE}?help={'x' * 5000}")).status == 400
        assert (await get(base, f"{PAGE}?help=")).status == 200, "an empty one is none"


async def test_a_pod_that_is_gone_leaves_the_rest_of_the_help() -> None:
    async with serving(helpful(gone="It was replaced or removed.")) as base:
        text = text_of((await get(base, f"{PAGE}?help=CB-CRASH-ERROR")).text)
    assert "It was replaced or removed." in text
    assert "What it means" in text


async def test_foreign_text_is_text() -> None:
    row = ExhibitRow(label=HOSTILE, value=HOSTILE, remark=HOSTILE)
    portal = portal_of(
        crash_view(pod=HOSTILE), lines=(HOSTILE,), told=0, failure=HOSTILE, failure_words=HOSTILE, how=HOSTILE
    )
    portal.helping = msgspec.structs.replace(
        portal.helping, exhibits=(Exhibit(title=HOSTILE, rows=(row,)),), kind=HOSTILE, gone=HOSTILE
    )
    async with serving(portal) as base:
        page = (await get(base, f"{PAGE}?help=CB-CRASH-ERROR")).text
    assert "<script>alert" not in page


def test_a_name_is_one_findings_own_and_a_code_alone_is_the_worst_ones() -> None:
    one = crash_view().verdict.findings[0]
    other = msgspec.structs.replace(one, detail="other")
    both = Verdict(health=crash_view().verdict.health, sentence="", findings=(one, other))
    assert help_name(one) != help_name(other)
    assert finding_named(both, help_name(other)) is other
    assert finding_named(both, one.code) is one
    assert finding_named(both, "CB-NOTHING") is None
