"""Readiness of a workload together with its pods."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from callboard.diagnosis.kstatus import object_health
from callboard.diagnosis.ownership import Workload
from callboard.diagnosis.pod_status import relapse
from callboard.diagnosis.words import plain_reason
from callboard.model.objects import Generic, KubeObject
from callboard.model.objects.meta import condition
from callboard.model.objects.pod import Pod
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


def workload_health(
    workload: Workload, now: datetime | None = None, *, of: Callable[[KubeObject], ObjectHealth] | None = None
) -> ObjectHealth:
    """kstatus of the controller, and what its pods add. `of` gives the health of a pod at `now`, where it is known already.

    A controller that is still on its way (InProgress) while one of its pods cannot get on is unhealthy at once, not only
    when its deadline has passed; so is one whose pods are all ready just now, between two crashes. Pods in trouble beside a
    controller that has all it wants (an evicted pod left behind) change nothing.
    """
    own = object_health(workload.object)
    body = workload.object.body
    if isinstance(body, CronJob):
        return _last_run(workload, suspended=body.spec.suspend)
    if isinstance(body, Job) or own.reason == "being deleted":
        return own
    of = of or (lambda p: object_health(p, now))
    pods = [p for p in workload.pods if p.meta.deletion_timestamp is None]
    if own.health is Health.HEALTHY and not isinstance(body, Generic):
        # Whoever is expected to crash again is not well: the others need not be looked at a second time.
        ailing = [(h, p) for p in pods if now and (h := of(p)).health is Health.UNHEALTHY]
        again = [(h, p) for h, p in ailing if now and isinstance(p.body, Pod) and relapse(p.body, now)]
        if not again:
            return own
        reason = f"{_said(again)}, running again at the moment"
        return ObjectHealth(health=Health.UNHEALTHY, reason=reason, since=_since(again, None))
    stuck = [(h, p) for p in pods if (h := of(p)).health is Health.UNHEALTHY]
    ready, desired = replicas(workload.object)
    if not stuck:
        return _with_serving(own, ready) if own.health is Health.UNHEALTHY else own
    reason = _said(stuck)
    if desired and ready >= desired:
        reason = f"the newest change is stuck: {reason}; {_serving(ready)}"
    elif desired:
        reason = f"{ready} of {desired} pods ready: {reason}"
    return ObjectHealth(health=Health.UNHEALTHY, reason=reason, since=_since(stuck, own.since))


def _said(stuck: Sequence[tuple[ObjectHealth, KubeObject]]) -> str:
    counts = Counter(h.reason for h, _ in stuck)
    return ", ".join(
        f"{'1 pod' if n == 1 else f'{n} pods'} {plain_reason(reason, n)}"
        for reason, n in counts.most_common(2)
    )


def _since(stuck: Sequence[tuple[ObjectHealth, KubeObject]], own: datetime | None) -> datetime | None:
    return min((h.since for h, _ in stuck if h.since), default=own)


def _with_serving(own: ObjectHealth, ready: int) -> ObjectHealth:
    return msgspec.structs.replace(own, reason=f"{own.reason}; {_serving(ready)}")


def _serving(ready: int) -> str:
    if ready == 0:
        return "no pod is ready"
    return "1 ready pod still serves" if ready == 1 else f"{ready} ready pods still serve"


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
