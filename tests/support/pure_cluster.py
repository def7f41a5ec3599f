"""A cluster as a function of its objects: asked as the fleet asks, without sockets, so that thousands of fleets can be tried."""

from collections.abc import Callable, Sequence
from typing import Any

from callboard.base.errors import UsageError
from callboard.base.settings import KubernetesSettings
from callboard.fleet.selection.references import questions, withheld
from callboard.fleet.selection.selection import select
from callboard.model.belonging import belonging
from callboard.model.cluster import ClusterInfo
from callboard.model.entity import Entity, EntityMeta
from callboard.model.objects import KubeObject
from callboard.model.outcome import Answer, Failure, FailureCode, Outcome, Question
from callboard.model.selector import LabelSelector
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice
from support.kube_objects import kube_object

ROUNDS = 5
MINE = {"backstage.io/kubernetes-id": "web"}


def entity(namespaces: str = "") -> Entity:
    """component:default/web, perhaps in these namespaces only."""
    annotations = {"backstage.io/kubernetes-namespace": namespaces} if namespaces else {}
    return Entity(
        api_version="backstage.io/v1alpha1",
        kind="Component",
        metadata=EntityMeta(name="web", annotations=annotations),
    )


def looked_at(
    service: Entity,
    name: str,
    objects: Sequence[KubeObject],
    forbidden: Callable[[Question], bool] = lambda _: False,
) -> ClusterSnapshot:
    """What a look at the service comes to in a cluster that holds these objects, and refuses some questions."""

    def _answer(question: Question) -> Outcome:
        if forbidden(question):
            refused = Failure(code=FailureCode.FORBIDDEN, message="forbidden", status=403)
            return Outcome(question=question, answer=Answer.FORBIDDEN, failure=refused)
        return _answered(question, objects)

    chosen = select(service, name, KubernetesSettings(object_types=None))
    outcomes = tuple(_answer(q) for q in chosen.selection.questions())
    references: tuple[Outcome, ...] = ()
    left_out = 0
    for _ in range(ROUNDS):
        wanted = questions(chosen.selection, outcomes, references)
        left_out = wanted.left_out
        if not wanted.questions:
            break
        references += tuple(_answer(q) for q in wanted.questions)
    notices = [Notice("references-bounded", f"{left_out} further", cluster=name)] if left_out else []
    return ClusterSnapshot(
        cluster=ClusterInfo(name=name),
        state=ClusterState.ANSWERED,
        outcomes=outcomes,
        references=(*belonging(outcomes, references), *withheld(chosen.selection)),
        references_complete=True,
        notices=tuple(notices),
    )


def _answered(question: Question, objects: Sequence[KubeObject]) -> Outcome:
    try:
        selector = LabelSelector.parse(question.label_selector) if question.label_selector else None
    except UsageError as error:
        refused = Failure(code=FailureCode.UNEXPECTED_STATUS, message=error.message, status=400)
        return Outcome(question=question, answer=Answer.BROKEN, failure=refused)
    found = tuple(
        o
        for o in objects
        if o.type.key == question.type.key
        and question.namespace in ("", o.namespace)
        and question.name in ("", o.name)
        and (selector is None or selector.matches(o.meta.labels or {}))
    )
    return Outcome(question=question, answer=Answer.OBJECTS if found else Answer.EMPTY, objects=found)


def thing(what: str, namespace: str, number: int) -> list[KubeObject]:
    """One thing of the service, or beside it, with all that belongs to it."""
    name = f"{what}-{number}"
    app = {"app": f"{name}-{namespace}"}
    match what:
        case "labelled" | "bare":
            labels = {**app, **MINE} if what == "labelled" else app
            owner = _workload("Deployment", name, namespace, {**app, **MINE}, app, labels)
            middle = _workload(
                "ReplicaSet", f"{name}-5d", namespace, {**labels, "pod-template-hash": "5d"}, app, labels,
                owner=("Deployment", name),
            )  # fmt: skip
            pods = [
                _pod(f"{name}-5d-{n}", namespace, {**labels, "pod-template-hash": "5d"}, number + n,
                     owner=("ReplicaSet", f"{name}-5d"))
                for n in range(2)
            ]  # fmt: skip
            return [owner, middle, *pods, _event(namespace, "Pod", pods[0].name)]
        case "stateful":
            made = _workload("StatefulSet", name, namespace, {**app, **MINE}, app, {**app, **MINE})
            pod = _pod(
                f"{name}-0", namespace, {**app, **MINE}, number, owner=("StatefulSet", name), claim=name
            )
            claim = kube_object("PersistentVolumeClaim", {"metadata": _meta(name, namespace, {})})
            return [made, pod, claim, _event(namespace, "StatefulSet", name)]
        case "lone":
            return [_pod(name, namespace, MINE, number), _event(namespace, "Pod", name)]
        case "config":
            return [kube_object("ConfigMap", {"metadata": _meta(name, namespace, MINE)})]
        case "quota":
            return [kube_object("ResourceQuota", {"metadata": _meta(name, namespace, {}), "status": {}})]
        case "neighbour":
            return [_pod(name, namespace, {"app": "other"}, number), _event(namespace, "Pod", name)]
    raise LookupError(what)


THINGS = ("labelled", "bare", "stateful", "lone", "config", "quota", "neighbour")
NODES = [kube_object("Node", {"metadata": {"name": f"n{n}", "uid": f"node-{n}"}}) for n in range(6)]


def _uid(kind: str, namespace: str, name: str) -> str:
    return f"uid:{kind}:{namespace}:{name}"


def _meta(
    name: str, namespace: str, labels: dict[str, str], kind: str = "", owner: tuple[str, str] | None = None
) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "labels": labels,
        "uid": _uid(kind, namespace, name),
    }
    if owner:
        meta["ownerReferences"] = [
            {
                "kind": owner[0],
                "name": owner[1],
                "uid": _uid(owner[0], namespace, owner[1]),
                "apiVersion": "apps/v1",
                "controller": True,
            }
        ]
    return meta


def _workload(
    kind: str,
    name: str,
    namespace: str,
    labels: dict[str, str],
    selector: dict[str, str],
    template: dict[str, str],
    owner: tuple[str, str] | None = None,
) -> KubeObject:
    return kube_object(
        kind,
        {
            "metadata": _meta(name, namespace, labels, kind, owner),
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": selector},
                "template": {"metadata": {"labels": template}, "spec": {"containers": []}},
            },
            "status": {"replicas": 2, "readyReplicas": 1},
        },
    )


def _pod(
    name: str,
    namespace: str,
    labels: dict[str, str],
    number: int,
    *,
    owner: tuple[str, str] | None = None,
    claim: str = "",
) -> KubeObject:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}] if claim else []
    return kube_object(
        "Pod",
        {
            "metadata": _meta(name, namespace, labels, "Pod", owner),
            "spec": {
                "containers": [{"name": "app", "image": "i"}],
                "nodeName": f"n{number % 5}",
                "volumes": volumes,
            },
            "status": {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True" if number % 2 else "False"}],
            },
        },
    )


def _event(namespace: str, kind: str, name: str) -> KubeObject:
    return kube_object(
        "Event",
        {
            "metadata": _meta(f"{name}.event", namespace, {}, "Event"),
            "involvedObject": {
                "kind": kind,
                "name": name,
                "namespace": namespace,
                "uid": _uid(kind, namespace, name),
            },
            "type": "Warning",
            "reason": "BackOff",
            "message": f"about {name}",
        },
    )
