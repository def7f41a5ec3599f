"""Kubernetes objects and snapshots for tests, read through the same gate as a cluster's answer."""

from typing import Any

import msgspec

from callboard.kube.ingest.decode import decode_page
from callboard.model.cluster import ClusterInfo
from callboard.model.entity import Entity, EntityMeta
from callboard.model.objects import KubeObject
from callboard.model.outcome import Answer, Failure, FailureCode, Outcome, Purpose, Question
from callboard.model.resource import KNOWN_TYPES, ResourceType
from callboard.model.snapshot import ClusterSnapshot, ClusterState, ServiceSnapshot

TYPES = {t.kind: t for t in KNOWN_TYPES}


def kube_object(kind: str, document: dict[str, Any], *, type_: ResourceType | None = None) -> KubeObject:
    """One object of a built-in kind, from a document as an API server would list it."""
    resource = type_ or TYPES[kind]
    page = decode_page(
        msgspec.json.encode({"kind": f"{kind}List", "metadata": {}, "items": [document]}), resource
    )
    assert not page.malformed, page.malformed
    return page.objects[0]


def meta(
    name: str, *, uid: str = "", owner: tuple[str, str, str] | None = None, **more: Any
) -> dict[str, Any]:
    """Metadata in namespace `shop`; `owner` is (kind, name, uid) of the controller."""
    out: dict[str, Any] = {"name": name, "namespace": "shop", "uid": uid or f"uid-{name}", **more}
    if owner:
        out["ownerReferences"] = [
            {"kind": owner[0], "name": owner[1], "uid": owner[2], "apiVersion": "apps/v1", "controller": True}
        ]
    return out


def pod(name: str = "web-1", *, owner: tuple[str, str, str] | None = None, **status: Any) -> KubeObject:
    """A pod with one container `app`; ready unless `status` says otherwise."""
    ready = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
            {"name": "app", "ready": True, "restartCount": 0, "image": "a", "state": {"running": {}}}
        ],
    }
    return kube_object(
        "Pod",
        {
            "metadata": meta(name, owner=owner),
            "spec": {
                "containers": [{"name": "app", "image": "registry.example.com/web:1"}],
                "nodeName": "n1",
            },
            "status": {**ready, **status},
        },
    )


def waiting(
    reason: str, *, message: str = "", restarts: int = 0, exit_code: int | None = None
) -> dict[str, Any]:
    """The status of a pod whose container waits; `exit_code` is how its last run ended."""
    last = {"terminated": {"exitCode": exit_code, "reason": "Error"}} if exit_code is not None else {}
    return {
        "phase": "Running" if exit_code is not None else "Pending",
        "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-05-01T14:02:00Z"}],
        "containerStatuses": [
            {
                "name": "app",
                "ready": False,
                "restartCount": restarts,
                "image": "a",
                "state": {"waiting": {"reason": reason, "message": message}},
                "lastState": last,
            }
        ],
    }


def deployment(name: str = "web", *, wanted: int = 1, ready: int = 1, **status: Any) -> KubeObject:
    """A Deployment whose newest generation was seen."""
    return kube_object(
        "Deployment",
        {
            "metadata": meta(name, generation=2),
            "spec": {
                "replicas": wanted,
                "selector": {"matchLabels": {"app": name}},
                "template": {"spec": {"containers": [{"name": "app", "image": "a"}]}},
            },
            "status": {
                "observedGeneration": 2,
                "replicas": wanted,
                "updatedReplicas": wanted,
                "readyReplicas": ready,
                "availableReplicas": ready,
                **status,
            },
        },
    )


def replica_set(name: str, owner: KubeObject, *, replicas: int = 1) -> KubeObject:
    """A ReplicaSet of a Deployment."""
    return kube_object(
        "ReplicaSet",
        {
            "metadata": meta(name, owner=("Deployment", owner.name, owner.meta.uid)),
            "spec": {"replicas": replicas},
            "status": {"replicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas},
        },
    )


def outcomes(*objects: KubeObject, purpose: Purpose = Purpose.SELECTION) -> tuple[Outcome, ...]:
    """One outcome per type, as a fetcher would give them."""
    by_type: dict[ResourceType, list[KubeObject]] = {}
    for obj in objects:
        by_type.setdefault(obj.type, []).append(obj)
    return tuple(
        Outcome(question=Question(type=t, purpose=purpose), answer=Answer.OBJECTS, objects=tuple(found))
        for t, found in by_type.items()
    )


def empty(kind: str) -> Outcome:
    """Asked, answered, nothing there."""
    return Outcome(question=Question(type=TYPES[kind]), answer=Answer.EMPTY)


def failed(kind: str, answer: Answer = Answer.FORBIDDEN, message: str = "pods is forbidden") -> Outcome:
    """A question without an answer."""
    return Outcome(
        question=Question(type=TYPES[kind]),
        answer=answer,
        failure=Failure(code=FailureCode.FORBIDDEN, message=message, status=403),
    )


def cluster(
    name: str,
    *objects: KubeObject,
    also: tuple[Outcome, ...] = (),
    references: tuple[Outcome, ...] = (),
    state: ClusterState = ClusterState.ANSWERED,
    failure: Failure | None = None,
) -> ClusterSnapshot:
    """A cluster's part with these objects selected."""
    return ClusterSnapshot(
        cluster=ClusterInfo(name=name),
        state=state,
        outcomes=(*outcomes(*objects), *also),
        references=references,
        references_complete=True,
        failure=failure,
    )


def service(*clusters: ClusterSnapshot) -> ServiceSnapshot:
    """A snapshot of component:default/web."""
    entity = Entity(api_version="backstage.io/v1alpha1", kind="Component", metadata=EntityMeta(name="web"))
    return ServiceSnapshot(entity=entity, clusters=clusters)
