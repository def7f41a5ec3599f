"""Jobs and what starts them."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from callboard.diagnosis.cron import due_soon, last_due
from callboard.diagnosis.rules.facts import WorkloadFacts
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope, Sign
from callboard.diagnosis.rules.waiting import shifted
from callboard.model.finding import Evidence, Impact, Since
from callboard.model.objects import Generic, KubeObject
from callboard.model.objects.meta import Condition, condition
from callboard.model.objects.pod import Pod
from callboard.model.objects.workload import CronJob, Job

__all__ = ["RULES", "failed_condition", "finished"]

LATE: Final = timedelta(minutes=5)
"""How long after its time a run may begin: the controller starts it within seconds, a starting deadline may be longer."""
LATE_START: Final = timedelta(seconds=30)
"""The controller makes a run within seconds of its time."""
_MOST_RUNS: Final = 500
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


def failed_condition(job: Job) -> Condition | None:
    """The condition that says that a Job has failed for good: before its last pods have ended it is FailureTarget."""
    for type_ in ("Failed", "FailureTarget"):
        found = condition(job.status.conditions, type_)
        if found is not None and found.status == "True":
            return found
    return None


def finished(job: Job) -> bool:
    """Whether a Job has come to an end, good or bad."""
    complete = condition(job.status.conditions, "Complete")
    return failed_condition(job) is not None or (complete is not None and complete.status == "True")


def _job_failed(facts: WorkloadFacts) -> Sign | None:
    return _failed_for(facts, deadline=False)


def _job_deadline(facts: WorkloadFacts) -> Sign | None:
    return _failed_for(facts, deadline=True)


def _failed_for(facts: WorkloadFacts, *, deadline: bool) -> Sign | None:
    """Of a Job, and of a custom resource by the newest of its Jobs that has ended."""
    obj = facts.object if isinstance(facts.body, Job) else None
    if isinstance(facts.body, Generic):
        obj = _newest_ended(facts)
    if obj is None or not isinstance(obj.body, Job):
        return None
    found = failed_condition(obj.body)
    if found is None or (found.reason == "DeadlineExceeded") is not deadline:
        return None
    sign = _failure(facts, obj, obj.body, found)
    return sign if obj is facts.object else msgspec.structs.replace(sign, message="run")


def _newest_ended(facts: WorkloadFacts) -> KubeObject | None:
    """The newest of its Jobs that has ended."""
    ended = [j for j in facts.workload.children if isinstance(j.body, Job) and finished(j.body)]
    return max(ended, key=lambda j: j.meta.creation_timestamp or _LONG_AGO, default=None)


def _failure(facts: WorkloadFacts, obj: KubeObject, job: Job, found: Condition) -> Sign:
    tries = job.status.failed
    ended = _ended_pods(facts, obj)
    at = found.last_transition_time
    return Sign(
        arguments={
            "job": obj.name,
            "reason": found.reason or "Failed",
            "tries": f"{tries} tries" if tries != 1 else "1 try",
            "seconds": job.spec.active_deadline_seconds or 0,
        },
        evidence=(
            Evidence(
                f"conditions.{found.type}", found.message or found.reason, f"{obj.type.title} {obj.name}"
            ),
        ),
        since=Since(at) if at is not None else None,
        occurrences=tries,
        message="tries" if tries > 1 else "",
        container=ended[0][1] if ended else "",
        pods=tuple(name for name, _ in ended),
    )


def _ended_pods(facts: WorkloadFacts, run: KubeObject) -> list[tuple[str, str]]:
    """(name, container) of the pods of a run that have failed and are still there, the newest first."""
    failed = [
        (p.meta.creation_timestamp or _LONG_AGO, p.name, p.body.spec.containers[0].name)
        for p in facts.workload.pods
        if isinstance(p.body, Pod) and p.body.status.phase == "Failed" and p.body.spec.containers
        if p.meta.controller is not None and p.meta.controller.uid == run.meta.uid
    ]
    return [(name, container) for _, name, container in sorted(failed, reverse=True)]


def _retrying(facts: WorkloadFacts) -> Sign | None:
    body = facts.body
    if not isinstance(body, Job) or not body.status.failed or finished(body) or body.spec.suspend:
        return None
    left = max(body.spec.backoff_limit + 1 - body.status.failed, 0)
    return Sign(
        arguments={"failed": body.status.failed, "left": left},
        evidence=(Evidence("status.failed", str(body.status.failed), facts.place),),
        occurrences=body.status.failed,
    )


def _suspended(facts: WorkloadFacts) -> Sign | None:
    body = facts.body
    if not isinstance(body, Job) or not body.spec.suspend or finished(body):
        return None
    return Sign(evidence=(Evidence("spec.suspend", "true", facts.place),))


def _last_failed(facts: WorkloadFacts) -> Sign | None:
    """The newest run that has ended has failed; where no runs are kept, the CronJob's own times tell."""
    body = facts.body
    if not isinstance(body, CronJob):
        return None
    runs = [j for j in facts.workload.children if isinstance(j.body, Job)]
    newest = _newest_ended(facts)
    if newest is not None:
        found = failed_condition(newest.body) if isinstance(newest.body, Job) else None
        if found is None or not isinstance(newest.body, Job):
            return None
        sign = _failure(facts, newest, newest.body, found)
        first = _first_failure(body, newest, found)
        return sign if first is None else msgspec.structs.replace(sign, since=first)
    status = body.status
    begun, succeeded = status.last_schedule_time, status.last_successful_time
    if runs or status.active or begun is None or succeeded is None or succeeded >= begun:
        return None
    words = f"last started {begun:%Y-%m-%d %H:%M} UTC, last success {succeeded:%Y-%m-%d %H:%M} UTC"
    return Sign(
        arguments={"begun": f"{begun:%Y-%m-%d %H:%M} UTC", "succeeded": f"{succeeded:%Y-%m-%d %H:%M} UTC"},
        evidence=(Evidence("status.lastSuccessfulTime", words, facts.place),),
        since=Since(begun, exact=False),
        message="untold",
    )


