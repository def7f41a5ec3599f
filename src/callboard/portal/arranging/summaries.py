"""One line per object: what matters of its kind."""

from itertools import islice
from typing import Final

import msgspec

from callboard.model.objects import Condition, Generic, KubeObject
from callboard.model.objects.cluster_state import Node
from callboard.model.objects.config import ConfigMap, LimitRange, ResourceQuota, SecretMetadata
from callboard.model.objects.network import Ingress, Service
from callboard.model.objects.storage import PersistentVolume, PersistentVolumeClaim
from callboard.model.objects.workload import (
    CronJob,
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    Job,
    Metric,
    ReplicaSet,
    ResourceMetric,
    StatefulSet,
)
from callboard.model.workloads import pod_labels

__all__ = ["images", "labels_of_pods", "summary"]

MOST_LABELS: Final = 64


def summary(obj: KubeObject) -> str:
    """A line of words and numbers; "" for kinds of which there is nothing short to say."""
    body = obj.body
    match body:
        case Deployment() | ReplicaSet() | StatefulSet():
            return f"{body.status.ready_replicas} of {body.spec.replicas} ready"
        case DaemonSet():
            return f"{body.status.number_ready} of {body.status.desired_number_scheduled} ready"
        case Job():
            return _job(body)
        case CronJob():
            return f"{'suspended, ' if body.spec.suspend else ''}runs at {body.spec.schedule}" + (
                f" ({body.spec.time_zone})" if body.spec.time_zone else ""
            )
        case HorizontalPodAutoscaler():
            return _autoscaler(body)
        case Service():
            return _service(body)
        case Ingress():
            return ", ".join(_routes(body)) or "no rules"
        case ConfigMap() | SecretMetadata():
            keys = len(body.data or {}) + (len(body.binary_data or {}) if isinstance(body, ConfigMap) else 0)
            return "1 key" if keys == 1 else f"{keys} keys"
        case ResourceQuota():
            used, hard = body.status.used or {}, body.status.hard or {}
            return ", ".join(f"{key} {used.get(key, '?')} of {limit}" for key, limit in sorted(hard.items()))
        case LimitRange():
            return ", ".join(sorted({item.type for item in body.spec.limits if item.type}))
        case PersistentVolumeClaim():
            size = (body.status.capacity or {}).get("storage", "")
            return " ".join(str(p) for p in (body.status.phase, size) if p)
        case PersistentVolume():
            claim = body.spec.claim_ref
            size = (body.spec.capacity or {}).get("storage", "")
            of = f"for {claim.namespace}/{claim.name}" if claim else ""
            return " ".join(str(p) for p in (body.status.phase, size, of) if p)
        case Node():
            return _node(body)
        case Generic():
            return _generic(body)
        case _:
            return ""


def labels_of_pods(obj: KubeObject) -> dict[str, str]:
    """The labels that a workload gives its pods, so many of them."""
    labels = pod_labels(obj) or {}
    return dict(islice(labels.items(), MOST_LABELS))


def images(obj: KubeObject) -> tuple[str, ...]:
    """The images of a workload's containers, init containers left out, each once."""
    body = obj.body
    if isinstance(body, Deployment | ReplicaSet | StatefulSet | DaemonSet | Job):
        return tuple(dict.fromkeys(c.image for c in body.spec.template.spec.containers))
    if isinstance(body, Generic):
        # Argo's Rollout and its kind: a pod template where a Deployment has it.
        try:
            containers = _raw_template(obj.raw).spec.template.spec.containers
        except msgspec.DecodeError:
            return ()
        return tuple(dict.fromkeys(c.image for c in containers if c.image))
    return ()


class _RawContainer(msgspec.Struct, frozen=True):
    image: str = ""


class _RawPodSpec(msgspec.Struct, frozen=True):
    containers: tuple[_RawContainer, ...] = ()


class _RawTemplate(msgspec.Struct, frozen=True):
    spec: _RawPodSpec = _RawPodSpec()


class _RawSpec(msgspec.Struct, frozen=True):
    template: _RawTemplate = _RawTemplate()


class _RawWorkload(msgspec.Struct, frozen=True):
    spec: _RawSpec = _RawSpec()


_raw_template = msgspec.json.Decoder(_RawWorkload).decode


def _node(body: Node) -> str:
    """Whether it is ready, what it is short of, and whether it takes new pods."""
    conditions = body.status.conditions
    ready = next((c for c in conditions if c.type == "Ready"), None)
    parts = [_condition(ready)] if ready else []
    parts += [c.type for c in conditions if c.type != "Ready" and c.status == "True"]
    return ", ".join([*parts, *(["takes no new pods"] if body.spec.unschedulable else [])])


def _job(body: Job) -> str:
    status = body.status
    wanted = body.spec.completions or 1
    parts = [f"{status.succeeded} of {wanted} succeeded"]
    if status.active:
        parts.append(f"{status.active} running")
    if status.failed:
        parts.append(f"{status.failed} failed")
    return ", ".join(parts)


def _autoscaler(body: HorizontalPodAutoscaler) -> str:
    current = {m.name: m.current for m in _resources(body.status.current_metrics or ())}
    parts = [
        f"{body.status.current_replicas} replicas (from {body.spec.min_replicas} to {body.spec.max_replicas})"
    ]
    for metric in _resources(body.spec.metrics):
        target = metric.target.average_utilization
        seen = current.get(metric.name)
        if target is not None:
            now = (
                f"{seen.average_utilization} %"
                if seen and seen.average_utilization is not None
                else "not measured"
            )
            parts.append(f"{metric.name} {now} of {target} %")
    return ", ".join(parts)


def _resources(metrics: tuple[Metric, ...]) -> list[ResourceMetric]:
    return [m.resource for m in metrics if m.resource is not None]


def _service(body: Service) -> str:
    ports = ", ".join(
        f"{p.port}{f' → {p.target_port}' if p.target_port not in (None, p.port) else ''}"
        for p in body.spec.ports or ()
    )
    where = body.spec.external_name or ", ".join(
        i.hostname or i.ip for i in body.status.load_balancer.ingress or ()
    )
    return " ".join(p for p in (body.spec.type, ports, where) if p)


def _routes(body: Ingress) -> list[str]:
    secure = {h for t in body.spec.tls for h in t.hosts}
    out = []
    for rule in body.spec.rules:
        host = rule.host or "*"
        for path in rule.http.paths if rule.http else ():
            to = path.backend.service.name if path.backend.service else "?"
            out.append(f"{'https' if rule.host in secure else 'http'}://{host}{path.path} → {to}")
    return out


def _generic(body: Generic) -> str:
    if body.status is None:
        return ""
    if body.status.phase:
        return body.status.phase
    ready = next((c for c in body.status.conditions or () if c.type == "Ready"), None)
    return _condition(ready) if ready else ""


def _condition(found: Condition) -> str:
    return found.type if found.status == "True" else f"not {found.type}: {found.reason}".rstrip(": ")
