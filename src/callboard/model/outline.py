"""An object that is as it should be, in outline: what a verdict needs of it, told at ingest, so that nothing has to be opened.

Most pods are well and stay so, and of a pod that is well a verdict needs to know whose it is and nothing else. Pure.
"""

from collections.abc import Callable
from typing import Final

from callboard.model.objects import (
    Body,
    Condition,
    KubeObject,
    ObjectMeta,
    OwnerReference,
    PackedObject,
    body_type,
)
from callboard.model.objects.pod import Pod, PodSpec, PodStatus
from callboard.model.objects.workload import ReplicaSet, ReplicaSetSpec

__all__ = ["Well", "nothing_is_well", "outline"]

Well = Callable[[Body], tuple[OwnerReference, ...] | None]
"""What tells of an object whether it is as it should be: its owners where it is, else None. Diagnosis declares it beside its
rules (`diagnosis.rules.well`); `app` hands it to whoever keeps objects."""


def nothing_is_well(_: Body) -> tuple[OwnerReference, ...] | None:
    """For whoever keeps objects and judges none: every one of them is opened."""
    return None


def outline(kept: PackedObject) -> KubeObject | None:
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
