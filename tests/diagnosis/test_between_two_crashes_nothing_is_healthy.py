"""A container in its crash loop runs now and then; that moment is not health."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callboard.diagnosis.verdict import cluster_verdict
from callboard.model.objects import KubeObject
from callboard.model.snapshot import ClusterSnapshot
from callboard.model.verdict import Health
from support.kube_objects import cluster, deployment, pod, replica_set

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def running(
    *, minutes: float, restarts: int, exit_code: int = 137, reason: str = "OOMKilled"
) -> dict[str, Any]:
    started = (NOW - timedelta(minutes=minutes)).isoformat()
    return {
        "containerStatuses": [
            {
                "name": "app",
                "ready": True,
                "restartCount": restarts,
                "state": {"running": {"startedAt": started}},
                "lastState": {"terminated": {"exitCode": exit_code, "reason": reason}},
            }
        ]
    }


def part(**status: Any) -> ClusterSnapshot:
    web = deployment()
    rs = replica_set("web-abc", web)
    one: KubeObject = pod("web-abc-1", owner=("ReplicaSet", "web-abc", rs.meta.uid), **status)
    made = cluster("a", web, rs, one)
    return ClusterSnapshot(**{f: getattr(made, f) for f in made.__struct_fields__} | {"as_of": NOW})


CASES = {
    "crashed 31 times, runs for 40 s": (running(minutes=0.7, restarts=31), Health.UNHEALTHY),
    "runs for longer than the kubelet remembers": (running(minutes=10.1, restarts=31), Health.HEALTHY),
    "an accident": (running(minutes=0.7, restarts=1), Health.HEALTHY),
    "a coincidence": (running(minutes=0.7, restarts=2), Health.HEALTHY),
    "ends by itself, as meant": (
        running(minutes=0.7, restarts=31, exit_code=0, reason="Completed"),
        Health.HEALTHY,
    ),
}


@pytest.mark.parametrize(("status", "expected"), CASES.values(), ids=CASES)
def test_verdict(status: dict[str, Any], expected: Health) -> None:
    assert cluster_verdict(part(**status)).health is expected


def test_it_says_that_it_runs_at_the_moment_and_why_that_is_no_comfort() -> None:
    assert cluster_verdict(part(**running(minutes=0.7, restarts=31))).sentence == (
        "Deployment web: 1 pod keeps being killed for using more memory than its limit "
        "(CrashLoopBackOff, OOMKilled, exit code 137), running again now"
    )
