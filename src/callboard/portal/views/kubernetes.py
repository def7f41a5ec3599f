"""One service's objects, cluster by cluster, as the faces show them."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from callboard.model.cluster import ClusterInfo
from callboard.model.entity import Entity
from callboard.model.outcome import Answer, Freshness
from callboard.model.snapshot import ClusterState, Notice
from callboard.model.verdict import ClusterVerdict, Health, Verdict
from callboard.portal.views.keys import ObjectKey
from callboard.portal.views.working import JobProgress, RoutePath, ScalerState, ScheduleState, VersionChange

__all__ = [
    "ClusterPart",
    "ContainerRow",
    "EventRow",
    "EventsPart",
    "FreshnessRow",
    "KubernetesView",
    "MissingRow",
    "ObjectKey",
    "ObjectRow",
    "PodRow",
    "PodUsage",
    "Section",
    "WorkloadPart",
]


class ContainerRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One container of a pod. `state` is in words ("running", "waiting: CrashLoopBackOff", "exited with 137 (OOMKilled)").

    `role` is "container", "init container" or "sidecar". `has_log` tells that it has run, and so has a log; `has_previous` that a
    previous run exists, with a log of its own.
    """

    name: str
    image: str = ""
    role: str = "container"
    state: str = ""
    detail: str = ""
    health: Health = Health.UNKNOWN
    ready: bool = False
    restarts: int = 0
    has_log: bool = False
    has_previous: bool = False
    since: datetime | None = None
    ports: tuple[int, ...] = ()
    """Those it says that it listens on."""


class PodUsage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a pod used when it was last measured, and what it asked for and may have at most. CPU in cores, memory in bytes;
    None where nothing is set."""

    cpu: float
    memory: float
    cpu_request: float | None = None
    cpu_limit: float | None = None
    memory_request: float | None = None
    memory_limit: float | None = None


class PodRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One pod. `status` is the word kubectl shows in its STATUS column; `detail` the reason in the kubelet's own words."""

    key: ObjectKey
    health: Health
    status: str
    detail: str = ""
    ready: int = 0
    total: int = 0
    restarts: int = 0
    last_restart: datetime | None = None
    created: datetime | None = None
    node: str = ""
    version: str = ""
    """Its label `app.kubernetes.io/version`, else the tag of its first container's image."""
    zone: str = ""
    """Where it runs, as its own label or its node's says; "" where neither could be read."""
    labels: tuple[tuple[str, str], ...] = ()
    """Its own, by name, but for those by which controllers tell its revision or itself; the same object for pods that are
    labelled alike."""
    containers: tuple[ContainerRow, ...] = ()
    """Of a pod that is unhealthy; those of the others are in its drawer (`portal.drawer`)."""
    referenced: bool = False
    """Found through its owner: its own labels do not match the service's selector."""
    usage: PodUsage | None = None
    """None where it was not measured."""


class ObjectRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Any other object: `summary` tells what matters of its kind in one line."""

    key: ObjectKey
    kind: str
    health: Health
    reason: str = ""
    summary: str = ""
    created: datetime | None = None
    referenced: bool = False


class WorkloadPart(msgspec.Struct, frozen=True, kw_only=True):
    """A controller with its pods. `rollout` says in words how far it is ("3 of 3 ready", "2 of 4 updated, waiting for …").

    `revision` is the current one where the kind has one; `children` are its ReplicaSets or Jobs that still matter;
    `scaler` is the autoscaler's one line. Pods in trouble come first.
    """

    row: ObjectRow
    desired: int = 0
    ready: int = 0
    updated: int = 0
    available: int = 0
    rollout: str = ""
    revision: str = ""
    images: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    """Of its pods, as it makes them."""
    since: datetime | None = None
    pods: tuple[PodRow, ...] = ()
    children: tuple[ObjectRow, ...] = ()
    scaler: ObjectRow | None = None
    change: VersionChange | None = None
    """The release under way, where one is."""
    scaling: ScalerState | None = None
    schedule: ScheduleState | None = None
    """Of a CronJob."""
    progress: JobProgress | None = None
    """Of a Job."""


class Section(msgspec.Struct, frozen=True):
    """Objects of related kinds: "Services and routes", "Configuration", "Quotas and limits", "Storage", "Custom resources" …"""

    key: str
    title: str
    rows: tuple[ObjectRow, ...]


class MissingRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something that could not be seen: all questions that failed alike. `plain` says it for everyone, `words` are the API
    server's own; `more_words` are what it said about the other questions, where that differs."""

    what: str
    answer: Answer
    plain: str
    words: str = ""
    more_words: tuple[str, ...] = ()
    reference: bool = False


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a selected object. `last_seen` may be None where its reporter left no time."""

    key: ObjectKey | None
    object: str
    type: str
    reason: str
    message: str
    occurrences: int = 1
    last_seen: datetime | None = None
    first_seen: datetime | None = None


class EventsPart(msgspec.Struct, frozen=True, kw_only=True):
    """Events with the honesty that goes with them: `answer` tells whether we could look; they vanish after about an hour.
    `rows` are the newest; `older` is how many more there are."""

    answer: Answer
    rows: tuple[EventRow, ...] = ()
    older: int = 0
    plain: str = ""


class FreshnessRow(msgspec.Struct, frozen=True, kw_only=True):
    """Types of a cluster that are kept current in the same way. `as_of` is of the oldest among them; `stale_since` is set
    when what is shown is the last that could be seen, and `words` says why."""

    freshness: Freshness
    types: tuple[str, ...]
    as_of: datetime | None = None
    stale_since: datetime | None = None
    words: str = ""
    restarted: bool = False
    """It is the last that could be seen because Callboard was restarted, and has not heard of the cluster since."""


class ClusterPart(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """One cluster of the Kubernetes tab. `empty` names the types that were asked for and are not there."""

    cluster: ClusterInfo
    state: ClusterState
    verdict: ClusterVerdict
    failure: str = ""
    failure_words: str = ""
    workloads: tuple[WorkloadPart, ...] = ()
    pods: tuple[PodRow, ...] = ()
    """Pods that no shown workload owns."""
    sections: tuple[Section, ...] = ()
    paths: tuple[RoutePath, ...] = ()
    """How people reach the pods, what is broken first."""
    events: EventsPart = EventsPart(answer=Answer.AWAITED)
    missing: tuple[MissingRow, ...] = ()
    empty: tuple[str, ...] = ()
    malformed: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    objects: int = 0
    asked_as: str = ""
    as_of: datetime | None = None
    took: float = 0.0
    freshness: tuple[FreshnessRow, ...] = ()
    """How each type is kept current; empty where everything was asked once, as of `as_of`."""
    usage_answer: Answer = Answer.NOT_ASKED
    """Whether it could be told what pods use."""
    current: bool = False
    """Whether all of it is listened to: then it is as of the moment at which it is read, and `as_of` says when it changed."""
    final: bool = True
    """Whether nothing that the verdict rests on is still awaited; events, nodes and the like may be."""
    whole: bool = True
    """Whether everything that the selected objects refer to has come to something."""

    @property
    def settled(self) -> bool:
        """Whether everything asked of this cluster has come to something."""
        return self.state is ClusterState.FAILED or (self.state is ClusterState.ANSWERED and self.whole)


class KubernetesView(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """The Kubernetes tab at one moment. `revision` grows with each change while a page is open; `live` says that changes
    go on arriving, also after a settled view."""

    entity: Entity
    verdict: Verdict
    clusters: tuple[ClusterPart, ...]
    notices: tuple[Notice, ...] = ()
    selector: str = ""
    namespaces: tuple[str, ...] = ()
    as_of: datetime | None = None
    complete: bool = False
    settled: bool = False
    live: bool = False
    revision: int = 0

    @property
    def answered(self) -> int:
        """How many clusters have answered; one that failed has not."""
        return sum(1 for c in self.clusters if c.state is ClusterState.ANSWERED)
