"""Over a simulated fleet: however many callers and pages of one visibility class look, a cluster is arranged once."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from callboard.model.caller import Caller, CallerKind
from callboard.model.entity import EntityRef
from callboard.portal.views import KubernetesView
from callboard.simulator import Fleet
from support.listening import eventually
from support.portal import application

DICE = EntityRef.parse("component:default/dice-roller")
PEOPLE = [Caller(kind=CallerKind.PERSON, subject=f"user:default/p{n}") for n in range(10)]


async def test_ten_people_who_listen_have_the_very_same_parts(tmp_path: Path) -> None:
    hub = {"parts": {"objectsProvider": "hub"}}
    newest: dict[str, KubernetesView] = {}

    async def follow(person: Caller) -> None:
        async with aclosing(app.portal.kubernetes(DICE, person)) as views:
            async for view in views:
                newest[person.subject] = view

    def alike() -> bool:
        first, *others = newest.values()
        if any(len(view.clusters) != len(first.clusters) for view in others):
            return False  # some have not been told yet where it runs
        return all(
            p is q for view in others for p, q in zip(view.clusters, first.clusters, strict=True)
        ) and all(view.settled for view in newest.values())

    async with (
        Fleet.start(clusters=2) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=hub) as app,
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(follow(person)) for person in PEOPLE]
        await eventually(lambda: len(newest) == len(PEOPLE) and alike(), 20)
        for task in tasks:
            task.cancel()


@pytest.mark.parametrize("provider", ["fanOut", "hub"])
async def test_a_page_and_the_stream_that_follows_it_arrange_once(tmp_path: Path, provider: str) -> None:
    async with (
        Fleet.start(clusters=2, speed=0) as fleet,
        application(
            tmp_path, fleet, "dice-roller", callboard={"parts": {"objectsProvider": provider}}
        ) as app,
    ):
        page = await app.portal.kubernetes_settled(DICE, PEOPLE[0], within=10)
        assert page.settled
        made = app.class_views.arranged
        async with aclosing(app.portal.kubernetes(DICE, PEOPLE[0])) as views:
            assert (await anext(views)).clusters[0] is page.clusters[0]
        assert app.class_views.arranged == made == 2
