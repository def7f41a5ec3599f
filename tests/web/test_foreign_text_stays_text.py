"""Names, messages and links from clusters and the catalog never become markup or a way out."""

import msgspec
import pytest

from callboard.model.outcome import Answer
from callboard.model.snapshot import Notice
from callboard.model.verdict import ClusterVerdict, Health, Verdict
from callboard.portal.views import EventRow, EventsPart, MissingRow, ObjectKey, Section
from callboard.web.words import safe_url
from support.live import ask
from support.web_scenes import (
    ENTITY,
    HOSTILE,
    NOW,
    StubPortal,
    info,
    kubernetes,
    pod,
    row,
    troubled,
    workload,
)
from support.web_server import get, serving

KUBERNETES = "/catalog/default/component/dice-roller/kubernetes"


def hostile_portal() -> StubPortal:
    """Every text that a cluster can set says HOSTILE."""
    bad = pod(HOSTILE, HOSTILE, Health.UNHEALTHY, HOSTILE, detail=HOSTILE, node=HOSTILE)
    item = workload(HOSTILE, (bad,), Health.UNHEALTHY, HOSTILE)
    item = msgspec.structs.replace(item, rollout=HOSTILE, revision=HOSTILE, images=(HOSTILE,))
    key = ObjectKey(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    part = msgspec.structs.replace(
        troubled("x"),
        cluster=msgspec.structs.replace(info(HOSTILE), title=HOSTILE, labels={HOSTILE: HOSTILE}),
        verdict=ClusterVerdict(cluster=HOSTILE, health=Health.UNHEALTHY, sentence=HOSTILE),
        failure_words=HOSTILE,
        workloads=(item,),
        sections=(Section(HOSTILE, HOSTILE, (row(HOSTILE, HOSTILE, HOSTILE, HOSTILE, summary=HOSTILE, reason=HOSTILE),)),),
        events=EventsPart(
            answer=Answer.OBJECTS,
            rows=(EventRow(key=key, object=HOSTILE, type=HOSTILE, reason=HOSTILE, message=HOSTILE, last_seen=NOW),),
        ),
        missing=(MissingRow(what=HOSTILE, answer=Answer.BROKEN, plain=HOSTILE, words=HOSTILE + "!"),),
        empty=(HOSTILE,),
        malformed=(HOSTILE,),
        notices=(Notice("x", HOSTILE, HOSTILE),),
        asked_as=HOSTILE,
    )  # fmt: skip
    verdict = Verdict(health=Health.UNHEALTHY, sentence=HOSTILE)
    portal = StubPortal((kubernetes(part, verdict=verdict, selector=HOSTILE, namespaces=(HOSTILE,)),))
    meta = msgspec.structs.replace(
        ENTITY.metadata,
        title=HOSTILE,
        description=HOSTILE,
        labels={HOSTILE: HOSTILE},
        annotations={HOSTILE: HOSTILE},
        tags=(HOSTILE,),
    )
    portal.entity = msgspec.structs.replace(
        ENTITY, metadata=meta, spec={"type": HOSTILE, "lifecycle": HOSTILE}
    )
    portal.rows = tuple(
        msgspec.structs.replace(r, title=HOSTILE, description=HOSTILE, tags=(HOSTILE,)) for r in portal.rows
    )
    return portal


@pytest.mark.parametrize("path", ["/catalog", "/catalog/default/component/dice-roller", KUBERNETES, "/live"])
async def test_no_page_lets_markup_through(path: str) -> None:
    async with serving(hostile_portal()) as base:
        answer = await (ask(base) if path == "/live" else get(base, path))
    assert answer.status == 200
    assert "alert(1)" in answer.text, "the hostile text has to be on the page for this to prove anything"
    assert "<script>alert" not in answer.text
    assert "<hx-partial" not in answer.text
    assert "\"'&<" not in answer.text


async def test_only_http_addresses_become_links() -> None:
    async with serving(StubPortal()) as base:
        page = (await get(base, "/catalog/default/component/dice-roller")).text
    assert 'href="https://example.org/runbook"' in page
    assert 'href="javascript:' not in page
    assert "Trap" in page


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "https:evil",
        "vbscript:x",
        "http://",
        "x",
    ],
)
def test_an_address_of_another_scheme_is_refused(url: str) -> None:
    assert safe_url(url) == ""


async def test_a_log_is_shown_as_text() -> None:
    path = KUBERNETES + "/object/eu-west-1/pods/dice/p/log"
    async with serving(StubPortal()) as base:
        page = (await get(base, path)).text
    assert "no dice &lt;b&gt;left&lt;/b&gt;" in page
