"""Readiness of one object: of what makes pods by the rules of kstatus (sigs.k8s.io/cli-utils, pkg/kstatus/status), of all
else by `diagnosis.objects`.

kstatus says InProgress, Failed, Current, Terminating; here PROGRESSING, UNHEALTHY, HEALTHY, and PROGRESSING for what is being
deleted. The reasons are kstatus' facts in plain words.
"""

from collections.abc import Callable
from datetime import datetime

from callboard.diagnosis.objects.judge import judgement_of
from callboard.diagnosis.objects.judgement import State
from callboard.diagnosis.pod_status import pod_health
from callboard.model.objects import Condition, KubeObject
from callboard.model.objects.meta import ObjectMeta, condition
from callboard.model.objects.pod import Pod
from callboard.model.objects.workload import DaemonSet, Deployment, Job, ReplicaSet, StatefulSet
from callboard.model.verdict import Health, ObjectHealth

__all__ = ["object_health"]

_HEALTHY = ObjectHealth(health=Health.HEALTHY)


def object_health(obj: KubeObject, now: datetime | None = None) -> ObjectHealth:
    """The readiness of an object from its own fields alone. `now` is the cluster's time, for pods between two crashes and for
    what is given time before it counts as failed."""
    body = obj.body
    if isinstance(body, Pod):
        return pod_health(body, now)
    if body.metadata.deletion_timestamp is not None:
        return _progressing("being deleted")
    rule = _RULES.get(type(body))
    return rule(body) if rule is not None else _other(obj, now)


def _progressing(reason: str, since: Condition | None = None) -> ObjectHealth:
    return ObjectHealth(
        health=Health.PROGRESSING, reason=reason, since=since.last_transition_time if since else None
    )


def _unhealthy(reason: str, since: Condition | None = None) -> ObjectHealth:
    return ObjectHealth(
        health=Health.UNHEALTHY, reason=reason, since=since.last_transition_time if since else None
    )


def _unseen_spec(meta: ObjectMeta, observed: int) -> ObjectHealth | None:
    if observed < meta.generation:
        return _progressing("Kubernetes has not begun with the newest change")
    return None


def _deployment(body: Deployment) -> ObjectHealth:
    if late := _unseen_spec(body.metadata, body.status.observed_generation):
        return late
    spec, status = body.spec, body.status
    progressing = condition(status.conditions, "Progressing")
    if progressing and progressing.reason == "ProgressDeadlineExceeded":
        return _unhealthy("the new version did not become ready within its deadline", progressing)
    failure = condition(status.conditions, "ReplicaFailure")
    if failure and failure.status == "True":
        return _unhealthy("pods cannot be created", failure)
    if status.replicas < spec.replicas:
        return _progressing(f"{status.replicas} of {spec.replicas} pods created", progressing)
    if not spec.paused:  # a paused rollout is on no way, and its pods are as they should be
        if status.updated_replicas < spec.replicas:
            return _progressing(
                f"{status.updated_replicas} of {spec.replicas} pods run the new version", progressing
            )
        if status.replicas > spec.replicas:
            return _progressing(_ending(status.replicas - spec.replicas, "old "), progressing)
    available = condition(status.conditions, "Available")
    if status.available_replicas < spec.replicas:
        return _progressing(f"{status.available_replicas} of {spec.replicas} pods ready", available)
    if available and available.status == "False":
        return _progressing("fewer pods ready than needed", available)
    return _HEALTHY


def _ending(pods: int, which: str = "") -> str:
    return f"1 {which}pod is still ending" if pods == 1 else f"{pods} {which}pods are still ending"


