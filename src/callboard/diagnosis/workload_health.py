"""Readiness of a workload together with its pods."""

from collections import Counter
from datetime import UTC, datetime

from callboard.diagnosis.kstatus import object_health
from callboard.diagnosis.ownership import Workload
from callboard.diagnosis.words import plain_reason
from callboard.model.objects import Generic, KubeObject
from callboard.model.objects.meta import condition
from callboard.model.objects.workload import (
    CronJob,
    DaemonSet,
    Deployment,
    Job,
    ReplicaSet,
    StatefulSet,
)
from callboard.model.verdict import Health, ObjectHealth

__all__ = ["replicas", "workload_health"]

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def replicas(obj: KubeObject) -> tuple[int, int]:
    """(ready, desired) as the controller itself counts; (0, 0) for what has no replicas."""
    body = obj.body
    if isinstance(body, Deployment | StatefulSet | ReplicaSet):
        return body.status.ready_replicas, body.spec.replicas
    if isinstance(body, DaemonSet):
        return body.status.number_ready, body.status.desired_number_scheduled
    return 0, 0


def workload_health(workload: Workload) -> ObjectHealth:
    """kstatus of the controller, and what its pods add.

    A controller that is still on its way (InProgress) while one of its pods cannot get on is unhealthy at once, not only
    when its deadline has passed. Pods in trouble beside a controller that has all it wants (an evicted pod left behind)
    change nothing.
    """
    own = object_health(workload.object)
    body = workload.object.body
    if isinstance(body, CronJob):
        return _last_run(workload, suspended=body.spec.suspend)
    if isinstance(body, Job):
        return own
    if own.health is Health.HEALTHY and not isinstance(body, Generic):
        return own
    pods = [(object_health(p), p) for p in workload.pods]
    stuck = [(h, p) for h, p in pods if h.health is Health.UNHEALTHY and p.meta.deletion_timestamp is None]
    if not stuck or own.reason == "being deleted":
        return own
    counts = Counter(h.reason for h, _ in stuck)
    said = [
        f"{'1 pod' if n == 1 else f'{n} pods'} {plain_reason(reason, n)}"
        for reason, n in counts.most_common(2)
    ]
    ready, desired = replicas(workload.object)
    reason = ", ".join(said)
    if desired and ready >= desired:
        reason = f"the newest change is stuck: {reason}; {ready} ready pods still serve"
    elif desired:
        reason = f"{ready} of {desired} pods ready: {reason}"
    since = min((h.since for h, _ in stuck if h.since), default=own.since)
    return ObjectHealth(health=Health.UNHEALTHY, reason=reason, since=since)


def _last_run(workload: Workload, *, suspended: bool) -> ObjectHealth:
    """A CronJob is as healthy as its newest finished run."""
    finished = [j for j in workload.children if isinstance(j.body, Job) and _finished(j.body)]
    newest = max(finished, key=lambda j: j.meta.creation_timestamp or _LONG_AGO, default=None)
    if newest is not None:
        health = object_health(newest)
        if health.health is Health.UNHEALTHY:
            return ObjectHealth(
                health=Health.UNHEALTHY, reason=f"its last run {health.reason}", since=health.since
            )
    return ObjectHealth(health=Health.HEALTHY, reason="suspended" if suspended else "")


def _finished(job: Job) -> bool:
    return any(
        found is not None and found.status == "True"
        for found in (
            condition(job.status.conditions, "Failed"),
            condition(job.status.conditions, "Complete"),
        )
    )
