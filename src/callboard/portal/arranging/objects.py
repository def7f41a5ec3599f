"""One object of a service, for its drawer. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from callboard.diagnosis.kstatus import object_health
from callboard.diagnosis.verdict import cluster_time
from callboard.diagnosis.words import plain_reason
from callboard.model.objects import Condition, KubeObject
from callboard.model.objects.cluster_state import Node
from callboard.model.objects.network import Service
from callboard.model.objects.pod import Pod
from callboard.model.objects.workload import CronJob, DaemonSet, Deployment, Job, StatefulSet
from callboard.model.snapshot import ClusterSnapshot
from callboard.portal.arranging.clipping import clipped
from callboard.portal.arranging.pods import container_rows
from callboard.portal.arranging.summaries import images, summary
from callboard.portal.arranging.usage import metrics_by_pod, usage_of
from callboard.portal.views import ConditionRow, EventsPart, Field, ObjectKey, ObjectView, OwnerRow, PodUsage
from callboard.portal.words import usage_words

__all__ = ["find_object", "object_view"]

MOST_ROWS: Final = 100
"""Conditions, and labels, that are shown: an API server's object has a dozen, and the YAML has them all."""
MOST_OWNERS: Final = 6
"""A pod of a CronJob has two above it, one of an operator's a few more."""
_MAKE_PODS: Final = frozenset(
    {
        "deployments.apps",
        "replicasets.apps",
        "statefulsets.apps",
        "daemonsets.apps",
        "jobs.batch",
        "cronjobs.batch",
    }
)


def find_object(cluster: ClusterSnapshot, key: ObjectKey) -> KubeObject | None:
    """The object among what was selected or found by reference, or None."""
    outcomes = (*cluster.outcomes, *cluster.references)
    return next(
        (
            o
            for outcome in outcomes
            for o in outcome.objects
            if (o.type.key, o.namespace, o.name) == (key.type, key.namespace, key.name)
        ),
        None,
    )


def object_view(
    cluster: ClusterSnapshot, obj: KubeObject, events: EventsPart, yaml: str, as_of: datetime | None
) -> ObjectView:
    """Everything the drawer shows."""
    health = object_health(obj, cluster_time(cluster))
    conditions, labels = _conditions(obj), obj.meta.labels or {}
    return ObjectView(
        key=ObjectKey(cluster.cluster.name, obj.type.key, obj.namespace, obj.name),
        cluster=cluster.cluster,
        kind=obj.type.title,
        api_version=obj.type.api_version,
        health=health.health,
        reason=plain_reason(health.reason),
        fields=_fields(obj, usage_of(obj, metrics_by_pod(cluster))),
        conditions=tuple(_condition(c) for c in conditions[:MOST_ROWS]),
        more_conditions=max(0, len(conditions) - MOST_ROWS),
        labels=tuple(sorted(labels.items())[:MOST_ROWS]),
        more_labels=max(0, len(labels) - MOST_ROWS),
        owners=tuple(_owners(cluster, obj)),
        usage=usage_of(obj, metrics_by_pod(cluster)),
        makes_pods=obj.type.key in _MAKE_PODS,
        containers=container_rows(obj.body) if isinstance(obj.body, Pod) else (),
        events=events,
        yaml=yaml,
        as_of=as_of,
    )


def _owners(cluster: ClusterSnapshot, obj: KubeObject) -> Iterator[OwnerRow]:
    """Up to the top, by what is known of the service; an owner that is not is named and ends it."""
    by_uid = {
        o.meta.uid: o
        for outcome in (*cluster.outcomes, *cluster.references)
        for o in outcome.objects
        if o.meta.uid
    }
    for _ in range(MOST_OWNERS):
        owners = obj.meta.owner_references
        if not owners:
            return
        owner = next((o for o in owners if o.controller), owners[0])
        found = by_uid.get(owner.uid)
        if found is None:
            yield OwnerRow(f"{owner.kind} {owner.name}")
            return
        key = ObjectKey(cluster.cluster.name, found.type.key, found.namespace, found.name)
        yield OwnerRow(f"{found.type.title} {found.name}", key)
        obj = found


def _conditions(obj: KubeObject) -> tuple[Condition, ...]:
    status = getattr(obj.body, "status", None)
    return getattr(status, "conditions", None) or ()


def _condition(found: Condition) -> ConditionRow:
    return ConditionRow(
        type=found.type,
        status=found.status,
        reason=found.reason,
        message=clipped(found.message),
        since=found.last_transition_time,
    )


def _fields(obj: KubeObject, usage: PodUsage | None) -> tuple[Field, ...]:
    body = obj.body
    fields = [Field("Namespace", obj.namespace)] if obj.namespace else []
    if line := summary(obj):
        fields.append(Field("Summary", line))
    if found := images(obj):
        fields.append(Field("Image" if len(found) == 1 else "Images", ", ".join(found)))
    match body:
        case Pod():
            fields += _named(
                ("Phase", body.status.phase),
                ("Reason", body.status.reason),
                ("Message", clipped(body.status.message)),
                ("Node", body.spec.node_name),
                ("Pod IP", body.status.pod_ip),
                ("Service account", body.spec.service_account_name),
            )
            if usage is not None:
                cpu, memory = usage_words(usage)
                fields += _named(("Uses of CPU", cpu), ("Uses of memory", memory))
        case Deployment():
            fields += _named(
                ("Strategy", body.spec.strategy.type),
                ("Rollout deadline", f"{body.spec.progress_deadline_seconds} s"),
                ("Revision", obj.meta.annotation("deployment.kubernetes.io/revision")),
            )
        case StatefulSet():
            fields += _named(
                ("Update strategy", body.spec.update_strategy.type),
                ("Service", body.spec.service_name),
                ("Revision", body.status.update_revision),
            )
        case DaemonSet():
            fields += _named(("Update strategy", body.spec.update_strategy.type))
        case Job():
            fields += _named(("Retries allowed", str(body.spec.backoff_limit)))
            fields += [Field("Started", "", body.status.start_time)] if body.status.start_time else []
            fields += [Field("Ended", "", body.status.completion_time)] if body.status.completion_time else []
        case CronJob():
            last = body.status.last_schedule_time
            fields += _named(("When a run is still going", body.spec.concurrency_policy))
            fields += [Field("Last started", "", last)] if last else []
        case Service():
            pairs = ", ".join(f"{k}={v}" for k, v in sorted((body.spec.selector or {}).items()))
            fields += _named(("Sends to pods with", pairs), ("Cluster IP", body.spec.cluster_ip))
        case Node():
            fields += _named(
                ("Takes new pods", "no" if body.spec.unschedulable else "yes"),
                ("Taints", ", ".join(f"{t.key}:{t.effect}" for t in body.spec.taints)),
            )
        case _:
            pass
    if obj.meta.creation_timestamp:
        fields.append(Field("Created", "", obj.meta.creation_timestamp))
    if obj.meta.deletion_timestamp:
        fields.append(Field("Being deleted since", "", obj.meta.deletion_timestamp))
    return tuple(fields)


def _named(*pairs: tuple[str, str]) -> list[Field]:
    return [Field(label, value) for label, value in pairs if value]
