"""The Kubernetes view as the JSON that machines read: the terminal's `--json` and the JSON API give the same document.

The keys are camelCase and stable: keys may be added within one `version`, none changes its meaning or goes away. Times are
RFC 3339 in UTC, spans in seconds. What is not known is null or an empty list, never left out.
"""

from collections.abc import Mapping
from datetime import datetime

from callboard.model.finding import Impact
from callboard.model.outcome import Answer, Freshness
from callboard.model.snapshot import ClusterState
from callboard.model.verdict import Health
from callboard.portal.documents.findings import FindingDocument
from callboard.portal.documents.form import JsonStruct

__all__ = [
    "ClusterDocument",
    "Conclusion",
    "EntityDocument",
    "EventDocument",
    "FreshnessDocument",
    "GapDocument",
    "JsonStruct",
    "MissingDocument",
    "NoticeDocument",
    "ObjectDocument",
    "PodDocument",
    "PodUsageDocument",
    "StatusDocument",
    "TroubleDocument",
    "VerdictDocument",
    "WorkloadDocument",
]


class TroubleDocument(JsonStruct, frozen=True, kw_only=True):
    """A cluster that is not healthy. `cluster` is "" where nothing runs anywhere."""

    cluster: str
    health: Health
    why: str
    since: datetime | None = None


class GapDocument(JsonStruct, frozen=True, kw_only=True):
    """Something that could not be told. `cluster` is "" where it concerns no single cluster."""

    cluster: str
    why: str


class Conclusion(JsonStruct, frozen=True, kw_only=True):
    """Why the exit code is what it is; both lists are whole, whichever of them decided.

    0: neither. 1: `unhealthy` is not empty. 2: `could_not_tell` is not empty, and `unhealthy` is or `require_all` was asked.
    """

    exit_code: int
    require_all: bool
    unhealthy: tuple[TroubleDocument, ...]
    could_not_tell: tuple[GapDocument, ...]


class EntityDocument(JsonStruct, frozen=True, kw_only=True):
    """Which service this is about. `ref` is canonical, `kind` as its file spells it."""

    ref: str
    kind: str
    namespace: str
    name: str
    title: str


class VerdictDocument(JsonStruct, frozen=True, kw_only=True):
    """The service's verdict, as the page words it. `final`: nothing that it rests on is still awaited. Without it the exit code
    is never 0. `at_least`: it may be so for longer than since `since`. `impact` is the worst of the findings, null without one
    that is worse than a notice."""

    health: Health
    sentence: str
    since: datetime | None
    at_least: bool
    impact: Impact | None
    could_not_tell: bool
    final: bool


class NoticeDocument(JsonStruct, frozen=True, kw_only=True):
    """Something to know about how the answer came to be."""

    code: str
    message: str
    cluster: str


class PodUsageDocument(JsonStruct, frozen=True, kw_only=True):
    """What a pod used when it was last measured, and what it asked for and may have at most; null where nothing is set."""

    cpu_cores: float
    cpu_request_cores: float | None
    cpu_limit_cores: float | None
    memory_bytes: int
    memory_request_bytes: int | None
    memory_limit_bytes: int | None


class PodDocument(JsonStruct, frozen=True, kw_only=True):
    """A pod. `status` is kubectl's word; `referenced`: found through its owner, not by the selector; `usage` is null where it
    was not measured."""

    namespace: str
    name: str
    health: Health
    status: str
    detail: str
    ready: int
    total: int
    restarts: int
    last_restart: datetime | None
    created: datetime | None
    node: str
    referenced: bool
    usage: PodUsageDocument | None


class ObjectDocument(JsonStruct, frozen=True, kw_only=True):
    """Any other object. `type` is its resource type as kubectl spells it (`ingresses.networking.k8s.io`)."""

    type: str
    kind: str
    namespace: str
    name: str
    health: Health
    reason: str
    summary: str
    created: datetime | None
    referenced: bool


class WorkloadDocument(ObjectDocument, frozen=True, kw_only=True):
    """A controller with its pods; `children` are its ReplicaSets or Jobs that still matter."""

    desired: int
    ready: int
    updated: int
    available: int
    rollout: str
    revision: str
    images: tuple[str, ...]
    labels: Mapping[str, str]
    since: datetime | None
    pods: tuple[PodDocument, ...]
    children: tuple[ObjectDocument, ...]
    scaler: ObjectDocument | None


class EventDocument(JsonStruct, frozen=True, kw_only=True):
    """An event of one of the objects."""

    object: str
    namespace: str
    type: str
    reason: str
    message: str
    occurrences: int
    last_seen: datetime | None


class MissingDocument(JsonStruct, frozen=True, kw_only=True):
    """What could not be seen: `plain` for everyone, `words` as the API server put it."""

    what: str
    answer: Answer
    plain: str
    words: str
    reference: bool


class FreshnessDocument(JsonStruct, frozen=True, kw_only=True):
    """Types that are kept current in the same way; with `stale_since` what is told of them is what was seen last, and
    `words` say why."""

    freshness: Freshness
    types: tuple[str, ...]
    as_of: datetime | None
    stale_since: datetime | None
    words: str


class ClusterDocument(JsonStruct, frozen=True, kw_only=True):
    """One cluster. `failure` is set when nothing of it could be asked, `failure_words` as the API server put it.

    `empty` names the types that were asked for and are not there: with `missing`, `state` and `objects` it tells "asked and
    empty" from "could not see" from "no answer". `events_answer` tells whether events could be looked at, `events_older` how
    many there are beside the newest, which are told; `freshness` how each type is kept current, and is empty where all was asked
    once, as of `as_of`. `usage_answer`: whether it could be told what pods use; "absent" where the cluster measures nothing.
    """

    name: str
    title: str
    labels: dict[str, str]
    state: ClusterState
    health: Health
    sentence: str
    since: datetime | None
    failure: str
    failure_words: str
    workloads: tuple[WorkloadDocument, ...]
    pods: tuple[PodDocument, ...]
    others: tuple[ObjectDocument, ...]
    events_answer: Answer
    events: tuple[EventDocument, ...]
    events_older: int
    missing: tuple[MissingDocument, ...]
    empty: tuple[str, ...]
    malformed: tuple[str, ...]
    notices: tuple[NoticeDocument, ...]
    objects: int
    asked_as: str
    as_of: datetime | None
    took_seconds: float
    freshness: tuple[FreshnessDocument, ...]
    usage_answer: Answer


class StatusDocument(JsonStruct, frozen=True, kw_only=True):
    """The whole answer. `complete`: every cluster has answered or failed. `settled`: so has everything that their objects refer
    to, events included; where it is false something is missing only because it was not waited for. `findings` are what is wrong
    with it anywhere, worst first."""

    version: int
    entity: EntityDocument
    verdict: VerdictDocument
    conclusion: Conclusion
    findings: tuple[FindingDocument, ...]
    clusters: tuple[ClusterDocument, ...]
    notices: tuple[NoticeDocument, ...]
    selector: str
    namespaces: tuple[str, ...]
    as_of: datetime | None
    complete: bool
    settled: bool
    live: bool
