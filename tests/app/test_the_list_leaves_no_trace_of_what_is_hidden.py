"""Where clusters decide who sees what, the live list tells each caller of what they may see, and of nothing else."""

import asyncio
from contextlib import aclosing
from pathlib import Path

from callboard.app.application import Application
from callboard.model.caller import Caller
from callboard.portal.views import ServiceRow
from callboard.simulator import Fleet, SimulatedCluster
from support.kept_up import ALL, kept_up, rows, until
from support.portal import application
from support.shared_cluster import DICE, deciding, furnish, person

ANNA, BOSS, NOBODY = person("anna"), person("boss"), person("nobody-here")


def fail(cluster: SimulatedCluster, namespace: str) -> None:
    """The helper pod of that namespace has failed."""
    status = {"status": {"phase": "Failed", "reason": "Evicted"}}
    cluster.store.patch("pods", f"helper-of-{namespace}", status, namespace, subresource="status")


async def told(app: Application, caller: Caller) -> ServiceRow:
    """The row of the dice roller once it is decided what the caller may see."""
    async with asyncio.timeout(15):
        while (row := (await rows(app, caller))["dice-roller"]).health is None:  # noqa: ASYNC110 - a whole answer
            await asyncio.sleep(0.1)
    return row


async def test_each_caller_is_told_what_their_own_page_tells(tmp_path: Path) -> None:
    async with Fleet.start("quiet", clusters=2, speed=0.0) as fleet:
        furnish(fleet)
        for cluster in fleet:
            cluster.bind("anna", "view", "games", "lab")
            cluster.bind("boss", "cluster-admin")
        fail(fleet[0], "vault")
        async with (
            application(tmp_path, fleet, "dice-roller", callboard=deciding("hub")) as app,
            kept_up(app),
        ):
            async with asyncio.timeout(20):
                while app.board.revision == 0 or not app.board.follows(DICE):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            for caller in (BOSS, ANNA):
                row = await told(app, caller)
                view = await app.portal.kubernetes_settled(DICE, caller, within=15)
                assert (row.health, row.sentence) == (view.verdict.health, view.verdict.sentence)
            assert "helper-of-vault" in (await told(app, BOSS)).sentence
            assert "vault" not in (await told(app, ANNA)).sentence
            assert (await app.portal.services(ALL, ANNA)).tally is None
            nobody = await told(app, NOBODY)
            assert "vault" not in nobody.sentence


async def test_a_hidden_change_does_not_move_the_list(tmp_path: Path) -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet:
        furnish(fleet)
        fleet[0].bind("anna", "view", "games", "lab")
        fleet[0].bind("boss", "cluster-admin")
        async with (
            application(tmp_path, fleet, "dice-roller", callboard=deciding("hub")) as app,
            kept_up(app),
        ):
            await told(app, ANNA)
            async with (
                aclosing(app.portal.services_live(ALL, ANNA)) as hers,
                aclosing(app.portal.services_live(ALL, BOSS)) as his,
            ):
                before = await anext(hers)
                async with asyncio.timeout(15):
                    async for view in his:
                        if view.rows[0].health is not None:
                            break
                    fail(fleet[0], "vault")
                    async for view in his:
                        if "helper-of-vault" in view.rows[0].sentence:
                            break
                next_of_hers = asyncio.ensure_future(anext(hers))
                await asyncio.sleep(1.5)
                assert not next_of_hers.done()
                fail(fleet[0], "lab")
                async with asyncio.timeout(15):
                    after = await next_of_hers
                assert "helper-of-lab" in after.rows[0].sentence
                assert before.rows[0].sentence != after.rows[0].sentence


async def test_callers_of_clusters_that_the_portal_decides_see_all(tmp_path: Path) -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet:
        furnish(fleet)
        settings = {"parts": {"objectsProvider": "hub"}}
        async with application(tmp_path, fleet, "dice-roller", callboard=settings) as app, kept_up(app):
            await until(app, lambda r: r["dice-roller"].health_live)
            assert (await app.portal.services(ALL, ANNA)).tally is not None
