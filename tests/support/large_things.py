"""Things larger than anybody makes on purpose, each in a service of its own: what they cost must stay theirs."""

from collections.abc import Callable, Iterator
from typing import Any

from callboard.simulator.cluster import SimulatedCluster

__all__ = ["LARGE", "furnish"]

Tree = dict[str, Any]
NAMESPACE = "games"
IMAGE = "registry.example.com/app:1"
LONG = "x" * 32_768
"""Characters of the longest message that a condition may have."""


def _meta(service: str, name: str = "", **more: Any) -> Tree:
    labels = {"backstage.io/kubernetes-id": service, **more.pop("labels", {})}
    return {"name": name or service, "namespace": NAMESPACE, "labels": labels, **more}


def _pod(service: str, spec: Tree | None = None, status: Tree | None = None, **meta: Any) -> Tree:
    inside = {"containers": [{"name": "app", "image": IMAGE}], **(spec or {})}
    made: Tree = {"apiVersion": "v1", "kind": "Pod", "metadata": _meta(service, **meta), "spec": inside}
    return made if status is None else {**made, "status": status}


def _conditions(many: int, message: str = LONG) -> list[Tree]:
    at = "2026-01-01T00:00:00Z"
    return [
        {"type": f"T{n}", "status": "False", "reason": "R", "message": message, "lastTransitionTime": at}
        for n in range(many)
    ]


def _deployment(service: str, template: Tree | None = None, **spec: Any) -> Tree:
    labels = {"app": service, "backstage.io/kubernetes-id": service}
    inside = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": IMAGE}]}}
    told = {
        "replicas": 0,
        "selector": {"matchLabels": {"app": service}},
        "template": template or inside,
        **spec,
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _meta(service), "spec": told}


def _job(service: str) -> Tree:
    template = {"spec": {"containers": [{"name": "app", "image": IMAGE}], "restartPolicy": "Never"}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _meta(service),
        "spec": {"template": template, "suspend": True},
    }


def _event(service: str, n: int, message: str) -> Tree:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{service}.{n}", "namespace": NAMESPACE},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": NAMESPACE, "name": service},
        "reason": f"R{n % 700}",
        "message": message,
        "type": "Warning",
        "count": 1,
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }


def _config(service: str, data: dict[str, str]) -> Tree:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta(service), "data": data}


def _ingress(service: str, rules: int) -> Tree:
    backend = {"service": {"name": "s", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    made = [{"host": f"h{n}.example.com", "http": {"paths": [path]}} for n in range(rules)]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": _meta(service),
        "spec": {"rules": made},
    }


def _service(service: str, ports: int) -> Tree:
    made = [{"name": f"p{n}", "port": n + 1, "protocol": "TCP"} for n in range(ports)]
    return {"apiVersion": "v1", "kind": "Service", "metadata": _meta(service), "spec": {"ports": made}}


def _scaler(service: str, metrics: int) -> Tree:
    target = {"type": "AverageValue", "averageValue": "1"}
    made = [{"type": "Pods", "pods": {"metric": {"name": f"m{n}"}, "target": target}} for n in range(metrics)]
    about = {"apiVersion": "apps/v1", "kind": "Deployment", "name": service}
    spec = {"scaleTargetRef": about, "minReplicas": 1, "maxReplicas": 3, "metrics": made}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _meta(service),
        "spec": spec,
    }


def _quota(service: str, resources: int) -> Tree:
    hard = {f"count/r{n}.example.com": "1" for n in range(resources)}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": _meta(service), "spec": {"hard": hard}}


def _ended(service: str, message: str) -> Tree:
    at = "2026-01-01T00:00:00Z"
    ended = {"exitCode": 1, "reason": "Error", "message": message, "startedAt": at, "finishedAt": at}
    status = {"name": "app", "image": IMAGE, "imageID": "", "ready": False, "restartCount": 9}
    status |= {"state": {"terminated": ended}, "lastState": {"terminated": ended}}
    return _pod(service, status={"phase": "Running", "containerStatuses": [status]})


_Make = Callable[[str], Iterator[Tree]]


def _one(make: Callable[[str], Tree]) -> _Make:
    return lambda service: iter((make(service),))


