"""What a custom resource has made is judged as if it stood alone: `Ready` of the one does not hide the other."""

from typing import Any

import pytest

from callboard.diagnosis.engine import diagnose
from callboard.diagnosis.rules.job import LATE
from callboard.diagnosis.texts.catalogue import sentence
from callboard.model.finding import Impact
from support.conditions.controllers import FAILED, QUOTA, cron, job, scaler, stateful
from support.conditions.scene import NOW, ago, condition, container, event, meta, pod
from support.manifests import part_of

OPERATED = {
    "apiVersion": "db.example.com/v1",
    "kind": "Database",
    "metadata": meta("orders"),
    "spec": {},
    "status": {"conditions": [condition("Ready", "True")]},
}


def made(document: dict[str, Any]) -> dict[str, Any]:
    """The document, made by the custom resource."""
    return {**document, "metadata": meta(document["metadata"]["name"], OPERATED)}


def told(*documents: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (f.code, f"{f.subject.kind} {sentence(f)}")
        for f in diagnose(part_of([OPERATED, *documents], NOW)).findings
    ]


STOPPED = made(stateful(replicas=1, readyReplicas=1, availableReplicas=1))
MISSED = cron(spec={"schedule": "0 11 * * *"}, lastScheduleTime=ago(days=1), lastSuccessfulTime=ago(days=1))
MIGRATION = made(job("migrate"))


@pytest.mark.parametrize(
    ("documents", "code", "words"),
    [
        ([STOPPED, event(STOPPED, "FailedCreate", QUOTA)], "CB-QUOTA", "StatefulSet pods cannot be created"),
        ([made(MISSED)], "CB-CRON-MISSED", "CronJob it was due"),
        (
            [made(job("migrate", failed=7, conditions=[FAILED]))],
            "CB-JOB-FAILED",
            "Database the last of its jobs to end, migrate, failed (BackoffLimitExceeded)",
        ),
        (
            [MIGRATION, event(MIGRATION, "FailedCreate", f"Error creating: {QUOTA}")],
            "CB-QUOTA",
            "Database pods cannot be created",
        ),
    ],
    ids=[
        "a StatefulSet that a quota stops",
        "a CronJob that is not started",
        "a failed job",
        "a job without pods",
    ],
)
def test_it_is_told(documents: list[dict[str, Any]], code: str, words: str) -> None:
    [(found, said)] = told(*documents)
    assert found == code
    assert said.startswith(words)


def test_what_is_well_is_no_finding() -> None:
    later = {**job("second", succeeded=1, conditions=[condition("Complete", "True")])}
    later["metadata"] = {**meta("second", OPERATED), "creationTimestamp": ago(minutes=1)}
    first = made(job("first", failed=7, conditions=[FAILED]))
    first["metadata"]["creationTimestamp"] = ago(days=1)
    assert told(made(stateful()), made(cron()), first, later) == []


def test_a_run_that_comes_to_nothing_takes_the_service_from_nobody() -> None:
    """Neither one without pods nor one whose pod cannot start: as of a Job that stands alone."""
    refused = event(MIGRATION, "FailedCreate", f"Error creating: {QUOTA}")
    waits = container(state={"waiting": {"reason": "InvalidImageName"}})
    stuck = pod("migrate-1", waits, owner=MIGRATION, phase="Pending")
    running = {**MIGRATION, "status": {"startTime": ago(hours=1), "active": 1}}
    for documents in ([MIGRATION, refused], [running, stuck]):
        [finding] = diagnose(part_of([OPERATED, *documents], NOW)).findings
        assert finding.impact is Impact.DEGRADED


def test_its_pods_are_the_controllers_that_counts_them() -> None:
    """The same StatefulSet, whoever made it: 0 of its pods is down, 1 of 3 is less."""
    none = diagnose(
        part_of([OPERATED, made(stateful(replicas=0, readyReplicas=0, availableReplicas=0))], NOW)
    )
    alone = diagnose(part_of([stateful(replicas=0, readyReplicas=0, availableReplicas=0)], NOW))
    assert [(f.code, f.impact) for f in none.findings] == [(f.code, f.impact) for f in alone.findings]
    assert none.findings


def test_what_is_over_its_target_is_named_as_what_asks_for_more() -> None:
    full = condition("ScalingLimited", "True", ago(minutes=10), reason="TooManyReplicas")
    capped = scaler(full)
    for side, key, figure in (("spec", "target", 70), ("status", "current", 20)):
        metrics = capped[side]["metrics" if side == "spec" else "currentMetrics"]
        metrics.insert(
            0, {"type": "Resource", "resource": {"name": "memory", key: {"averageUtilization": figure}}}
        )
    [(code, said)] = told(capped)
    assert code == "CB-SCALING-CAPPED"
    assert "cpu is at 190 % of a target of 70 %" in said


def test_a_cron_job_whose_last_run_is_the_last_due_is_looked_at_again_after_the_next() -> None:
    """Nothing of the object changes where it is no longer started."""
    hourly = cron(spec={"schedule": "0 * * * *"}, lastScheduleTime=ago(minutes=0))
    until = diagnose(part_of([hourly], NOW)).until
    assert until is not None
    assert until > NOW + LATE
