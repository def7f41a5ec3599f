"""How a workload's health is said, after what was found of it."""

from collections.abc import Sequence

from callboard.diagnosis.texts.catalogue import sentence
from callboard.model.finding import Finding
from callboard.model.objects import KubeObject
from callboard.model.objects.workload import DaemonSet, Deployment, ReplicaSet, StatefulSet
from callboard.model.verdict import Health, ObjectHealth

__all__ = ["health_said", "replicas"]


def replicas(obj: KubeObject) -> tuple[int, int]:
    """(ready, desired) as the controller itself counts; (0, 0) for what has no replicas."""
    body = obj.body
    if isinstance(body, Deployment | StatefulSet | ReplicaSet):
        return body.status.ready_replicas, body.spec.replicas
    if isinstance(body, DaemonSet):
        return body.status.number_ready, body.status.desired_number_scheduled
    return 0, 0


def health_said(own: ObjectHealth, alarms: Sequence[Finding], counts: tuple[int, int]) -> ObjectHealth:
    """UNHEALTHY, with the two worst findings in words and what still serves. `own` is what the controller says of itself."""
    ready, desired = counts
    first = alarms[0]
    said = ", ".join(dict.fromkeys(sentence(f) for f in alarms[:2]))
    if first.count and own.health is Health.HEALTHY and desired and ready >= desired:
        reason = f"{said}, running again now"
    elif desired and first.count and ready >= desired:
        reason = f"the newest change is stuck: {said}; {_serving(ready)}"
    elif desired and ready < desired and first.code != "CB-UNAVAILABLE":
        # while a release goes on there are more pods than are wanted: the two numbers are not parts of one
        surplus = first.count > desired - ready
        reason = (
            f"{ready} of the {desired} pods it wants are ready, while {said}"
            if surplus
            else f"{ready} of {desired} pods ready: {said}"
        )
    elif desired and first.code != "CB-UNAVAILABLE":
        reason = f"{said}; {_serving(ready)}"
    else:
        reason = said
    sinces = [f.since for f in alarms if f.since is not None]
    since = min(sinces, key=lambda s: (s.at, not s.exact), default=None)
    return ObjectHealth(
        health=Health.UNHEALTHY,
        reason=reason,
        since=since.at if since is not None else own.since,
        at_least=since is not None and not since.exact,
    )


def _serving(ready: int) -> str:
    if ready == 0:
        return "no pod is ready"
    return "1 ready pod still serves" if ready == 1 else f"{ready} ready pods still serve"
