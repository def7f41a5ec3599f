"""A service that crashes again and again is in trouble since the first crash that was seen, not since the last."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from callboard.app.application import Application
from callboard.model.verdict import Health
from callboard.portal.views import KubernetesView
from callboard.simulator import Fleet, SimulatedCluster
from support.kept_up import ME, hub
from support.portal import application
from support.shared_cluster import DICE


def crash(cluster: SimulatedCluster, at: datetime) -> None:
    """Every pod of the dice roller has crashed just then, once more."""
    moment = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    for pod in cluster.store.list("pods", "games"):
        if pod["metadata"]["labels"].get("app.kubernetes.io/name") != "dice-roller":
            continue
        waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
        ended = {"terminated": {"exitCode": 1, "finishedAt": moment}}
        statuses = [
            {**each, "ready": False, "restartCount": 7, "state": waiting, "lastState": ended}
            for each in pod["status"]["containerStatuses"]
        ]
        ready = {"type": "Ready", "status": "False", "lastTransitionTime": moment}
        status = {"status": {"phase": "Running", "conditions": [ready], "containerStatuses": statuses}}
        cluster.store.patch("pods", pod["metadata"]["name"], status, "games", subresource="status")


async def seen(app: Application, at: datetime) -> KubernetesView:
    """The view in which the newest crash is."""
    async with asyncio.timeout(15), aclosing(app.portal.kubernetes(DICE, ME)) as views:
        async for view in views:
            restarts = [p.last_restart for c in view.clusters for w in c.workloads for p in w.pods]
            if view.settled and at in restarts:
                return view
    raise AssertionError("the views ended")


async def test_the_headline_keeps_since_from_crash_to_crash_and_over_a_restart(tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    first, second, third = (now - timedelta(minutes=m) for m in (50, 20, 1))
    async with Fleet.start("quiet", clusters=1, speed=0.0) as fleet:
        async with application(tmp_path, fleet, "dice-roller", callboard=hub()) as app:
            crash(fleet[0], first)
            began = await seen(app, first)
            assert (began.verdict.health, began.verdict.since) == (Health.UNHEALTHY, first)
            crash(fleet[0], second)
            again = await seen(app, second)
            assert again.verdict.since == first
            assert again.clusters[0].verdict.since == second, "what the cluster tells stays what it tells"
            # Whoever reads the same view is given the same one: what is drawn of it is kept beside it.
            one = await app.portal.kubernetes_settled(DICE, ME, within=10)
            other = await app.portal.kubernetes_settled(DICE, ME, within=10)
            assert one is other
            await app.verdicts.write()
        crash(fleet[0], third)
        async with application(tmp_path, fleet, "dice-roller", callboard=hub()) as app:
            assert (await seen(app, third)).verdict.since == first
