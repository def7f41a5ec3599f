"""An object that is as it should be, in outline: what a verdict needs of it, told at ingest, so that nothing has to be opened.

Most pods are well and stay so, and of a pod that is well a verdict needs to know whose it is and nothing else. Pure.
"""

from collections.abc import Callable
from typing import Any, Final

from callboard.model.objects import Body, Condition, Kept, KubeObject, ObjectMeta, OwnerReference, body_type
from callboard.model.objects.config import ConfigMap, LimitRange, ResourceQuota, SecretMetadata
from callboard.model.objects.meta import condition
from callboard.model.objects.network import Ingress, Service
from callboard.model.objects.pod import Pod, PodSpec, PodStatus
from callboard.model.objects.workload import HorizontalPodAutoscaler, ReplicaSet, ReplicaSetSpec
from callboard.model.relapse import OFTEN, loops

__all__ = ["outline", "owners_if_well"]


def owners_if_well(body: Body) -> tuple[OwnerReference, ...] | None:
    """Its owners, where nothing about it can trouble a verdict or lead to a further question until it changes, whatever the
    time is; else None, as for every type of which that is not told here."""
    well = _WELL.get(type(body))
    if well is None or body.metadata.deletion_timestamp is not None or not well(body):
        return None
    return body.metadata.owner_references


def outline(kept: Kept) -> KubeObject | None:
    """The object as far as `kept.well` tells it, None where it must be opened.

    Diagnosis, visibility and `belonging` find the same as in the whole. It is for them alone: `raw` is empty, and what else
    the object says (annotations, containers, volumes, when it was made) is as if it were not there.
    """
    if kept.well is None:
        return None
    meta = ObjectMeta(
        name=kept.name,
        namespace=kept.namespace,
        uid=kept.uid,
        resource_version=kept.resource_version,
        labels=kept.labels,  # type: ignore[arg-type]  # a mapping that nobody changes
        owner_references=kept.well,
    )
    body = body_type(kept.type)
    if body is Pod:
        return KubeObject(kept.type, Pod(meta, _NO_SPEC, _READY), b"")
    if body is ReplicaSet:
        return KubeObject(kept.type, ReplicaSet(meta, _NOTHING_WANTED), b"")
    return KubeObject(kept.type, body(metadata=meta), b"")


_NO_SPEC: Final = PodSpec()
_READY: Final = PodStatus(phase="Running", conditions=(Condition(type="Ready", status="True"),))
_NOTHING_WANTED: Final = ReplicaSetSpec(replicas=0)


def _pod(pod: Pod) -> bool:
    """Ready, with no container that waits or has failed, and none that is expected to crash again."""
    status = pod.status
    if status.phase != "Running":
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
    return all(c.status != "False" for c in body.status.conditions)


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
    Ingress: _always,
    LimitRange: _always,
    ResourceQuota: _always,
}
