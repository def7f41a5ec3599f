"""Manifests as a cluster would show them, written by few words, and single changes to them."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

__all__ = [
    "ABSENT",
    "NOW",
    "Case",
    "Document",
    "Near",
    "ago",
    "changed",
    "condition",
    "container",
    "event",
    "meta",
    "near",
    "pod",
    "web",
    "with_owner",
]

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
Document = dict[str, Any]
ABSENT = "(absent)"
"""Takes a field away."""


class Near(msgspec.Struct, frozen=True):
    """A change of one field, and what is found then."""

    path: str
    value: Any
    gives: frozenset[str] = frozenset()


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """`source` says where it is known from that a cluster shows this; `asked` whether its objects are asked for by default, or
    only where `kubernetes.objectTypes` names them."""

    code: str
    documents: list[Document]
    source: str
    near: tuple[Near, ...]
    also: frozenset[str] = frozenset()
    asked: bool = True


def near(path: str, value: Any = ABSENT, *gives: str) -> Near:
    return Near(path, value, frozenset(gives))


def ago(**span: float) -> str:
    """A moment before now, as Kubernetes writes it."""
    return (NOW - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


def changed(documents: list[Document], change: Near) -> list[Document]:
    """The documents with one field changed. A path begins with a kind, or a kind and a number: `Pod/1.status.phase`."""
    made = copy.deepcopy(documents)
    kind, *steps = change.path.split(".")
    steps = [step.replace("|", ".") for step in steps]
    kind, _, number = kind.partition("/")
    found = [d for d in made if d["kind"] == kind]
    at: Any = found[int(number or 0)]
    if not steps:
        made.remove(at)
        return made
    for step in steps[:-1]:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    last = steps[-1]
    if isinstance(at, list):
        at[int(last)] = change.value
    elif change.value == ABSENT:
        del at[last]
    else:
        at[last] = change.value
    return made


def meta(name: str, owner: Document | None = None, **more: Any) -> Document:
    out: Document = {
        "name": name,
        "namespace": "shop",
        "uid": f"uid-{name}",
        "creationTimestamp": ago(hours=2),
        "generation": 1,
        **more,
    }
    return with_owner(out, owner) if owner is not None else out


def with_owner(metadata: Document, owner: Document) -> Document:
    controller = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    return {**metadata, "ownerReferences": [controller]}


def container(name: str = "app", **status: Any) -> Document:
    """A container's status: it runs and is ready, unless told otherwise."""
    return {
        "name": name,
        "image": "registry.example.com/web:1",
        "ready": False,
        "restartCount": 0,
        "state": {},
        "lastState": {},
        **status,
    }


def condition(type_: str, status: str = "False", at: str = "", **more: Any) -> Document:
    return {"type": type_, "status": status, "lastTransitionTime": at or ago(hours=2), **more}


def pod(
    name: str = "web-abc-1",
    *statuses: Document,
    owner: Document | None = None,
    spec: Document | None = None,
    metadata: Document | None = None,
    conditions: list[Document] | None = None,
    **status: Any,
) -> Document:
    """A pod that was made two hours ago, with a node; its containers are as told."""
    inits = [s for s in statuses if s.get("init")]
    mains = [s for s in statuses if not s.get("init")] or [container(state={"running": {}}, ready=True)]
    told: Document = {
        "phase": "Running",
        "startTime": ago(hours=2),
        "conditions": conditions
        if conditions is not None
        else [condition("PodScheduled", "True"), condition("Ready", "False")],
        "containerStatuses": [{k: v for k, v in s.items() if k != "init"} for s in mains],
    }
    if inits:
        told["initContainerStatuses"] = [{k: v for k, v in s.items() if k != "init"} for s in inits]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**meta(name, owner), **(metadata or {})},
        "spec": {
            "nodeName": "n1",
            "containers": [{"name": s["name"], "image": s["image"]} for s in mains],
            **(spec or {}),
        },
        "status": {**told, **status},
    }


def web(*pods: Document, wanted: int | None = None, ready: int = 0, **status: Any) -> list[Document]:
    """A Deployment on its way to its newest version, with a ReplicaSet that owns these pods."""
    wanted = len(pods) if wanted is None else wanted
    deployment: Document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta("web", annotations={"deployment.kubernetes.io/revision": "1"}),
        "spec": {"replicas": wanted, "progressDeadlineSeconds": 600},
        "status": {
            "observedGeneration": 1,
            "replicas": wanted,
            "updatedReplicas": wanted,
            "readyReplicas": ready,
            "availableReplicas": ready,
            "conditions": [
                condition("Available", "True" if ready >= wanted else "False"),
                condition("Progressing", "True", reason="ReplicaSetUpdated"),
            ],
            **status,
        },
    }
    replica_set = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": meta("web-abc", deployment, annotations={"deployment.kubernetes.io/revision": "1"}),
        "spec": {"replicas": wanted},
        "status": {"observedGeneration": 1, "replicas": wanted, "readyReplicas": ready},
    }
    owned = [{**p, "metadata": with_owner(p["metadata"], replica_set)} for p in pods]
    return [deployment, replica_set, *owned]


def event(about: Document, reason: str, message: str, *, field: str = "") -> Document:
    """A Warning about an object."""
    involved = {
        "kind": about["kind"],
        "namespace": "shop",
        "name": about["metadata"]["name"],
        "uid": about["metadata"]["uid"],
    }
    if field:
        involved["fieldPath"] = f"spec.containers{{{field}}}"
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{about['metadata']['name']}.{reason}.{len(message)}", "namespace": "shop"},
        "involvedObject": involved,
        "type": "Warning",
        "reason": reason,
        "message": message,
        "count": 3,
        "lastTimestamp": ago(minutes=1),
    }
