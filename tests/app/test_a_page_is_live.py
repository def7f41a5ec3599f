"""With the hub, an open view follows its clusters: settled once, then renewed by every change."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest

from callboard.base.errors import NotFound
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.outcome import Freshness
from callboard.model.verdict import Health
from callboard.portal.protocol import Portal
from callboard.portal.views import KubernetesView, ObjectKey
from callboard.simulator import Fleet
from support.kept_up import crash
from support.live import watching
from support.portal import application
from support.web_server import serving

ME = Caller.loopback()
DICE = EntityRef.parse("component:default/dice-roller")
HUB = {"parts": {"objectsProvider": "hub"}}


async def until(views: AsyncGenerator[KubernetesView, None], health: Health) -> KubernetesView:
    async with asyncio.timeout(10):
        async for view in views:
            if view.settled and view.verdict.health is health:
                return view
    raise AssertionError(health)


def images(view: KubernetesView) -> set[str]:
    return {image for part in view.clusters for w in part.workloads for image in w.images}


async def test_a_view_goes_on_after_it_has_settled(tmp_path: Path) -> None:
    async with (
        Fleet.start(clusters=2) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=HUB) as app,
    ):
        portal: Portal = app.portal
        async with aclosing(portal.kubernetes(DICE, ME)) as views:
            healthy = await until(views, Health.HEALTHY)
            assert healthy.live
            assert {r.freshness for p in healthy.clusters for r in p.freshness} == {Freshness.LIVE}
            for cluster in fleet:
                crash(cluster, "dice-roller", "games")
            later = await until(views, Health.UNHEALTHY)
            assert later.revision > healthy.revision
            assert (await portal.kubernetes_settled(DICE, ME, within=5)).settled


async def test_a_drawer_opens_out_of_the_live_view_and_asks_only_for_events(tmp_path: Path) -> None:
    async with (
        Fleet.start() as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=HUB) as app,
        aclosing(app.portal.kubernetes(DICE, ME)) as views,
    ):
        view = await until(views, Health.HEALTHY)
        pod = view.clusters[0].workloads[0].pods[0]
        before = fleet[0].counters.questions
        shown = await app.portal.object(DICE, pod.key, ME)
        assert shown.key == ObjectKey(fleet[0].name, "pods", "games", pod.key.name)
        assert fleet[0].counters.questions == before + 1


async def test_a_change_of_configuration_reaches_an_open_view(tmp_path: Path) -> None:
    async with (
        Fleet.start() as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=HUB) as app,
        aclosing(app.portal.kubernetes(DICE, ME)) as views,
    ):
        view = await until(views, Health.HEALTHY)
        await app.fleet.put_to_use(app.configuration)
        async with asyncio.timeout(5):
            again = await anext(views)
        assert again.revision > view.revision


async def test_an_object_that_is_not_there_is_said_to_be_gone_and_nobody_waits_for_it(tmp_path: Path) -> None:
    async with Fleet.start() as fleet, application(tmp_path, fleet, "dice-roller", callboard=HUB) as app:
        async with asyncio.timeout(10):
            with pytest.raises(NotFound):
                await app.portal.object(DICE, ObjectKey(fleet[0].name, "pods", "games", "gone"), ME)


async def test_a_change_reaches_the_open_page_of_a_browser(tmp_path: Path) -> None:
    async with (
        Fleet.start() as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=HUB) as app,
        serving(app.portal) as base,
        watching(base) as stream,
    ):
        await stream.until("· live")
        fleet[0].store.patch("deployments", "dice-roller", {"spec": {"replicas": 5}}, "games")
        await stream.until(" of 5 ready")
