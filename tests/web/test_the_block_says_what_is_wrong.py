"""One block at the top of the page: what is wrong and where, since when, why, and what to do next; the rest in lines."""

import re
from datetime import timedelta

import msgspec
from playwright.async_api import expect

from callboard.model.finding import (
    Consequence,
    Evidence,
    Finding,
    FindingPlace,
    FindingSubject,
    Impact,
    NextKind,
    NextStep,
    PrecedingChange,
    Since,
)
from callboard.model.verdict import Health, Verdict
from callboard.portal.views import KubernetesView
from callboard.web.troubles import MOST, troubles
from support.browser import OpenPage
from support.web_scenes import HOSTILE, NOW, StubPortal, healthy, kubernetes, troubled
from support.web_server import get, serving

PAGE = "/catalog/default/component/dice-roller/kubernetes"
CODE = "CB-CRASH-ERROR"
STEPS = (
    NextStep(kind=NextKind.LOGS, message=f"{CODE}.0", container="roller", previous=True),
    NextStep(kind=NextKind.DIFF, message=f"{CODE}.1"),
)


def place(cluster: str, impact: Impact = Impact.DOWN) -> FindingPlace:
    return FindingPlace(cluster=cluster, impact=impact, count=3, names=("dice-roller-8c4b-kk2",))


def finding(*places: FindingPlace, **changes: object) -> Finding:
    made = Finding(
        code=CODE,
        impact=Impact.DOWN,
        subject=FindingSubject("deployments.apps", "Deployment", "dice", "dice-roller"),
        message="",
        arguments={"why": "exit code 1", "container": "roller"},
        places=places or (place("eu-west-1"),),
        evidence=(Evidence("event", "panic: connection refused", "Pod dice-roller-8c4b-kk2"),),
        since=Since(NOW - timedelta(minutes=43)),
        after=PrecedingChange(what="image", before="1.42", after="1.43"),
        steps=STEPS,
    )
    return msgspec.structs.replace(made, **changes)


def view(*findings: Finding, sentence: str = "Down in eu-west-1: and so on.") -> KubernetesView:
    shown = kubernetes(troubled("eu-west-1"), healthy("us-east-1"))
    verdict = Verdict(health=Health.UNHEALTHY, sentence=sentence, findings=findings)
    return msgspec.structs.replace(shown, verdict=verdict)


async def page_of(*findings: Finding) -> str:
    async with serving(StubPortal((view(*findings),))) as base:
        return (await get(base, PAGE)).text


def block_of(page: str) -> str:
    found = re.search(r'<section class="block".*?</section>', page, re.DOTALL)
    assert found is not None
    return found.group()


async def test_it_says_what_where_since_when_after_what_why_and_what_next() -> None:
    block = block_of(await page_of(finding(place("eu-west-1"), place("us-east-1", Impact.DEGRADED))))
    text = " ".join(re.sub(r"<[^>]*>", " ", block).split())
    assert "Down in eu-west-1" in text
    assert "43 min" in text
    assert "after image 1.42 → 1.43" in text
    assert "also in us-east-1" in text
    assert "Deployment dice-roller : 6 pods keep crashing (exit code 1)" in text
    assert "panic: connection refused" in text
    assert re.search(r"What to do next .*log", text)
    link = re.search(r'<a class="action strong"[^>]*href="([^"]*)"', block)
    assert link is not None
    assert link[1].endswith("/kubernetes?crashes=newest")
    assert "/dice-roller-8c4b-kk2/log?container=roller&amp;previous=1" in block, (
        "the first step leads to the log"
    )


async def test_the_browsers_tab_says_that_it_is_down_and_goes_on_saying_how_it_is(
    open_page: OpenPage,
) -> None:
    portal = StubPortal((view(finding()), view()))
    portal.held = True
    async with serving(portal) as base, open_page(base + PAGE) as page:
        assert await page.title() == "● Dice roller · Kubernetes · Callboard"
        portal.out = 2
        portal.go_on.set()
        await expect(page).to_have_title("Dice roller · Kubernetes · Callboard")


async def test_since_when_is_by_the_readers_clock_from_the_start(open_page: OpenPage) -> None:
    async with serving(StubPortal((view(finding()),))) as base, open_page(base + PAGE) as page:
        told = await page.locator(
            ".block time[data-clock]"
        ).inner_text()  # before anything comes over the stream
    assert re.fullmatch(r"(\w.* )?\d?\d:\d\d\s[AP]M", told)


async def test_a_screen_reader_is_told_the_verdict_once() -> None:
    page = await page_of(finding())
    (tab,) = re.findall(r'<div id="tab".*(?=<p class="line-state)', page, re.DOTALL)
    assert re.findall('<[^>]*(?:role="status"|aria-live)[^>]*>', tab) == [
        '<p class="news" id="news" role="status">'
    ], "it is read with the page, and only what is new is said by itself"
    assert 'id="news" role="status"></p>' in tab


async def test_what_is_only_worth_knowing_has_a_line_and_no_block() -> None:
    page = await page_of(finding(impact=Impact.NOTICE))
    assert 'class="block"' not in page
    assert page.count('class="trouble-line"') == 1
    assert "verdict-sentence" in page


async def test_every_other_finding_is_a_line_that_opens_its_help() -> None:
    risk = finding(code="CB-OOM", impact=Impact.AT_RISK, detail="roller")
    page = await page_of(finding(), risk)
    assert 'class="block"' in page
    (line,) = re.findall(r'<a class="trouble-line".*?</a>', page, re.DOTALL)
    assert 'data-mark="risk"' in line
    assert "At risk" in line
    assert re.search(r'data-drawer href="[^"]*/kubernetes\?help=CB-OOM\.[0-9a-f]{8}"', line)


def test_of_very_many_findings_the_worst_are_shown_and_the_rest_is_counted() -> None:
    many = [finding(detail=str(i)) for i in range(500)]
    shown = troubles(view(*many).verdict, {})
    assert shown.first is not None
    assert len(shown.others) == MOST - 1
    assert shown.more == 500 - MOST
    assert len({t.id for t in (shown.first, *shown.others)}) == MOST


def test_a_finding_of_many_clusters_names_two() -> None:
    shown = troubles(view(finding(*(place(f"c{i}") for i in range(30)))).verdict, {"c0": "Zero"})
    assert shown.first is not None
    assert shown.first.where == "Zero, c1 and 28 more clusters"


async def test_foreign_text_is_text() -> None:
    hostile = finding(
        arguments={"why": HOSTILE, "container": HOSTILE},
        evidence=(Evidence("event", HOSTILE, HOSTILE),),
        after=PrecedingChange(what=HOSTILE, before=HOSTILE, after=HOSTILE),
        consequences=(Consequence("CB-OOM", {"why": HOSTILE}, 2),),
        subject=FindingSubject("deployments.apps", HOSTILE, HOSTILE, HOSTILE),
        places=(place(HOSTILE),),
        steps=(NextStep(kind=NextKind.COMMAND, message=f"{CODE}.0", target=HOSTILE), *STEPS),
        runbook="javascript:alert(1)",
    )
    page = await page_of(hostile, msgspec.structs.replace(hostile, code="CB-OOM"))
    assert HOSTILE not in page
    assert "<script>alert" not in page
    assert "javascript:" not in page.split('id="kubernetes-head"')[1].split('class="matrix"')[0]
