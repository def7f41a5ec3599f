"""A page of thousands of pods judges each of them once, and once more only where that can tell something."""

from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest

from callboard.diagnosis import kstatus, pod_status, workload_health
from callboard.model.verdict import Health
from callboard.portal.arrangement import arrange_cluster
from support.kube_objects import cluster, deployment, pod, replica_set

NOW = datetime(2026, 5, 1, 15, tzinfo=UTC)


def test_pods_of_a_workload_that_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[str] = Counter()
    judge, look = pod_status.pod_health, pod_status.relapse

    def judged(*given: object) -> object:
        calls["judged"] += 1
        return judge(*given)  # type: ignore[arg-type]

    def looked_at(*given: object) -> object:
        calls["looked at again"] += 1
        return look(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(kstatus, "pod_health", judged)
    monkeypatch.setattr(workload_health, "relapse", looked_at)
    web = deployment(wanted=50, ready=50)
    rs = replica_set("web-abc", web, replicas=50)
    pods = [pod(f"web-abc-{n}", owner=("ReplicaSet", "web-abc", rs.meta.uid)) for n in range(50)]
    part = arrange_cluster(msgspec.structs.replace(cluster("a", web, rs, *pods), as_of=NOW))
    assert part.verdict.health is Health.HEALTHY
    assert calls == {"judged": 50}
