"""A visible snapshot, arranged for reading. Pure. Nothing that was fetched is left out."""

from collections.abc import Callable, Iterable
from datetime import datetime

from callboard.diagnosis.engine import cluster_time, diagnose
from callboard.diagnosis.gaps import gaps, not_served
from callboard.diagnosis.kstatus import object_health
from callboard.diagnosis.ownership import Grouping, Workload, group
from callboard.diagnosis.rules.registry import ORDINARY, DiagnosisRules
from callboard.diagnosis.verdict import cluster_verdict, verdict
from callboard.diagnosis.words import plain_reason
from callboard.diagnosis.workload_health import replicas
from callboard.model.notice import NoticeCode
from callboard.model.objects import KubeObject
from callboard.model.objects.metrics import PodMetrics
from callboard.model.objects.pod import Pod
from callboard.model.objects.workload import (
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    Job,
    ReplicaSet,
    StatefulSet,
)
from callboard.model.outcome import Answer, Failure, Outcome
from callboard.model.resource import EVENTS, NODES, POD_METRICS, words_of
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice, ServiceSnapshot
from callboard.model.verdict import RANK, Health, ObjectHealth
from callboard.portal.arranging.events import events_part
from callboard.portal.arranging.freshness import freshness_of
from callboard.portal.arranging.paths import route_paths
from callboard.portal.arranging.pods import pod_row, worst_first, zone_of
from callboard.portal.arranging.releases import version_change
from callboard.portal.arranging.runs import job_progress, schedule_state
from callboard.portal.arranging.scalers import scaler_state
from callboard.portal.arranging.summaries import images, labels_of_pods, summary
from callboard.portal.arranging.usage import metrics_by_pod, usage_answer, usage_of
from callboard.portal.views import (
    ClusterPart,
    KubernetesView,
    MissingRow,
    ObjectKey,
    ObjectRow,
    PodRow,
    Section,
    WorkloadPart,
)

__all__ = ["arrange", "arrange_cluster", "object_key", "object_row"]

_SECTIONS: tuple[tuple[str, str, frozenset[str]], ...] = (
    (
        "network",
        "Services and routes",
        frozenset({"services", "ingresses.networking.k8s.io", "networkpolicies.networking.k8s.io"}),
    ),
    ("scaling", "Scaling", frozenset({"horizontalpodautoscalers.autoscaling"})),
    ("config", "Configuration", frozenset({"configmaps", "secrets"})),
    ("storage", "Storage", frozenset({"persistentvolumeclaims", "persistentvolumes"})),
    ("quotas", "Quotas and limits", frozenset({"resourcequotas", "limitranges"})),
    ("nodes", "Nodes", frozenset({"nodes"})),
)
_OTHER = ("other", "Other objects")
_ELSEWHERE = (Pod, ReplicaSet, Job, PodMetrics)
"""What comes by reference and has its place below a workload."""
_TITLES = {key: title for key, title, _ in _SECTIONS} | {_OTHER[0]: _OTHER[1]}
_PLACES = {type_key: key for key, _, types in _SECTIONS for type_key in types}


def arrange(
    snapshot: ServiceSnapshot,
    *,
    selector: str = "",
    namespaces: tuple[str, ...] = (),
    revision: int = 0,
    parts: tuple[ClusterPart, ...] | None = None,
) -> KubernetesView:
    """The Kubernetes tab. Clusters in trouble come first, then those that could not be told, then the rest by name.

    `parts` are those of the snapshot's clusters in their order, where they are known already."""
    if parts is None:
        parts = tuple(arrange_cluster(c) for c in snapshot.clusters)
    return KubernetesView(
        entity=snapshot.entity,
        verdict=verdict(snapshot, tuple(p.verdict for p in parts)),
        clusters=tuple(sorted(parts, key=_troubled_first)),
        notices=snapshot.notices,
        selector=selector,
        namespaces=namespaces,
        as_of=snapshot.as_of,
        complete=snapshot.complete,
        settled=snapshot.settled,
        live=snapshot.live,
        revision=revision,
    )


def _troubled_first(part: ClusterPart) -> tuple[bool, int, str]:
    """Clusters where nothing of the service runs come last: most of them are none of its business."""
    health = part.verdict.health
    return health is Health.NOTHING, RANK[health], part.cluster.name


