"""What rules are shown: an object that is not well, whose it is, and what is known around it."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec

from callboard.diagnosis.ownership import Workload
from callboard.model.objects import KubeObject
from callboard.model.objects.cluster_state import Event, Node
from callboard.model.objects.pod import Container, ContainerStateTerminated, ContainerStatus, Pod
from callboard.model.objects.storage import PersistentVolumeClaim
from callboard.model.outcome import Outcome
from callboard.model.resource import EVENTS, NODES
from callboard.model.snapshot import ClusterSnapshot

__all__ = ["ContainerFacts", "ObjectFacts", "PodFacts", "Surroundings", "WorkloadFacts"]

_CLAIMS = "persistentvolumeclaims"


class Surroundings:
    """What the references of one cluster's part tell, put in order where a rule first asks for it.

    None means unknown: not asked for, not arrived, refused, or cut short. An empty answer means that there is nothing.
    """

    def __init__(self, cluster: ClusterSnapshot | None = None) -> None:
        self._cluster = cluster

    def _outcomes(self, key: str) -> list[Outcome]:
        if self._cluster is None:
            return []
        found = (*self._cluster.references, *self._cluster.outcomes)
        return [o for o in found if o.question.type.key == key]

    @cached_property
    def _events(self) -> dict[str, tuple[Event, ...]] | None:
        outcomes = self._outcomes(EVENTS.key)
        if not any(o.answer.known for o in outcomes):
            return None
        found: dict[str, list[Event]] = {}
        for outcome in outcomes:
            for obj in outcome.objects:
                if isinstance(obj.body, Event):
                    about = obj.body.involved_object
                    key = about.uid or f"{about.kind}/{about.namespace or obj.namespace}/{about.name}"
                    found.setdefault(key, []).append(obj.body)
        return {key: tuple(events) for key, events in found.items()}

    def events(self, obj: KubeObject) -> tuple[Event, ...] | None:
        """The Warning events about an object. Events vanish after an hour: none is no proof."""
        events = self._events
        if events is None:
            return None
        by_name = events.get(f"{obj.type.kind}/{obj.namespace}/{obj.name}", ())
        return (events.get(obj.meta.uid, ()) if obj.meta.uid else ()) + by_name

    @cached_property
    def nodes(self) -> Mapping[str, Node] | None:
        """The nodes that could be read, by name: not necessarily all there are."""
        outcomes = [o for o in self._outcomes(NODES.key) if o.answer.known]
        if not outcomes:
            return None
        return {obj.name: obj.body for o in outcomes for obj in o.objects if isinstance(obj.body, Node)}

    @cached_property
    def all_nodes(self) -> tuple[Node, ...] | None:
        """The nodes, where every one of them could be read."""
        whole = [
            o
            for o in self._outcomes(NODES.key)
            if o.answer.known and not o.question.name and not o.truncated and not o.malformed
        ]
        return tuple(x.body for o in whole for x in o.objects if isinstance(x.body, Node)) if whole else None

    @cached_property
    def claims(self) -> Mapping[tuple[str, str], PersistentVolumeClaim] | None:
        """The claims that could be read, by namespace and name."""
        outcomes = [o for o in self._outcomes(_CLAIMS) if o.answer.known]
        if not outcomes:
            return None
        return {
            (obj.namespace, obj.name): obj.body
            for o in outcomes
            for obj in o.objects
            if isinstance(obj.body, PersistentVolumeClaim)
        }


class PodFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A pod that is not well. `workload` is what owns it, as far as that is known; `now` is the cluster's time, None where it
    is not known."""

    object: KubeObject
    pod: Pod
    workload: Workload | None
    around: Surroundings
    now: datetime | None

    @property
    def place(self) -> str:
        """The pod, as evidence names it."""
        return f"Pod {self.object.name}"


class ContainerFacts(PodFacts, frozen=True, kw_only=True):
    """One container of it: its status and, where the spec has it, its spec. `role` is `container`, `init` or `sidecar`;
    `known` is what one rule has worked out and others read alike."""

    status: ContainerStatus
    container: Container | None
    role: str
    known: dict[str, ContainerStateTerminated | None] = msgspec.field(default_factory=dict)


class WorkloadFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A controller. `ready` of `desired` as it counts itself; `ailing` are those of its pods that are not well, whatever rules
    say of them; `began` is when its version became current."""

    object: KubeObject
    body: Any
    workload: Workload
    ready: int
    desired: int
    ailing: tuple[KubeObject, ...]
    around: Surroundings
    now: datetime | None
    began: datetime | None
    exact: bool = True

    @property
    def place(self) -> str:
        """The controller, as evidence names it."""
        return f"{self.object.type.title} {self.object.name}"


class ObjectFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Anything else that was selected."""

    object: KubeObject
    body: Any
    around: Surroundings
    now: datetime | None

    @property
    def place(self) -> str:
        """The object, as evidence names it."""
        return f"{self.object.type.title} {self.object.name}"