LARGE: dict[str, _Make] = {
    "annotation": _one(lambda s: _pod(s, annotations={"a": "x" * 250_000})),
    "annotations": _one(lambda s: _pod(s, annotations={f"a{n}": "x" * 100 for n in range(2_000)})),
    "labels": _one(lambda s: _pod(s, labels={f"l{n}": "x" for n in range(5_000)})),
    "finalizers": _one(lambda s: _pod(s, finalizers=[f"example.com/f{n}" for n in range(5_000)])),
    "owners": _one(
        lambda s: _pod(
            s,
            ownerReferences=[
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"o{n}", "uid": f"u{n}"}
                for n in range(3_000)
            ],
        )
    ),
    "containers": _one(
        lambda s: _pod(s, {"containers": [{"name": f"c{n}", "image": IMAGE} for n in range(800)]})
    ),
    "init-containers": _one(
        lambda s: _pod(s, {"initContainers": [{"name": f"i{n}", "image": IMAGE} for n in range(800)]})
    ),
    "environment": _one(
        lambda s: _pod(
            s,
            {
                "containers": [
                    {
                        "name": "app",
                        "image": IMAGE,
                        "env": [{"name": f"E{n}", "value": "x" * 100} for n in range(6_000)],
                    }
                ]
            },
        )
    ),
    "arguments": _one(
        lambda s: _pod(s, {"containers": [{"name": "app", "image": IMAGE, "args": ["x" * 900_000]}]})
    ),
    "volumes": _one(
        lambda s: _pod(s, {"volumes": [{"name": f"v{n}", "emptyDir": {}} for n in range(4_000)]})
    ),
    "image": _one(lambda s: _pod(s, {"containers": [{"name": "app", "image": "r/" + "x" * 300_000}]})),
    "conditions-of-a-pod": _one(
        lambda s: _pod(s, status={"phase": "Running", "conditions": _conditions(40)})
    ),
    "short-conditions": _one(
        lambda s: _pod(s, status={"phase": "Running", "conditions": _conditions(8_000, "m")})
    ),
    "reason": _one(lambda s: _pod(s, status={"phase": "Failed", "reason": "R" * 300_000, "message": LONG})),
    "last-words": _one(lambda s: _ended(s, "word " * 200_000)),
    "conditions-of-a-deployment": _one(
        lambda s: {**_deployment(s), "status": {"conditions": _conditions(40)}}
    ),
    "conditions-of-a-job": _one(lambda s: {**_job(s), "status": {"conditions": _conditions(40)}}),
    "events": lambda s: iter((_pod(s), *(_event(s, n, "m" * 900) for n in range(3_000)))),
    "long-events": lambda s: iter((_pod(s), *(_event(s, n, "m" * 20_000) for n in range(150)))),
    "configuration-in-one-line": _one(lambda s: _config(s, {"all": "x" * 900_000})),
    "configuration-of-many-keys": _one(lambda s: _config(s, {f"k{n}": "x" for n in range(40_000)})),
    "rules-of-an-ingress": _one(lambda s: _ingress(s, 4_000)),
    "ports": _one(lambda s: _service(s, 8_000)),
    "metrics": _one(lambda s: _scaler(s, 3_000)),
    "resources-of-a-quota": _one(lambda s: _quota(s, 5_000)),
    "objects": lambda s: iter(
        _config(f"{s}-{n}", {}) | {"metadata": _meta(s, f"{s}-{n}")} for n in range(2_000)
    ),
}
"""By what is large about it."""


def furnish(cluster: SimulatedCluster) -> None:
    """One service each, called like what is large about it, and beside that a small ConfigMap."""
    for service, make in LARGE.items():
        small = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta(service, f"small-of-{service}")}
        for tree in (small, *make(service)):
            status = tree.pop("status", None)
            made = cluster.store.create(tree)
            if status is not None:
                resource = {"Pod": "pods", "Deployment": "deployments.apps", "Job": "jobs.batch"}[
                    tree["kind"]
                ]
                name = made["metadata"]["name"]
                cluster.store.patch(resource, name, {"status": status}, NAMESPACE, subresource="status")
