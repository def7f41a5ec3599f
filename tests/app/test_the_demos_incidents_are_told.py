"""The incidents of the demo, as the JSON of their pages tells them: what is wrong, where, since when, after what, what next."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from callboard.simulator import Fleet
from support.conditions.whole_way import told

NEAR = timedelta(seconds=10)


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """`says` is the verdict, `began` how long ago, `bound` whether that is all that is known; `next` are the first steps."""

    service: str
    says: str
    code: str
    impact: str
    began: timedelta
    next: tuple[str, ...]
    bound: bool = False
    after: tuple[str, str] = ("", "")


INCIDENTS = {
    "a rollout that is stuck": Incident(
        service="checkout",
        says="Degraded in us-east-1-prod: Deployment checkout: 3 of the 4 pods it wants are ready, while 2 pods run and are not "
        "ready: their readiness probe fails (HTTP probe failed with statuscode: 500); healthy in 7 of 8 clusters.",
        code="CB-PROBE-READINESS",
        impact="degraded",
        began=timedelta(minutes=50),
        after=("4.12.0", "4.13.0"),
        next=("log of app", "kubectl rollout undo deployment/checkout -n payments", "events"),
    ),
    "a crash loop": Incident(
        service="payments",
        says="Down in ap-south-1-prod: Deployment payments: 0 of 3 pods ready: 3 pods keep crashing (CrashLoopBackOff, exit code "
        "1); also down in eu-west-1-staging; healthy in 6 of 8 clusters.",
        code="CB-CRASH-ERROR",
        impact="down",
        began=timedelta(minutes=40),
        next=("log of the last app",),
    ),
    "too much memory": Incident(
        service="search",
        says="Down in eu-west-1-prod: Deployment search: 0 of 2 pods ready: 2 pods keep being killed for using more memory than "
        "their limit of 1Gi (CrashLoopBackOff, OOMKilled, exit code 137); also at risk in eu-central-1-prod; healthy in 6 of 8 "
        "clusters.",
        code="CB-OOM",
        impact="down",
        began=timedelta(hours=3),
        bound=True,
        next=("service", "log of the last app"),
    ),
    "a missing ConfigMap": Incident(
        service="notifications",
        says="At risk in ap-south-1-prod: Deployment notifications: the newest change is stuck: 1 pod lacks a ConfigMap that it "
        "needs: notifications-settings does not exist (CreateContainerConfigError); 2 ready pods still serve; also at risk in "
        "us-east-1-staging; healthy in 6 of 8 clusters.",
        code="CB-CONFIG-MISSING",
        impact="at-risk",
        began=timedelta(minutes=70),
        after=("0.9.14", "0.9.15"),
        next=(
            "kubectl get configmaps,secrets -n shared",
            "kubectl rollout undo deployment/notifications -n shared",
            "service",
        ),
    ),
    "a job that failed": Incident(
        service="ledger",
        says="Degraded in us-west-2-prod: Job ledger-backfill: failed after 3 tries (BackoffLimitExceeded); healthy in 7 of 8 "
        "clusters.",
        code="CB-JOB-FAILED",
        impact="degraded",
        began=timedelta(hours=2),
        bound=True,
        next=("log of backfill", "service"),
    ),
    "a probe that fails": Incident(
        service="scoreboard",
        says="Down in ap-south-1-staging: Deployment scoreboard: 0 of 2 pods ready: 2 pods run and are not ready: their "
        "readiness probe fails (HTTP probe failed with statuscode: 503); healthy in 7 of 8 clusters; in us-east-1-prod CronJob "
        "scoreboard-nightly-ranking is suspended.",
        code="CB-PROBE-READINESS",
        impact="down",
        began=timedelta(minutes=20),
        next=("log of app", "events", "service"),
    ),
}


async def _pages(directory: Path) -> tuple[datetime, dict[str, dict[str, Any]]]:
    services = sorted({incident.service for incident in INCIDENTS.values()})
    async with Fleet.start("demo", clusters=8, speed=0.0) as fleet:
        now = datetime.fromtimestamp(fleet.timeline.now(), UTC)
        async with told(fleet, directory, services) as callboard:
            return now, {service: await callboard.page(service) for service in services}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> tuple[datetime, dict[str, dict[str, Any]]]:
    return asyncio.run(_pages(tmp_path_factory.mktemp("incidents")))


@pytest.mark.parametrize("name", INCIDENTS)
def test_it_is_told(name: str, pages: tuple[datetime, dict[str, dict[str, Any]]]) -> None:
    now, incident = pages[0], INCIDENTS[name]
    page = pages[1][incident.service]
    first = page["findings"][0]
    assert page["verdict"]["sentence"] == incident.says
    assert (first["code"], first["impact"]) == (incident.code, incident.impact)
    late = datetime.fromisoformat(first["since"]) - (now - incident.began)
    # A container that ran for a while, or a job that tried three times, failed a few minutes after the cause.
    assert -NEAR <= late <= (timedelta(minutes=5) if incident.bound else NEAR)
    assert datetime.fromisoformat(page["verdict"]["since"]) == datetime.fromisoformat(first["since"])
    after = first["after"] or {"before": "", "after": ""}
    assert (after["before"], after["after"]) == incident.after
    assert tuple(map(_step, first["next"]))[: len(incident.next)] == incident.next


def _step(step: dict[str, Any]) -> str:
    if step["kind"] == "logs":
        return f"log of {'the last ' if step['previous'] else ''}{step['container']}"
    return str(step["target"] or step["kind"])
