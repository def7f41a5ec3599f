"""With `callboard.lookAround` the list of services has each one's health before anybody opened one."""

import asyncio
from pathlib import Path

from callboard.model.caller import Caller
from callboard.model.verdict import Health
from callboard.portal.protocol import Portal, ServicesQuery
from callboard.simulator import Fleet
from support.portal import application

ALL = ServicesQuery(kind=("component",))


async def healths(portal: Portal, caller: Caller) -> dict[str, Health | None]:
    view = await portal.services(ALL, caller)
    return {row.ref.name: row.health for row in view.rows}


async def test_a_round_opens_every_component_once(tmp_path: Path) -> None:
    settings = {"lookAround": "60s"}
    async with (
        Fleet.start("demo", clusters=3) as fleet,
        application(tmp_path, fleet, "dice-roller", "payments", callboard=settings) as app,
        asyncio.TaskGroup() as group,
    ):
        assert await healths(app.portal, Caller.loopback()) == {"dice-roller": None, "payments": None}
        keeping = group.create_task(app.keep_up())
        expected = {"dice-roller": Health.HEALTHY, "payments": Health.UNHEALTHY}
        async with asyncio.timeout(30):
            while await healths(app.portal, Caller.loopback()) != expected:  # noqa: ASYNC110 - it works at its own pace
                await asyncio.sleep(0.05)
        asked = [cluster.counters.requests for cluster in fleet]
        await asyncio.sleep(0.5)
        assert [cluster.counters.requests for cluster in fleet] == asked, "then it rests"
        keeping.cancel()
