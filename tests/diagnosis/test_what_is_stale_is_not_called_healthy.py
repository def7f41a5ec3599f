"""What was seen last and cannot be seen now decides nothing: healthy becomes unknown, trouble stays trouble."""

from datetime import UTC, datetime

import msgspec

from callboard.diagnosis.verdict import verdict
from callboard.model.outcome import Failure, FailureCode
from callboard.model.snapshot import ClusterSnapshot
from callboard.model.verdict import Health
from support.kube_objects import cluster, deployment, pod, service

SINCE = datetime(2026, 11, 21, 8, 2, tzinfo=UTC)


def stale(part: ClusterSnapshot, *types: str) -> ClusterSnapshot:
    outcomes = tuple(
        msgspec.structs.replace(o, stale_since=SINCE) if not types or o.question.type.plural in types else o
        for o in part.outcomes
    )
    return msgspec.structs.replace(part, outcomes=outcomes)


def test_a_stale_healthy_cluster_is_unknown() -> None:
    found = verdict(service(stale(cluster("a", deployment(), pod()))))
    assert found.health is Health.UNKNOWN
    assert "shown as of when they could last be read" in found.sentence


def test_a_stale_unhealthy_cluster_is_still_unhealthy_and_says_what_it_cannot_see() -> None:
    broken = deployment(wanted=2, ready=0, conditions=[{"type": "ReplicaFailure", "status": "True"}])
    found = verdict(service(stale(cluster("a", broken))))
    assert found.health is not Health.HEALTHY
    assert any("last be read" in m for m in found.clusters[0].missing)
    assert found.could_not_tell


def test_what_is_from_before_a_restart_is_unknown_and_says_so_once() -> None:
    part = cluster("a", deployment(), pod())
    failure = Failure(code=FailureCode.RESTARTED, message="restarted")
    before = tuple(msgspec.structs.replace(o, stale_since=SINCE, failure=failure) for o in part.outcomes)
    found = verdict(service(msgspec.structs.replace(part, outcomes=before)))
    assert found.health is Health.UNKNOWN
    assert found.sentence.endswith(
        "all that could be seen is healthy; this is from before Callboard was restarted."
    )
    assert found.clusters[0].missing == ("this is from before Callboard was restarted",)


def test_what_is_from_before_a_restart_is_not_final_until_it_was_asked_for_again() -> None:
    part = cluster("a", deployment(), pod())
    assert part.final
    for code, final in ((FailureCode.RESTARTED, False), (FailureCode.CONNECTION, True)):
        failure = Failure(code=code, message="no")
        before = tuple(msgspec.structs.replace(o, stale_since=SINCE, failure=failure) for o in part.outcomes)
        assert msgspec.structs.replace(part, outcomes=before).final is final
