"""Which of the objects that came as references truly belong to the service, or are about it. Pure.

A second question is wider than the service: a workload's selector may match a neighbour's pods, Warning events come for the
whole namespace. What is not the service's is dropped here, before anything is kept, counted or shown.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Final

import msgspec

from callboard.model.objects import KubeObject
from callboard.model.objects.cluster_state import Event, Node
from callboard.model.objects.meta import condition
from callboard.model.objects.pod import Pod
from callboard.model.outcome import Answer, Outcome
from callboard.model.quantity import quantity
from callboard.model.resource import EVENTS, NODES, POD_METRICS
from callboard.model.snapshot import CHILD_TYPES

__all__ = ["belonging", "claims_of", "members", "nodes_of", "short_of"]

_CLAIMS = "persistentvolumeclaims"
_NODES = re.compile(r"0/(\d{1,6}) nodes are available")
_SHORT = re.compile(r"\d Insufficient ([^\s,.]{1,63})")
MOST_NODES_READ: Final = 200
"""Nodes of a cluster that are read to tell how large the largest is: some megabytes."""
MOST_RESOURCES: Final = 8


def belonging(outcomes: Sequence[Outcome], references: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The references with only what belongs: children by the uid of their controller, however many steps below a selected
    object; events by their involved object; nodes that `nodes_of` names, and claims that the service's pods name; what its
    pods use; quotas whole.

    Objects that were selected already, or stand in an earlier reference, are dropped. An answer of which nothing is left is
    EMPTY; every other answer, failure and malformed object stays as it came.
    """
    types = {o.question.type.key for o in references if o.answer is Answer.OBJECTS}
    if not types:
        return tuple(references)
    family = _Family(outcomes, references)
    seen = {_identity(o) for o in family.selected if o.type.key in types}
    kept: list[Outcome] = []
    for outcome in references:
        if outcome.answer is not Answer.OBJECTS:
            kept.append(outcome)
            continue
        mine = family.test(outcome.question.type.key)
        objects: list[KubeObject] = []
        for obj in outcome.objects:
            identity = _identity(obj)
            if identity not in seen and mine(obj):
                seen.add(identity)
                objects.append(obj)
        kept.append(
            outcome
            if objects and len(objects) == len(outcome.objects)
            else msgspec.structs.replace(
                outcome, objects=tuple(objects), answer=Answer.OBJECTS if objects else Answer.EMPTY
            )
        )
    return tuple(kept)


class _Family:
    """The service's own objects, and what is about them. What no answer needs is not worked out: most looks bring a quota and
    nothing else."""

    def __init__(self, outcomes: Sequence[Outcome], references: Sequence[Outcome]) -> None:
        self.selected = [o for outcome in outcomes for o in outcome.objects]
        self._references = references

    @cached_property
    def children(self) -> list[KubeObject]:
        return _children(self.selected, self._references)

    @cached_property
    def uids(self) -> set[str]:
        uids = {o.meta.uid for o in (*self.selected, *self.children)}
        uids.discard("")
        return uids

    @cached_property
    def named(self) -> set[tuple[str, str, str]]:
        return {(o.type.title, o.namespace, o.name) for o in (*self.selected, *self.children)}

    @cached_property
    def pods(self) -> list[KubeObject]:
        return [o for o in (*self.selected, *self.children) if isinstance(o.body, Pod)]

    @cached_property
    def largest_nodes(self) -> set[str]:
        whole = [o for o in self._references if o.question.type.key == NODES.key and not o.question.name]
        return _largest((n for o in whole for n in o.objects), short_of(self.pods)) if whole else set()

    def test(self, key: str) -> Callable[[KubeObject], bool]:
        """What tells of an object of a type whether it belongs."""
        if key in CHILD_TYPES:
            uids = self.uids
            return lambda o: o.meta.uid in uids
        if key == EVENTS.key:
            return self._concerned
        if key == NODES.key:
            nodes = set(nodes_of(self.pods)) | self.largest_nodes
            return lambda o: o.name in nodes
        if key == _CLAIMS or key == POD_METRICS.key:
            places = claims_of(self.pods) if key == _CLAIMS else {(o.namespace, o.name) for o in self.pods}
            return lambda o: (o.namespace, o.name) in places
        return lambda _: True

    def _concerned(self, obj: KubeObject) -> bool:
        if not isinstance(obj.body, Event):
            return True
        involved = obj.body.involved_object
        if involved.uid:
            return involved.uid in self.uids
        place = involved.namespace or obj.namespace
        return (involved.kind, place, involved.name) in self.named


def members(outcomes: Sequence[Outcome], references: Sequence[Outcome]) -> list[KubeObject]:
    """The selected objects and their children among the references, each once."""
    selected = [o for outcome in outcomes for o in outcome.objects]
    return [*selected, *_children(selected, references)]


def nodes_of(objects: Iterable[KubeObject]) -> list[str]:
    """The names of the nodes that may explain a service's trouble, each once: those on which pods run that are neither ready
    nor finished.

    The node controller takes Ready from every pod of a node that falls silent, and a node that is short of something evicts:
    what a node does to a service shows in its pods. The nodes of pods that are well say nothing about the service.
    """
    found = (o.body for o in objects if isinstance(o.body, Pod) and o.body.spec.node_name)
    return list(dict.fromkeys(p.spec.node_name for p in found if not _well(p)))


def short_of(objects: Iterable[KubeObject]) -> frozenset[str]:
    """What is short on every node for pods that the scheduler refuses: `cpu`, `memory`. Empty where none is refused for that, or
    where there are more nodes than are worth reading for one sentence: how large the largest of them is."""
    found: set[str] = set()
    for obj in objects:
        if isinstance(obj.body, Pod) and not obj.body.spec.node_name:
            told = condition(obj.body.status.conditions, "PodScheduled")
            if told is not None and told.status == "False" and told.reason == "Unschedulable":
                words = told.message[:4000].split("preemption:", 1)[0]
                nodes = _NODES.search(words)
                if nodes is not None and int(nodes[1]) <= MOST_NODES_READ:
                    found.update(_SHORT.findall(words))
    return frozenset(sorted(found)[:MOST_RESOURCES])


def _largest(nodes: Iterable[KubeObject], resources: Iterable[str]) -> set[str]:
    """The names of those that have most of each resource."""
    found: dict[str, tuple[float, str]] = {}
    for obj in nodes:
        if isinstance(obj.body, Node):
            for resource in resources:
                has = quantity((obj.body.status.allocatable or {}).get(resource))
                if has is not None and has > found.get(resource, (-1.0, ""))[0]:
                    found[resource] = (has, obj.name)
    return {name for _, name in found.values()}


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
    if not candidates:
        return []
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


def _well(pod: Pod) -> bool:
    if pod.status.phase == "Succeeded":
        return True
    ready = condition(pod.status.conditions, "Ready")
    return ready is not None and ready.status == "True"


def _identity(obj: KubeObject) -> tuple[str, str, str]:
    return (obj.type.key, obj.namespace, obj.name)
