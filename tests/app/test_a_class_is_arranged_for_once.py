"""Over a simulated fleet: however many callers and pages of one visibility class look, a cluster is arranged once."""

from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest

from callboard.model.caller import Caller, CallerKind
from callboard.model.entity import EntityRef
from callboard.portal.views import KubernetesView
from callboard.simulator import Fleet
from support.portal import application

DICE = EntityRef.parse("component:default/dice-roller")
PEOPLE = [Caller(kind=CallerKind.PERSON, subject=f"user:default/p{n}") for n in range(10)]


async def test_ten_people_who_listen_have_the_very_same_parts(tmp_path: Path) -> None:
    hub = {"parts": {"objectsProvider": "hub"}}
    async with (
        Fleet.start(clusters=2) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=hub) as app,
        AsyncExitStack() as stack,
    ):
        first = await app.portal.kubernetes_settled(DICE, PEOPLE[0], within=10)
        made = app.sights.arranged
        newest: list[KubernetesView] = []
        for person in PEOPLE:
            views = await stack.enter_async_context(aclosing(app.portal.kubernetes(DICE, person)))
            async for view in views:
                if view.settled:
                    newest.append(view)
                    break
        assert len(newest) == 10
        for view in newest:
            assert all(p is q for p, q in zip(view.clusters, first.clusters, strict=True))
        assert app.sights.arranged == made == 2


@pytest.mark.parametrize("provider", ["fanOut", "hub"])
async def test_a_page_and_the_stream_that_follows_it_arrange_once(tmp_path: Path, provider: str) -> None:
    async with (
        Fleet.start(clusters=2) as fleet,
        application(
            tmp_path, fleet, "dice-roller", callboard={"parts": {"objectsProvider": provider}}
        ) as app,
    ):
        page = await app.portal.kubernetes_settled(DICE, PEOPLE[0], within=10)
        assert page.settled
        assert app.sights.arranged == 2
        async with aclosing(app.portal.kubernetes(DICE, PEOPLE[0])) as views:
            assert (await anext(views)).clusters[0] is page.clusters[0]
        assert app.sights.arranged == 2