def arrange_cluster(cluster: ClusterSnapshot, rules: DiagnosisRules = ORDINARY) -> ClusterPart:
    """One cluster's part, judged by these rules."""
    name = cluster.cluster.name
    grouping = group(cluster)
    scalers = _scalers(grouping)
    now = cluster_time(cluster)
    metrics = metrics_by_pod(cluster)
    zones = _zones(cluster)

    healths: dict[int, ObjectHealth] = {}

    def health(obj: KubeObject) -> ObjectHealth:
        found = healths.get(id(obj))
        if found is None:
            found = healths[id(obj)] = object_health(obj, now)
        return found

    diagnosis = diagnose(cluster, grouping, rules=rules, of=health)
    loose = {id(p): h for p, h in zip(grouping.pods, diagnosis.pods, strict=True)}

    ill = {id(obj): h for obj, h in diagnosis.others}

    def other(obj: KubeObject) -> ObjectHealth:
        return ill.get(id(obj)) or health(obj)

    def pod(obj: KubeObject) -> PodRow:
        referenced = obj.meta.uid in grouping.referenced
        found = loose.get(id(obj)) or health(obj)
        if found.health is not Health.UNHEALTHY and (words := diagnosis.ailing.get(id(obj))):
            found = ObjectHealth(health=Health.UNHEALTHY, reason=words, since=found.since)
        return pod_row(name, obj, found, referenced=referenced, usage=usage_of(obj, metrics), zones=zones)

    workloads = [
        _workload(name, w, h, grouping, scalers, pod, other, now)
        for w, h in zip(grouping.workloads, diagnosis.workloads, strict=True)
    ]
    workloads.sort(key=lambda w: (RANK[w.row.health], w.row.key.namespace, w.row.key.name))
    references = [o for o in cluster.references if o.question.type != EVENTS and not _unmeasured(o)]
    pods = sorted(map(pod, grouping.pods), key=worst_first)
    return ClusterPart(
        cluster=cluster.cluster,
        state=cluster.state,
        verdict=cluster_verdict(cluster, grouping, diagnosis),
        failure=cluster_failure(cluster),
        failure_words=cluster.failure.message if cluster.failure and _refused(cluster.failure) else "",
        workloads=tuple(workloads),
        pods=tuple(pods),
        sections=_sections(name, grouping, cluster, other),
        paths=route_paths(
            name, grouping.others, (*grouping.pods, *(p for w in grouping.workloads for p in w.pods))
        ),
        events=events_part(cluster, grouping),
        missing=()
        if cluster.state is ClusterState.FAILED
        else (*_missing(cluster.outcomes, reference=False), *_missing(references, reference=True)),
        empty=_empty(cluster),
        malformed=tuple(
            f"{words_of(o.question.type)} {m.where}: {m.message}"
            for o in cluster.outcomes
            for m in o.malformed
        ),
        notices=(*cluster.notices, *_not_served(cluster)),
        objects=sum(len(o.objects) for o in cluster.outcomes),
        asked_as=cluster.asked_as,
        as_of=cluster.as_of,
        took=cluster.took,
        freshness=freshness_of(cluster),
        usage_answer=usage_answer(cluster),
        current=cluster.current,
        final=cluster.final,
        whole=cluster.references_complete,
    )


def _zones(cluster: ClusterSnapshot) -> dict[str, str]:
    nodes = (o for answer in cluster.references if answer.question.type == NODES for o in answer.objects)
    return {node.name: zone for node in nodes if (zone := zone_of(node.meta.labels))}


def _unmeasured(outcome: Outcome) -> bool:
    """A cluster that does not measure what pods use lacks nothing of the service."""
    return outcome.question.type.key == POD_METRICS.key and outcome.answer in (Answer.ABSENT, Answer.LATE)


def _empty(cluster: ClusterSnapshot) -> tuple[str, ...]:
    """The types that were asked for and are not there, not even by reference."""
    found = {o.objects[0].type for o in (*cluster.outcomes, *cluster.references) if o.objects}
    types = (o.question.type for o in cluster.outcomes if o.answer is Answer.EMPTY)
    return tuple(dict.fromkeys(words_of(t) for t in types if t not in found))


def _not_served(cluster: ClusterSnapshot) -> tuple[Notice, ...]:
    """Configured types that the cluster does not have: told, so that a misspelt one is found, and no gap."""
    names = dict.fromkeys(o.question.type.key for o in cluster.outcomes if not_served(o))
    return tuple(
        Notice(
            NoticeCode.NOT_SERVED, f"this cluster does not have the type {name}", cluster=cluster.cluster.name
        )
        for name in names
    )


def cluster_failure(cluster: ClusterSnapshot) -> str:
    """Why a whole cluster has no answer, one clause; "" when it has one. What an API server said stands apart."""
    failure = cluster.failure
    if cluster.state is not ClusterState.FAILED or failure is None:
        return ""
    if _refused(failure):
        return f"it refused every question (HTTP {failure.status})"
    return failure.message.rstrip(".")


def _refused(failure: Failure) -> bool:
    """Whether the words are a server's own: an answer that is no answer (HTML with 200) is told in ours."""
    return failure.status is not None and failure.status >= 400


def object_key(cluster: str, obj: KubeObject) -> ObjectKey:
    """The key of an object in a URL."""
    return ObjectKey(cluster, obj.type.key, obj.namespace, obj.name)


def object_row(cluster: str, obj: KubeObject, health: ObjectHealth, *, referenced: bool = False) -> ObjectRow:
    """Any object as a row."""
    return ObjectRow(
        key=object_key(cluster, obj),
        kind=obj.type.title,
        health=health.health,
        reason=plain_reason(health.reason),
        summary=summary(obj),
        created=obj.meta.creation_timestamp,
        referenced=referenced,
    )


