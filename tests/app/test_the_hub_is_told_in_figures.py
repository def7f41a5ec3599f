"""/metrics tells how the hub stands: streams by state, what it may cost, what it holds, who looks."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from callboard.app.application import Application
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.portal.views import KubernetesView
from callboard.simulator import Fleet
from support.listening import eventually
from support.portal import application

ME = Caller.loopback()
DICE = EntityRef.parse("component:default/dice-roller")
CONFIG = {
    "parts": {"objectsProvider": "hub"},
    "clusters": {"hub": {"keep": 1, "pollInterval": 1}},
}


def told(app: Application, name: str, **labels: str) -> float:
    """The sum of all samples of a figure with these labels."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(app.metrics.text().decode())
        for sample in family.samples
        if sample.name == f"callboard_hub_{name}" and labels.items() <= sample.labels.items()
    )


async def settled(views: AsyncGenerator[KubernetesView, None]) -> None:
    async with asyncio.timeout(20):
        async for view in views:
            if view.settled:
                return


async def test_figures_follow_what_is_listened_to(tmp_path: Path) -> None:
    async with (
        Fleet.start("quiet", clusters=2, speed=0.0) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=CONFIG) as app,
    ):
        one, other = (c.name for c in fleet)
        assert told(app, "streams") == told(app, "viewers") == told(app, "looks") == 0
        async with aclosing(app.portal.kubernetes(DICE, ME)) as views:
            await settled(views)
            await eventually(lambda: told(app, "streams", cluster=one, stream="live") >= 13)
            assert told(app, "watches", cluster=one) == told(app, "streams", cluster=one, stream="live")
            assert (told(app, "viewers"), told(app, "looks")) == (1, 2)
            held, size = told(app, "objects", cluster=other), told(app, "bytes", cluster=other)
            assert held >= 10
            assert 20 * held < size < 20_000 * held
            before = told(app, "changes_total", cluster=one)
            body = {"metadata": {"name": "one-more", "namespace": "games"}, "data": {"a": "b"}}
            fleet[0].store.create(body, "configmaps")
            await eventually(lambda: told(app, "changes_total", cluster=one) > before)
            await eventually(lambda: told(app, "objects", cluster=one) == held + 1)
            assert told(app, "ingest_seconds_count") > 0
            written = (await app.metrics.written(True)).decode()
            assert f'callboard_hub_objects{{cluster="{other}"}} {held}' in written
            tasks = next(line for line in written.splitlines() if line.startswith("callboard_tasks "))
            assert float(tasks.split()[1]) > 26, "a stream for each type at least: counted where the loop is"
            fleet[0].chaos.on("reset")
            server = fleet[0]._server
            assert server is not None
            for connection in list(server.connections):
                if connection.transport is not None:
                    connection.transport.abort()
            await eventually(lambda: told(app, "streams", cluster=one, stream="stale") >= 13)
            assert told(app, "streams", cluster=other, stream="stale") == 0
            fleet[0].chaos.off()
        await eventually(lambda: told(app, "viewers") == 0, within=20)
        await eventually(
            lambda: told(app, "looks") == told(app, "streams") == told(app, "objects") == 0, within=20
        )


async def test_what_has_no_watch_to_spend_is_told_as_polled_and_waiting(tmp_path: Path) -> None:
    tight = {**CONFIG, "clusters": {"hub": {"streams": 3, "pollInterval": 1}}}
    async with (
        Fleet.start("quiet", speed=0.0) as fleet,
        application(tmp_path, fleet, "dice-roller", callboard=tight) as app,
        aclosing(app.portal.kubernetes(DICE, ME)) as views,
    ):
        await settled(views)
        await eventually(lambda: told(app, "streams", stream="live") == 3 == told(app, "watches"))
        await eventually(lambda: told(app, "streams", stream="polled") > 5)
        assert told(app, "waiting") > 5