def _first_failure(body: CronJob, newest: KubeObject, found: Condition) -> Since | None:
    """From when the runs have failed, where that was before the newest: since the first that was due after the last success. Few
    failed runs are kept; those that are not are taken to have been as long as this one. None where nothing tells of others."""
    succeeded, made, at = (
        body.status.last_successful_time,
        newest.meta.creation_timestamp,
        found.last_transition_time,
    )
    if succeeded is None or made is None or at is None:
        return None
    first = made
    for _ in range(_MOST_RUNS):
        due = last_due(body.spec.schedule, body.spec.time_zone, first - timedelta(seconds=1), succeeded)
        if due is None or due <= succeeded:
            break
        first = due
    if made - first < LATE_START:
        return None
    began = shifted(first, at - made)
    return Since(began, exact=False) if began is not None else None


def _missed(facts: WorkloadFacts) -> Sign | datetime | None:
    body = facts.body
    if not isinstance(body, CronJob) or body.spec.suspend or facts.now is None:
        return None
    if body.metadata.deletion_timestamp is not None:
        return None
    late = timedelta(seconds=min(max(body.spec.starting_deadline_seconds or 0, 0), 86_400))
    patience = max(LATE, late)
    made, begun = body.metadata.creation_timestamp, body.status.last_schedule_time
    if made is None:
        return None
    schedule, zone = body.spec.schedule, body.spec.time_zone
    anchor = begun or made
    newest = last_due(schedule, zone, facts.now, anchor)
    if newest is None or made >= newest or (begun is not None and begun >= newest):
        coming = due_soon(schedule, zone, facts.now, anchor)
        return shifted(coming, patience) if coming is not None else None
    # A later one, whose time to begin is not over yet, makes up for none before it.
    earlier = shifted(facts.now, -patience)
    due = last_due(schedule, zone, earlier, anchor) if earlier is not None else None
    going = body.status.active or any(
        isinstance(j.body, Job) and not finished(j.body) for j in facts.workload.children
    )
    if (going and body.spec.concurrency_policy == "Forbid") or (begun is None and facts.workload.children):
        return None
    if due is None or made >= due or (begun is not None and begun >= due):
        return shifted(newest, patience)
    words = f"{begun:%Y-%m-%d %H:%M} UTC" if begun is not None else "never"
    return Sign(
        arguments={"due": f"{due:%Y-%m-%d %H:%M} UTC", "begun": words},
        evidence=(
            Evidence("spec.schedule", body.spec.schedule, facts.place),
            Evidence("status.lastScheduleTime", words, facts.place),
        ),
        since=Since(due, exact=False),
    )


def _cron_suspended(facts: WorkloadFacts) -> Sign | None:
    body = facts.body
    if not isinstance(body, CronJob) or not body.spec.suspend:
        return None
    return Sign(evidence=(Evidence("spec.suspend", "true", facts.place),))


RULES = (
    DiagnosisRule(
        code="CB-JOB-FAILED",
        scope=RuleScope.WORKLOAD,
        judge=_job_failed,
        impact=Impact.DEGRADED,
        needs_log=True,
    ),
    DiagnosisRule(
        code="CB-JOB-DEADLINE",
        scope=RuleScope.WORKLOAD,
        judge=_job_deadline,
        impact=Impact.DEGRADED,
        needs_log=True,
    ),
    DiagnosisRule(
        code="CB-JOB-RETRYING",
        scope=RuleScope.WORKLOAD,
        judge=_retrying,
        impact=Impact.NOTICE,
        window="As long as the Job tries again.",
        needs_log=True,
    ),
    DiagnosisRule(code="CB-JOB-SUSPENDED", scope=RuleScope.WORKLOAD, judge=_suspended, impact=Impact.NOTICE),
    DiagnosisRule(
        code="CB-CRON-LAST-FAILED",
        scope=RuleScope.WORKLOAD,
        judge=_last_failed,
        impact=Impact.DEGRADED,
        window="Until a later run ends well.",
        needs_log=True,
    ),
    DiagnosisRule(
        code="CB-CRON-MISSED",
        scope=RuleScope.WORKLOAD,
        judge=_missed,
        impact=Impact.DEGRADED,
        window="Five minutes after a run should have begun, or after the CronJob's starting deadline.",
    ),
    DiagnosisRule(
        code="CB-CRON-SUSPENDED", scope=RuleScope.WORKLOAD, judge=_cron_suspended, impact=Impact.NOTICE
    ),
)
