"""Asked and empty, not asked, could not see, no answer yet, and failed are told apart, in words and in shape."""

import re

import pytest

from callboard.model.outcome import Answer
from callboard.portal.views import KubernetesView
from callboard.web.words import ANSWERS
from support.web_scenes import TROUBLE, StubPortal, awaited, healthy, kubernetes, troubled
from support.web_server import get, serving

KUBERNETES = "/catalog/default/component/dice-roller/kubernetes"


async def page_of(view: KubernetesView) -> str:
    async with serving(StubPortal((view,))) as base:
        answer = await get(base, KUBERNETES)
    assert answer.status == 200
    return answer.text


def test_each_kind_of_answer_has_words_of_its_own() -> None:
    assert set(ANSWERS) == set(Answer)
    assert len(set(ANSWERS.values())) == len(ANSWERS)


async def test_five_kinds_of_unknown_read_differently() -> None:
    page = await page_of(kubernetes(*TROUBLE.clusters, awaited("ca-west-1")))
    assert "Not here: 2 other kinds of object" in page
    assert "<strong>Node</strong>: not looked for" in page
    assert "we are not allowed to see these" in page
    assert "configmaps is forbidden" in page
    assert "Asked; no answer yet" in page
    assert "it did not answer within 15 seconds. What runs there is not known." in page
    assert "connect timeout after 5 s" in page
    assert "status.containerStatuses is not a list" in page
    marks = set(re.findall(r'<section class="cluster[ a-z-]*" id="[^"]*" data-mark="([a-z]+)"', page))
    assert marks == {"healthy", "unhealthy", "failed", "awaited", "nothing"}


async def test_a_healthy_cluster_with_gaps_does_not_look_whole() -> None:
    gaps = healthy("eu-west-1")
    gaps = type(gaps)(
        **{f: getattr(gaps, f) for f in gaps.__struct_fields__} | {"missing": troubled("x").missing}
    )
    page = await page_of(kubernetes(gaps))
    line = re.search(r'<div class="matrix-row" id="line-eu-west-1".*?</div>', page, re.DOTALL)
    assert line is not None
    assert "not all could be seen" in line.group()
    assert "Could not see" in page


@pytest.mark.parametrize("answered", [0, 1])
async def test_the_tally_says_how_many_have_answered(answered: int) -> None:
    parts = [healthy("a"), awaited("b")][1 - answered :]
    page = await page_of(kubernetes(*parts))
    assert f"{answered} of {len(parts)} cluster" in page
    assert "waiting for more" in page


async def test_trouble_comes_first() -> None:
    page = await page_of(kubernetes(*TROUBLE.clusters, awaited("ca-west-1")))
    lines = re.findall(r'<div class="matrix-row" id="line-([^"]+)"', page)
    panels = re.findall(r'<h3 id="[^"]*">([^< ]+)', page)
    assert lines[0] == "eu-west-1"
    assert sorted(lines) == sorted(panels), "every cluster has its line"
    assert panels == ["eu-west-1", "ap-south-1", "ca-west-1", "sa-east-1", "us-east-1", "us-west-2"]