def _replica_set(body: ReplicaSet) -> ObjectHealth:
    if late := _unseen_spec(body.metadata, body.status.observed_generation):
        return late
    spec, status = body.spec, body.status
    failure = condition(status.conditions, "ReplicaFailure")
    if failure and failure.status == "True":
        return _unhealthy("pods cannot be created", failure)
    if status.replicas < spec.replicas:
        return _progressing(f"{status.replicas} of {spec.replicas} pods created")
    if status.replicas > spec.replicas:
        return _progressing(_ending(status.replicas - spec.replicas))
    if status.available_replicas < spec.replicas:
        return _progressing(f"{status.available_replicas} of {spec.replicas} pods ready")
    return _HEALTHY


def _stateful_set(body: StatefulSet) -> ObjectHealth:
    if late := _unseen_spec(body.metadata, body.status.observed_generation):
        return late
    spec, status = body.spec, body.status
    if status.replicas < spec.replicas:
        return _progressing(f"{status.replicas} of {spec.replicas} pods created")
    if status.ready_replicas < spec.replicas:
        return _progressing(f"{status.ready_replicas} of {spec.replicas} pods ready")
    if status.replicas > spec.replicas:
        return _progressing(_ending(status.replicas - spec.replicas))
    if spec.update_strategy.type == "OnDelete":
        return _HEALTHY  # which pods are old is up to whoever deletes them; that all are there is not
    rolling = spec.update_strategy.rolling_update
    wanted = spec.replicas - (rolling.partition if rolling else 0)
    if rolling and rolling.partition:
        if status.updated_replicas < wanted:
            return _progressing(f"{status.updated_replicas} of {wanted} pods run the new version")
        return _HEALTHY
    if status.current_revision != status.update_revision:
        return _progressing(f"{status.updated_replicas} of {spec.replicas} pods run the new version")
    return _HEALTHY


def _daemon_set(body: DaemonSet) -> ObjectHealth:
    if late := _unseen_spec(body.metadata, body.status.observed_generation):
        return late
    status = body.status
    desired = status.desired_number_scheduled
    on_delete = body.spec.update_strategy.type == "OnDelete"
    for count, words in (
        (status.current_number_scheduled, "nodes have their pod"),
        (desired if on_delete else status.updated_number_scheduled, "pods run the new version"),
        (status.number_available, "pods ready"),
        (status.number_ready, "pods ready"),
    ):
        if count < desired:
            return _progressing(f"{count} of {desired} {words}")
    return _HEALTHY


def _job(body: Job) -> ObjectHealth:
    for type_ in ("Failed", "FailureTarget"):
        failed = condition(body.status.conditions, type_)
        if failed is None or failed.status != "True":
            continue
        tries = f" after {body.status.failed} tries" if body.status.failed > 1 else ""
        return _unhealthy(f"failed{tries}" + (f" ({failed.reason})" if failed.reason else ""), failed)
    complete = condition(body.status.conditions, "Complete")
    if complete and complete.status == "True":
        return _HEALTHY
    if body.spec.suspend:
        return ObjectHealth(health=Health.HEALTHY, reason="suspended")
    if body.status.start_time is None:
        return _progressing("not started yet")
    return ObjectHealth(health=Health.HEALTHY, reason="running", since=body.status.start_time)


def _other(obj: KubeObject, now: datetime | None) -> ObjectHealth:
    """Of what is neither a pod nor makes pods."""
    found = judgement_of(obj, now)
    return ObjectHealth(health=_HEALTHS[found.state], reason=found.words, since=found.since)


_HEALTHS = {
    State.WELL: Health.HEALTHY,
    State.HELD: Health.HELD,
    State.PROGRESSING: Health.PROGRESSING,
    State.UNKNOWN: Health.UNKNOWN,
    State.FAILED: Health.UNHEALTHY,
    State.NOT_JUDGED: Health.NOT_JUDGED,
}

# Each rule takes the struct it stands beside: no body has a subclass.
_RULES: dict[type, Callable[..., ObjectHealth]] = {
    Deployment: _deployment,
    ReplicaSet: _replica_set,
    StatefulSet: _stateful_set,
    DaemonSet: _daemon_set,
    Job: _job,
}
