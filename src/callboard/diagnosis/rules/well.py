"""What is well: of which no rule says anything worse than a notice, at any time, until it changes.

Told at ingest, where most objects are seen for the only time: such an object is kept in outline (`model.outline`), and a list
never opens it. Whoever adds a rule adds here what it may speak of; a property test compares the two.
"""

from collections.abc import Callable
from typing import Any, Final

from callboard.diagnosis.loops import OFTEN, loops
from callboard.model.objects import Body, OwnerReference
from callboard.model.objects.config import ConfigMap, LimitRange, ResourceQuota, SecretMetadata
from callboard.model.objects.meta import condition
from callboard.model.objects.network import Ingress, Service
from callboard.model.objects.pod import Pod
from callboard.model.objects.workload import HorizontalPodAutoscaler, ReplicaSet

__all__ = ["owners_if_well"]


def owners_if_well(body: Body) -> tuple[OwnerReference, ...] | None:
    """Its owners, where nothing about it can trouble a verdict or lead to a further question until it changes, whatever the
    time is; else None, as for every type of which that is not told here."""
    well = _WELL.get(type(body))
    if well is None or body.metadata.deletion_timestamp is not None or not well(body):
        return None
    return body.metadata.owner_references


def _pod(pod: Pod) -> bool:
    """Ready, with no container that waits or has failed, and none that is expected to crash again."""
    status = pod.status
    if status.phase != "Running" or status.reason:
        return False
    ready = condition(status.conditions, "Ready")
    if ready is None or ready.status != "True":
        return False
    often = False
    for each in status.init_container_statuses + status.container_statuses:
        state = each.state
        if state.waiting is not None or (state.terminated is not None and state.terminated.exit_code != 0):
            return False
        often = often or each.restart_count >= OFTEN
    return not often or next(loops(pod), None) is None


def _replica_set(body: ReplicaSet) -> bool:
    """An older version, kept to go back to: nothing is wanted of it, and nothing is left."""
    status = body.status
    return (
        not body.spec.replicas
        and not status.replicas
        and status.observed_generation >= body.metadata.generation
        and condition(status.conditions, "ReplicaFailure") is None
    )


def _service(body: Service) -> bool:
    return body.spec.type != "LoadBalancer"


def _autoscaler(body: HorizontalPodAutoscaler) -> bool:
    """It was looked at, can scale, and is not held at its maximum."""
    return bool(body.status.conditions) and not any(
        c.reason == "TooManyReplicas" if c.type == "ScalingLimited" else c.status == "False"
        for c in body.status.conditions
    )


def _ingress(body: Ingress) -> bool:
    return bool(body.status.load_balancer.ingress)


def _always(_: Body) -> bool:
    return True


# Each rule takes the struct it stands beside: no body has a subclass.
_WELL: Final[dict[type, Callable[[Any], bool]]] = {
    Pod: _pod,
    ReplicaSet: _replica_set,
    Service: _service,
    HorizontalPodAutoscaler: _autoscaler,
    ConfigMap: _always,
    SecretMetadata: _always,
    Ingress: _ingress,
    LimitRange: _always,
    ResourceQuota: _always,
}
