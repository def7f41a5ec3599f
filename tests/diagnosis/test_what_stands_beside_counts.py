"""A service is no better than what it has beside its pods: custom resources, autoscalers, claims, routes."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from callboard.diagnosis.rules.well import owners_if_well
from callboard.diagnosis.verdict import verdict
from callboard.kube.ingest.packing import Packer, Packings
from callboard.model.objects import KubeObject
from callboard.model.outline import outline
from callboard.model.resource import ResourceType
from callboard.model.snapshot import ClusterSnapshot
from callboard.model.verdict import Health, Verdict
from support.kube_objects import cluster, deployment, kube_object, meta, pod, replica_set, service

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ROLLOUTS = ResourceType("argoproj.io", "v1alpha1", "rollouts", "Rollout", True)
DATABASES = ResourceType("db.example.com", "v1", "databases", "Database", True)
MONITORS = ResourceType("monitoring.coreos.com", "v1", "servicemonitors", "ServiceMonitor", True)


def custom(type_: ResourceType, name: str, status: dict[str, Any] | None, **spec: Any) -> KubeObject:
    made = "2026-04-01T00:00:00Z"
    body = {"metadata": meta(name, creationTimestamp=made, generation=1), "spec": spec}
    return kube_object(
        type_.kind, {**body, **({"status": status} if status is not None else {})}, type_=type_
    )


def condition(type_: str, status: str, reason: str = "", message: str = "") -> dict[str, str]:
    return {"type": type_, "status": status, "reason": reason, "message": message}


def autoscaler(*conditions: dict[str, str], least: int = 1, most: int = 4) -> KubeObject:
    spec = {
        "scaleTargetRef": {"kind": "Deployment", "name": "web"},
        "minReplicas": least,
        "maxReplicas": most,
    }
    return kube_object(
        "HorizontalPodAutoscaler",
        {"metadata": meta("web"), "spec": spec, "status": {"conditions": list(conditions)}},
    )


def told(*beside: KubeObject, alone: bool = False) -> Verdict:
    mine = () if alone else (deployment(), pod())
    found: ClusterSnapshot = msgspec.structs.replace(cluster("a", *mine, *beside), as_of=NOW)
    return verdict(service(found))


CAPPED = condition("ScalingLimited", "True", "TooManyReplicas")
BAD: dict[str, tuple[KubeObject, Health, str]] = {
    "a custom resource that is not ready": (
        custom(DATABASES, "orders", {"conditions": [condition("Ready", "False", "Failed", "disk is full")]}),
        Health.UNHEALTHY,
        "Database orders: not ready: disk is full",
    ),
    "one that is on its way": (
        custom(DATABASES, "orders", {"phase": "Creating"}),
        Health.PROGRESSING,
        "Database orders: Creating",
    ),
    "a Rollout that failed": (
        custom(ROLLOUTS, "cart", {"phase": "Degraded", "message": "timed out", "observedGeneration": "1"}),
        Health.UNHEALTHY,
        "Rollout cart: Degraded",
    ),
    "a Rollout without pods": (
        custom(ROLLOUTS, "cart", {"phase": "Error"}, replicas=2),
        Health.UNHEALTHY,
        "Rollout cart: Error",
    ),
    "an autoscaler at its maximum that asks for more": (
        autoscaler(CAPPED),
        Health.UNHEALTHY,
        "Deployment web has as many pods as it may (4) and needs more",
    ),
    "an autoscaler without figures": (
        autoscaler(condition("ScalingActive", "False", "FailedGetResourceMetric", "no metrics")),
        Health.UNHEALTHY,
        "Deployment web is not scaled: its figures cannot be read (FailedGetResourceMetric)",
    ),
    "a claim that waits for its volume": (
        kube_object("PersistentVolumeClaim", {"metadata": meta("data"), "status": {"phase": "Pending"}}),
        Health.PROGRESSING,
        "PersistentVolumeClaim data: no volume bound yet",
    ),
    "a claim that is lost": (
        kube_object("PersistentVolumeClaim", {"metadata": meta("data"), "status": {"phase": "Lost"}}),
        Health.UNHEALTHY,
        "PersistentVolumeClaim data: the volume of claim data is lost",
    ),
}


@pytest.mark.parametrize(("beside", "health", "words"), BAD.values(), ids=BAD)
def test_what_is_not_well_is_the_services_verdict(beside: KubeObject, health: Health, words: str) -> None:
    found = told(beside)
    assert found.health is health
    assert words in found.sentence


@pytest.mark.parametrize(("beside", "health", "words"), BAD.values(), ids=BAD)
def test_it_is_never_kept_in_outline(beside: KubeObject, health: Health, words: str) -> None:
    assert outline(Packer(Packings(owners_if_well)).of(beside)) is None


GOOD: dict[str, KubeObject] = {
    "ready": custom(DATABASES, "orders", {"conditions": [condition("Ready", "True")]}),
    "never reports a status": custom(MONITORS, "web", None),
    "says nothing of its health": custom(DATABASES, "orders", {"endpoint": "db.example.com"}),
    "an autoscaler at its maximum, which is its minimum": autoscaler(CAPPED, least=4),
    "a Service": kube_object("Service", {"metadata": meta("web"), "spec": {"type": "ClusterIP"}}),
    "an Ingress whose controller reports no address": kube_object(
        "Ingress", {"metadata": meta("web", creationTimestamp="2026-04-01T00:00:00Z"), "spec": {}}
    ),
}


@pytest.mark.parametrize("beside", GOOD.values(), ids=GOOD)
def test_what_is_well_or_not_judged_changes_nothing(beside: KubeObject) -> None:
    assert told(beside).sentence == "Healthy in a."


def test_what_is_held_back_is_said() -> None:
    found = told(custom(ROLLOUTS, "cart", {"phase": "Paused"}, replicas=2, paused=True))
    assert found.health is Health.HEALTHY
    assert found.sentence == "Healthy in a; in a Rollout cart is paused."


def test_a_service_may_be_nothing_but_a_custom_resource() -> None:
    ready = custom(DATABASES, "orders", {"conditions": [condition("Ready", "True")]})
    assert told(ready, alone=True).health is Health.HEALTHY
    assert told(custom(MONITORS, "web", None), alone=True).health is Health.NOTHING
    assert told(GOOD["a Service"], alone=True).health is Health.NOTHING


def test_a_rollout_counts_its_own_pods() -> None:
    rollout = custom(
        ROLLOUTS, "cart", {"phase": "Progressing", "replicas": 1, "readyReplicas": 0}, replicas=1
    )
    rs = replica_set("cart-1", rollout)
    waits = pod(
        "cart-1-a", owner=("ReplicaSet", "cart-1", rs.meta.uid), conditions=[condition("Ready", "False")]
    )
    found = told(rollout, rs, waits, alone=True)
    assert found.health is Health.PROGRESSING
    assert "Rollout cart" in found.sentence
