"""A page of thousands of pods judges each of them once, and puts no rule to those that are well."""

from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest

from callboard.diagnosis import judging, kstatus, pod_status
from callboard.model.verdict import Health
from callboard.portal.arranging.arrangement import arrange_cluster
from support.kube_objects import cluster, deployment, pod, replica_set

NOW = datetime(2026, 5, 1, 15, tzinfo=UTC)


def test_pods_of_a_workload_that_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[str] = Counter()
    judge, ask = pod_status.pod_health, judging.Judge._ask

    def judged(*given: object) -> object:
        calls["judged"] += 1
        return judge(*given)  # type: ignore[arg-type]

    def asked(*given: object) -> object:
        calls[given[-1].type.kind] += 1  # type: ignore[attr-defined]
        return ask(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(kstatus, "pod_health", judged)
    monkeypatch.setattr(judging.Judge, "_ask", asked)
    web = deployment(wanted=50, ready=50)
    rs = replica_set("web-abc", web, replicas=50)
    pods = [pod(f"web-abc-{n}", owner=("ReplicaSet", "web-abc", rs.meta.uid)) for n in range(50)]
    part = arrange_cluster(msgspec.structs.replace(cluster("a", web, rs, *pods), as_of=NOW))
    assert part.verdict.health is Health.HEALTHY
    assert calls == {"judged": 50, "Deployment": 1}
