"""Each case is a fact of the Kubernetes API and what kstatus makes of it; the neighbour differs in one field."""

from typing import Any

import pytest

from callboard.diagnosis.kstatus import object_health
from callboard.model.objects import KubeObject
from callboard.model.resource import ResourceType
from callboard.model.verdict import Health
from support.kube_objects import deployment, kube_object, meta


def stateful_set(spec: dict[str, Any] | None = None, **status: Any) -> KubeObject:
    base = {
        "replicas": 3,
        "readyReplicas": 3,
        "updatedReplicas": 3,
        "currentRevision": "a",
        "updateRevision": "a",
    }
    return kube_object(
        "StatefulSet",
        {"metadata": meta("db"), "spec": {"replicas": 3, **(spec or {})}, "status": {**base, **status}},
    )


def daemon_set(**status: Any) -> KubeObject:
    base = dict.fromkeys(
        (
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "updatedNumberScheduled",
            "numberAvailable",
            "numberReady",
        ),
        3,
    )
    return kube_object("DaemonSet", {"metadata": meta("agent"), "spec": {}, "status": {**base, **status}})


def job(*conditions: dict[str, str], spec: dict[str, Any] | None = None, **status: Any) -> KubeObject:
    return kube_object(
        "Job",
        {"metadata": meta("import"), "spec": spec or {}, "status": {"conditions": conditions, **status}},
    )


def custom(status: object, **metadata: Any) -> KubeObject:
    type_ = ResourceType("db.example.com", "v1", "databases", "Database", True)
    return kube_object("Database", {"metadata": meta("orders", **metadata), "status": status}, type_=type_)


CASES = {
    "deployment, all ready": (deployment(wanted=3, ready=3), Health.HEALTHY),
    "deployment, one not available": (deployment(wanted=3, ready=2), Health.PROGRESSING),
    "deployment, newest change not seen": (
        deployment(wanted=3, ready=3, observedGeneration=1),
        Health.PROGRESSING,
    ),
    "deployment, one not updated": (deployment(wanted=3, ready=3, updatedReplicas=2), Health.PROGRESSING),
    "deployment, an old pod ends": (deployment(wanted=3, ready=3, replicas=4), Health.PROGRESSING),
    "deployment, scaled to zero": (deployment(wanted=0, ready=0), Health.HEALTHY),
    "deployment, deadline passed": (
        deployment(
            wanted=3,
            ready=2,
            conditions=[{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}],
        ),
        Health.UNHEALTHY,
    ),
    "deployment, quota": (
        deployment(
            wanted=3,
            ready=2,
            conditions=[{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}],
        ),
        Health.UNHEALTHY,
    ),
    "stateful set, all ready": (stateful_set(), Health.HEALTHY),
    "stateful set, one not ready": (stateful_set(readyReplicas=2), Health.PROGRESSING),
    "stateful set, rolling": (stateful_set(updateRevision="b", updatedReplicas=1), Health.PROGRESSING),
    "stateful set, partition reached": (
        stateful_set(
            {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}},
            updateRevision="b",
            updatedReplicas=1,
        ),
        Health.HEALTHY,
    ),
    "stateful set, partition not reached": (
        stateful_set(
            {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}},
            updateRevision="b",
            updatedReplicas=1,
        ),
        Health.PROGRESSING,
    ),
    "stateful set, OnDelete": (
        stateful_set({"updateStrategy": {"type": "OnDelete"}}, updateRevision="b", updatedReplicas=0),
        Health.HEALTHY,
    ),
    "daemon set, everywhere": (daemon_set(), Health.HEALTHY),
    "daemon set, one node without": (daemon_set(currentNumberScheduled=2), Health.PROGRESSING),
    "daemon set, one not available": (daemon_set(numberAvailable=2), Health.PROGRESSING),
    "job, complete": (job({"type": "Complete", "status": "True"}), Health.HEALTHY),
    "job, running": (job(startTime="2026-05-01T14:00:00Z", active=1), Health.HEALTHY),
    "job, not started": (job(), Health.PROGRESSING),
    "job, retrying is not failed": (
        job(startTime="2026-05-01T14:00:00Z", active=1, failed=2),
        Health.HEALTHY,
    ),
    "job, failed": (
        job({"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}),
        Health.UNHEALTHY,
    ),
    "custom, no status yet": (custom(None), Health.PROGRESSING),
    "custom, ready": (custom({"conditions": [{"type": "Ready", "status": "True"}]}), Health.HEALTHY),
    "custom, not ready": (custom({"conditions": [{"type": "Ready", "status": "False"}]}), Health.PROGRESSING),
    "custom, stalled": (custom({"conditions": [{"type": "Stalled", "status": "True"}]}), Health.UNHEALTHY),
    "custom, not observed": (custom({"observedGeneration": 1}, generation=2), Health.PROGRESSING),
    "custom, observed as a string": (custom({"observedGeneration": "2"}, generation=2), Health.HEALTHY),
    "custom, being deleted": (custom({}, deletionTimestamp="2026-05-01T14:00:00Z"), Health.PROGRESSING),
    "service, cluster ip": (kube_object("Service", {"metadata": meta("s"), "spec": {}}), Health.HEALTHY),
    "service, load balancer without address": (
        kube_object("Service", {"metadata": meta("s"), "spec": {"type": "LoadBalancer"}}),
        Health.PROGRESSING,
    ),
    "claim, bound": (
        kube_object("PersistentVolumeClaim", {"metadata": meta("c"), "status": {"phase": "Bound"}}),
        Health.HEALTHY,
    ),
    "claim, pending": (
        kube_object("PersistentVolumeClaim", {"metadata": meta("c"), "status": {"phase": "Pending"}}),
        Health.PROGRESSING,
    ),
    "claim, lost": (
        kube_object("PersistentVolumeClaim", {"metadata": meta("c"), "status": {"phase": "Lost"}}),
        Health.UNHEALTHY,
    ),
    "autoscaler, at its minimum": (
        kube_object(
            "HorizontalPodAutoscaler",
            {
                "metadata": meta("h"),
                "status": {
                    "conditions": [{"type": "ScalingLimited", "status": "True", "reason": "TooFewReplicas"}]
                },
            },
        ),
        Health.HEALTHY,
    ),
    "autoscaler, no metrics": (
        kube_object(
            "HorizontalPodAutoscaler",
            {
                "metadata": meta("h"),
                "status": {
                    "conditions": [
                        {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}
                    ]
                },
            },
        ),
        Health.UNHEALTHY,
    ),
}


@pytest.mark.parametrize(("obj", "expected"), CASES.values(), ids=CASES)
def test_readiness(obj: KubeObject, expected: Health) -> None:
    found = object_health(obj)
    assert found.health is expected, found
    assert found.reason or expected is Health.HEALTHY, "whatever is not healthy says why"
