"""Which pod belongs to which workload: owner references followed by uid within one cluster."""

from collections.abc import Iterable

import msgspec

from callboard.model.objects import Generic, KubeObject
from callboard.model.objects.pod import Pod
from callboard.model.objects.workload import CronJob, DaemonSet, Deployment, Job, ReplicaSet, StatefulSet
from callboard.model.snapshot import ClusterSnapshot
from callboard.model.workloads import pod_labels

__all__ = ["Grouping", "Workload", "group"]

_BELOW = (Pod, ReplicaSet, Job)
_CHILDREN = (ReplicaSet, Job)
_COMPLETE = (Deployment, StatefulSet, DaemonSet, CronJob)
"""What says all of its pods itself: it stands for itself also where a custom resource has made it."""
_CONTROLLERS = (Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob)


class Workload(msgspec.Struct, frozen=True):
    """A controller nobody known owns, with its ReplicaSets or Jobs and all pods below it."""

    object: KubeObject
    children: tuple[KubeObject, ...]
    pods: tuple[KubeObject, ...]


class Grouping(msgspec.Struct, frozen=True):
    """A cluster's part in its owners' order. `referenced` holds the uids of objects that came by reference, not by selection."""

    workloads: tuple[Workload, ...]
    pods: tuple[KubeObject, ...]
    """Pods that no known object owns."""
    others: tuple[KubeObject, ...]
    """Everything selected that is neither a controller nor a pod."""
    referenced: frozenset[str]


def group(cluster: ClusterSnapshot) -> Grouping:
    """Group what was selected; objects that came by reference count only when an owner among the selected leads to them."""
    selected = _by_uid(cluster.objects())
    extra = _by_uid(
        o
        for outcome in cluster.references
        for o in outcome.objects
        if isinstance(o.body, _BELOW) and o.meta.uid not in selected
    )
    known = {**extra, **selected}
    roots = {uid: _root(obj, known) for uid, obj in known.items()}
    belonging = {uid for uid in extra if roots[uid] in selected}
    below: dict[str, list[KubeObject]] = {}
    for uid, obj in known.items():
        if roots[uid] != uid and (uid in selected or uid in belonging):
            below.setdefault(roots[uid], []).append(obj)
    workloads: list[Workload] = []
    pods: list[KubeObject] = []
    others: list[KubeObject] = []
    for uid, obj in selected.items():
        if roots[uid] != uid:
            if not isinstance(obj.body, _BELOW):
                others.append(obj)
            continue
        members = below.get(uid, [])
        if _makes_pods(obj) or any(isinstance(m.body, _BELOW) for m in members):
            workloads.append(
                Workload(
                    obj,
                    tuple(m for m in members if isinstance(m.body, _CHILDREN)),
                    tuple(m for m in members if isinstance(m.body, Pod)),
                )
            )
        elif isinstance(obj.body, Pod):
            pods.append(obj)
        else:
            others.append(obj)
    return Grouping(tuple(workloads), tuple(pods), tuple(others), frozenset(belonging))


def _makes_pods(obj: KubeObject) -> bool:
    """A controller of Kubernetes' own, or a custom one with a selector and a pod template, whether or not it has pods now."""
    if isinstance(obj.body, Generic):
        return pod_labels(obj) is not None
    return isinstance(obj.body, _CONTROLLERS)


def _by_uid(objects: Iterable[KubeObject]) -> dict[str, KubeObject]:
    """Keyed by uid, or by type, namespace and name where an object lacks one."""
    return {o.meta.uid or f"{o.type.key}/{o.namespace}/{o.name}": o for o in objects}


def _root(obj: KubeObject, known: dict[str, KubeObject]) -> str:
    """The uid at the top of the chain of controllers among the known; whoever is led into a cycle stands alone."""
    start = uid = obj.meta.uid or f"{obj.type.key}/{obj.namespace}/{obj.name}"
    seen = {uid}
    while True:
        owner = known[uid].meta.controller
        if owner is None or owner.uid not in known:
            return uid
        if owner.uid in seen:
            return start
        if isinstance(known[uid].body, _COMPLETE) and isinstance(known[owner.uid].body, Generic):
            return uid
        uid = owner.uid
        seen.add(uid)
