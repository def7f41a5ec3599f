"""Which of the objects that came as references truly belong to the service, or are about it. Pure.

A second question is wider than the service: a workload's selector may match a neighbour's pods, Warning events come for the
whole namespace. What is not the service's is dropped here, before anything is kept, counted or shown.
"""

from collections.abc import Iterable, Sequence

import msgspec

from callboard.model.objects import KubeObject
from callboard.model.objects.cluster_state import Event
from callboard.model.objects.pod import Pod
from callboard.model.outcome import Answer, Outcome
from callboard.model.resource import POD_METRICS
from callboard.model.snapshot import CHILD_TYPES

__all__ = ["belonging", "claims_of", "members", "nodes_of"]


def belonging(outcomes: Sequence[Outcome], references: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The references with only what belongs: children by the uid of their controller, however many steps below a selected
    object; events by their involved object; nodes and claims that the service's pods name; what its pods use; quotas whole.

    Objects that were selected already, or stand in an earlier reference, are dropped. An answer of which nothing is left is
    EMPTY; every other answer, failure and malformed object stays as it came.
    """
    selected = [o for outcome in outcomes for o in outcome.objects]
    children = _children(selected, references)
    family = {o.meta.uid for o in selected} | {o.meta.uid for o in children}
    family.discard("")
    named = {(o.type.title, o.namespace, o.name) for o in (*selected, *children)}
    pods = [o for o in (*selected, *children) if isinstance(o.body, Pod)]
    nodes, claims = nodes_of(pods), claims_of(pods)
    measured = {(o.namespace, o.name) for o in pods}
    seen = {_identity(o) for o in selected}
    kept: list[Outcome] = []
    for outcome in references:
        if outcome.answer is not Answer.OBJECTS:
            kept.append(outcome)
            continue
        key = outcome.question.type.key
        objects: list[KubeObject] = []
        for obj in outcome.objects:
            if key in CHILD_TYPES:
                mine = obj.meta.uid in family
            elif isinstance(obj.body, Event):
                mine = _concerns(obj.body, family, named)
            elif key == "nodes":
                mine = obj.name in nodes
            elif key == "persistentvolumeclaims":
                mine = (obj.namespace, obj.name) in claims
            elif key == POD_METRICS.key:
                mine = (obj.namespace, obj.name) in measured
            else:
                mine = True
            identity = _identity(obj)
            if mine and identity not in seen:
                seen.add(identity)
                objects.append(obj)
        kept.append(
            msgspec.structs.replace(
                outcome, objects=tuple(objects), answer=Answer.OBJECTS if objects else Answer.EMPTY
            )
        )
    return tuple(kept)


def members(outcomes: Sequence[Outcome], references: Sequence[Outcome]) -> list[KubeObject]:
    """The selected objects and their children among the references, each once."""
    selected = [o for outcome in outcomes for o in outcome.objects]
    return [*selected, *_children(selected, references)]


def nodes_of(objects: Iterable[KubeObject]) -> set[str]:
    """The names of the nodes that pods run on."""
    return {o.body.spec.node_name for o in objects if isinstance(o.body, Pod) and o.body.spec.node_name}


def claims_of(objects: Iterable[KubeObject]) -> set[tuple[str, str]]:
    """(namespace, name) of the claims that pods mount."""
    return {
        (o.namespace, v.persistent_volume_claim.claim_name)
        for o in objects
        if isinstance(o.body, Pod)
        for v in o.body.spec.volumes
        if v.persistent_volume_claim is not None
    }


def _children(selected: Sequence[KubeObject], references: Sequence[Outcome]) -> list[KubeObject]:
    candidates: dict[str, KubeObject] = {}
    for outcome in references:
        if outcome.question.type.key in CHILD_TYPES:
            for obj in outcome.objects:
                if obj.meta.uid:
                    candidates.setdefault(obj.meta.uid, obj)
    family = {o.meta.uid for o in selected if o.meta.uid}
    for uid in family & candidates.keys():
        del candidates[uid]
    unseen = _deployments_with_unseen_replica_sets(selected, references)
    children: list[KubeObject] = []
    grew = True
    while grew:
        grew = False
        for uid, obj in list(candidates.items()):
            if any(ref.uid in family for ref in obj.meta.owner_references) or _named_after(obj, unseen):
                del candidates[uid]
                family.add(uid)
                children.append(obj)
                grew = True
    return children


def _deployments_with_unseen_replica_sets(
    selected: Sequence[KubeObject], references: Sequence[Outcome]
) -> set[tuple[str, str]]:
    failed = {
        o.question.namespace
        for o in references
        if o.question.type.key == "replicasets.apps" and o.answer.failed
    }
    return {
        (o.namespace, o.name) for o in selected if o.type.key == "deployments.apps" and o.namespace in failed
    }


def _named_after(obj: KubeObject, deployments: set[tuple[str, str]]) -> bool:
    """Whether a pod's ReplicaSet has the name that a Deployment's has: `<deployment>-<pod-template-hash>`
    (pkg/controller/deployment/sync.go). Used only where the ReplicaSets themselves could not be read."""
    if not deployments or not isinstance(obj.body, Pod):
        return False
    owner, hash_ = obj.meta.controller, obj.meta.label("pod-template-hash")
    if owner is None or owner.kind != "ReplicaSet" or not hash_ or not owner.name.endswith(f"-{hash_}"):
        return False
    return (obj.namespace, owner.name[: -len(hash_) - 1]) in deployments


def _concerns(event: Event, family: set[str], named: set[tuple[str, str, str]]) -> bool:
    involved = event.involved_object
    if involved.uid:
        return involved.uid in family
    return (involved.kind, involved.namespace or event.metadata.namespace, involved.name) in named


def _identity(obj: KubeObject) -> tuple[str, str, str]:
    return (obj.type.key, obj.namespace, obj.name)
