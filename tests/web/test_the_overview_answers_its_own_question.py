"""The Overview tab says how the service is and where it runs, and every line of it leads on."""

import re

from callboard.portal.views import KubernetesView
from support.live_portal import NAMES, LivePortal
from support.web_scenes import TROUBLE, StubPortal, awaited, healthy, kubernetes
from support.web_server import get, serving

OVERVIEW = "/catalog/default/component/dice-roller"


async def card_of(portal: StubPortal) -> str:
    """The card, its white space squeezed."""
    async with serving(portal) as base:
        page = (await get(base, OVERVIEW)).text
    found = re.search(r'<section class="card" id="card-kubernetes".*?</section>', page, re.DOTALL)
    assert found is not None
    return " ".join(found[0].split())


async def test_the_verdict_and_every_cluster_stand_on_it_with_links() -> None:
    card = await card_of(StubPortal((TROUBLE,)))
    assert TROUBLE.verdict.sentence in card
    for part in TROUBLE.clusters:
        name = part.cluster.name
        assert f'href="{OVERVIEW}/kubernetes#cluster-{name}">{name}</a>' in card
    words = [word.strip() for word in re.findall(r'</a> <span class="faint">([^<]*)</span>', card)]
    assert sorted(words) == ["could not be asked", "healthy", "healthy", "nothing runs", "unhealthy"]
    assert "not everything has answered yet" not in card


async def test_what_has_not_answered_is_said() -> None:
    view: KubernetesView = kubernetes(healthy("eu-1"), awaited("eu-2"))
    card = await card_of(StubPortal((view,)))
    assert "no answer yet" in card
    assert "not everything has answered yet" in card


async def test_many_clusters_are_cut_short_with_a_way_to_the_rest() -> None:
    many = LivePortal(*(healthy(f"{name}-{i}") for name in NAMES for i in range(2)))
    card = await card_of(many)
    assert card.count("#cluster-") == 12
    assert f'<a href="{OVERVIEW}/kubernetes">and 12 more</a>' in card
