"""An application that keeps the health of every service current."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

from callboard.app.application import Application
from callboard.diagnosis.loops import RESET
from callboard.model.caller import Caller
from callboard.portal.protocol import ServicesQuery
from callboard.portal.views import ServiceRow
from callboard.simulator import SimulatedCluster

__all__ = ["ALL", "ME", "all_live", "crash", "crash_often", "crashed", "hub", "kept_up", "rows", "until"]

ME = Caller.loopback()
ALL = ServicesQuery(kind=("component",))


def hub(**more: Any) -> dict[str, Any]:
    return {"parts": {"objectsProvider": "hub"}, "watchInterval": 0.1, **more}


@asynccontextmanager
async def kept_up(app: Application) -> AsyncIterator[None]:
    running = asyncio.create_task(app.keep_up())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def rows(app: Application, caller: Caller = ME) -> dict[str, ServiceRow]:
    return {row.ref.name: row for row in (await app.portal.services(ALL, caller)).rows}


async def until(
    app: Application, wanted: Callable[[dict[str, ServiceRow]], bool], within: float = 60
) -> dict[str, ServiceRow]:
    async with asyncio.timeout(within):
        while not wanted(found := await rows(app)):  # noqa: ASYNC110 - what is waited for is a whole answer
            await asyncio.sleep(0.05)
    return found


def all_live(found: dict[str, ServiceRow]) -> bool:
    return all(row.health_live for row in found.values())


def crash(cluster: SimulatedCluster, service: str, namespace: str) -> None:
    """Every pod of the service is in its crash loop, and waits for its next run."""
    for pod in cluster.store.list("pods", namespace):
        if pod["metadata"]["labels"].get("app.kubernetes.io/name") == service:
            status = crashed(pod["status"])
            cluster.store.patch("pods", pod["metadata"]["name"], status, namespace, subresource="status")


def crashed(told: dict[str, Any]) -> dict[str, Any]:
    """What makes of a pod with this status one in its crash loop."""
    waits = {
        "ready": False,
        "started": False,
        "restartCount": 5,
        "state": {
            "waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}
        },
        "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
    }
    conditions = [
        {**c, "status": "False"} if c["type"] in ("Ready", "ContainersReady") else c
        for c in told["conditions"]
    ]
    return {
        "status": {
            "conditions": conditions,
            "containerStatuses": [{**s, **waits} for s in told["containerStatuses"]],
        }
    }


def crash_often(cluster: SimulatedCluster, service: str, namespace: str, until: datetime) -> None:
    """Every pod of the service runs, has crashed five times, and is expected to crash again until that moment."""
    started = f"{until - RESET:%Y-%m-%dT%H:%M:%SZ}"
    for pod in cluster.store.list("pods", namespace):
        if pod["metadata"]["labels"].get("app.kubernetes.io/name") == service:
            crashed = {
                "restartCount": 5,
                "state": {"running": {"startedAt": started}},
                "lastState": {"terminated": {"exitCode": 1}},
            }
            statuses = [{**each, **crashed} for each in pod["status"]["containerStatuses"]]
            status = {"status": {"containerStatuses": statuses}}
            cluster.store.patch("pods", pod["metadata"]["name"], status, namespace, subresource="status")