def _workload(
    cluster: str,
    workload: Workload,
    health: ObjectHealth,
    grouping: Grouping,
    scalers: dict[tuple[str, str, str], KubeObject],
    pod: Callable[[KubeObject], PodRow],
    of: Callable[[KubeObject], ObjectHealth],
    now: datetime | None,
) -> WorkloadPart:
    obj = workload.object
    ready, desired = replicas(obj)
    updated, available = _progress(obj)
    scaler = scalers.get((obj.type.kind.lower(), obj.namespace, obj.name))
    children = [
        object_row(cluster, c, of(c), referenced=c.meta.uid in grouping.referenced)
        for c in _newest_first(workload.children)
    ]
    return WorkloadPart(
        row=object_row(cluster, obj, health),
        desired=desired,
        ready=ready,
        updated=updated,
        available=available,
        rollout=_rollout(obj, ready, desired, updated),
        revision=_revision(obj),
        images=images(obj),
        labels=labels_of_pods(obj),
        since=health.since,
        pods=tuple(sorted(map(pod, workload.pods), key=worst_first)),
        children=tuple(children),
        scaler=object_row(cluster, scaler, of(scaler)) if scaler else None,
        change=version_change(workload, desired, updated, pod),
        scaling=scaler_state(cluster, scaler) if scaler else None,
        schedule=schedule_state(obj, now),
        progress=job_progress(obj),
    )


def _newest_first(objects: tuple[KubeObject, ...]) -> list[KubeObject]:
    return sorted(objects, key=lambda o: (str(o.meta.creation_timestamp or ""), o.name), reverse=True)


def _progress(obj: KubeObject) -> tuple[int, int]:
    body = obj.body
    if isinstance(body, Deployment | StatefulSet):
        return body.status.updated_replicas, body.status.available_replicas
    if isinstance(body, DaemonSet):
        return body.status.updated_number_scheduled, body.status.number_available
    return 0, 0


def _rollout(obj: KubeObject, ready: int, desired: int, updated: int) -> str:
    body = obj.body
    if isinstance(body, ReplicaSet):
        return f"{ready} of {desired} ready"
    if not isinstance(body, Deployment | StatefulSet | DaemonSet):
        return summary(obj)
    if desired == 0:
        return "scaled to zero" if not isinstance(body, DaemonSet) else "no node wants it"
    words = f"{ready} of {desired} ready"
    if updated < desired:
        words += f", {updated} of {desired} on the new version"
    if isinstance(body, Deployment) and body.spec.paused:
        words += ", rollout paused"
    return words


def _revision(obj: KubeObject) -> str:
    if isinstance(obj.body, StatefulSet):
        return obj.body.status.update_revision.rpartition("-")[2]
    return obj.meta.annotation("deployment.kubernetes.io/revision")


def _scalers(grouping: Grouping) -> dict[tuple[str, str, str], KubeObject]:
    found: dict[tuple[str, str, str], KubeObject] = {}
    for obj in grouping.others:
        if isinstance(obj.body, HorizontalPodAutoscaler):
            target = obj.body.spec.scale_target_ref
            found[(target.kind.lower(), obj.namespace, target.name)] = obj
    return found


def _sections(
    cluster: str, grouping: Grouping, snapshot: ClusterSnapshot, of: Callable[[KubeObject], ObjectHealth]
) -> tuple[Section, ...]:
    rows: dict[str, list[ObjectRow]] = {}
    titles = dict(_TITLES)
    selected = {id(o) for o in grouping.others}
    referenced = [
        o
        for outcome in snapshot.references
        for o in outcome.objects
        if id(o) not in selected and outcome.question.type != EVENTS and not isinstance(o.body, _ELSEWHERE)
    ]
    seen = {(o.type.key, o.namespace, o.name) for o in grouping.others}
    for obj, by_reference in [*((o, False) for o in grouping.others), *((o, True) for o in referenced)]:
        name = (obj.type.key, obj.namespace, obj.name)
        if by_reference and name in seen:
            continue
        seen.add(name)
        place = _PLACES.get(obj.type.key)
        if place is None:
            custom = "." in obj.type.group or not obj.type.kind
            place = f"custom-{obj.type.key}" if custom else _OTHER[0]
            titles.setdefault(place, obj.type.title)
        rows.setdefault(place, []).append(object_row(cluster, obj, of(obj), referenced=by_reference))
    order = (
        [key for key, _, _ in _SECTIONS if key != "nodes"]
        + sorted(k for k in rows if k.startswith("custom-"))
        + [_OTHER[0], "nodes"]
    )
    return tuple(
        Section(
            key, titles[key], tuple(sorted(rows[key], key=lambda r: (r.kind, r.key.namespace, r.key.name)))
        )
        for key in order
        if key in rows
    )


def _missing(outcomes: Iterable[Outcome], *, reference: bool) -> tuple[MissingRow, ...]:
    return tuple(
        MissingRow(
            what=gap.what,
            answer=gap.answer,
            plain=gap.plain,
            words=gap.words[0] if gap.words else "",
            more_words=gap.words[1:],
            reference=reference,
        )
        for gap in gaps(outcomes)
    )
