"""Everything but pods: what owns them and what stands beside them, a handful of objects a service."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Final

import msgspec

from bench.replay.managed import managed_fields
from bench.replay.pods import suffix
from bench.replay.services import SERVICE_LABEL, Service
from bench.replay.template import uid

__all__ = ["Made", "Maker"]

_OLD_REPLICA_SETS: Final = 2
_encode: Final = msgspec.json.Encoder().encode


class Made(msgspec.Struct, frozen=True):
    """One object: the plural of its type, where it stands, whose it is ("" for no service), and its JSON."""

    plural: str
    namespace: str
    name: str
    service: str
    json: bytes


class Maker:
    """Makes the objects of one cluster."""

    def __init__(self, random: Random, now: str) -> None:
        self._random = random
        self._now = now

    def nodes(self, count: int) -> Iterator[Made]:
        for number in range(count):
            name = f"node-{number:03d}.internal"
            conditions = [
                {
                    "type": kind,
                    "status": "True" if kind == "Ready" else "False",
                    "lastTransitionTime": self._now,
                }
                for kind in ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
            ]
            sizes = {"cpu": "16", "memory": "65536000Ki", "pods": "250", "ephemeral-storage": "203056560Ki"}
            status = {"capacity": sizes, "allocatable": sizes, "conditions": conditions}
            yield self._made(
                "nodes",
                "",
                name,
                "",
                "v1",
                {"spec": {"podCIDR": f"10.244.{number % 256}.0/24"}, "status": status},
            )

    def namespaced(self, namespace: str) -> Iterator[Made]:
        """What every namespace has."""
        hard = {"requests.cpu": "200", "requests.memory": "400Gi", "pods": "500"}
        used = {"requests.cpu": "55", "requests.memory": "90Gi", "pods": "220"}
        quota = {"spec": {"hard": hard}, "status": {"hard": hard, "used": used}}
        yield self._made("resourcequotas", namespace, "compute", "", "v1", quota)
        limit = {"type": "Container", "default": {"memory": "512Mi"}, "defaultRequest": {"memory": "128Mi"}}
        yield self._made("limitranges", namespace, "defaults", "", "v1", {"spec": {"limits": [limit]}})

    def owner(self, service: Service) -> tuple[list[Made], tuple[str, str]]:
        """A service's Deployment and ReplicaSets, and name and uid of the one that owns its pods."""
        deployment = uid(self._random)
        made = [self._deployment(service, deployment)]
        owner = ("", "")
        for revision in range(1, _OLD_REPLICA_SETS + 2):
            name, key = f"{service.name}-{suffix(self._random, 10)}", uid(self._random)
            current = revision == _OLD_REPLICA_SETS + 1
            made.append(
                self._replica_set(service, name, key, deployment, revision, service.pods if current else 0)
            )
            owner = (name, key)
        return made, owner

    def beside(self, service: Service) -> Iterator[Made]:
        """Service, ConfigMap and, for some, what else a service may bring."""
        name, space, number = service.name, service.namespace, service.number
        port = {"name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080}
        ip = f"10.96.{number % 256}.{self._random.randrange(1, 255)}"
        spec: dict[str, object] = {
            "clusterIP": ip,
            "type": "ClusterIP",
            "ports": [port],
            "selector": {"app": name},
        }
        yield self._made("services", space, name, name, "v1", {"spec": spec, "status": {"loadBalancer": {}}})
        data = {f"setting.{i}": self._random.randbytes(24).hex() for i in range(12)}
        yield self._made("configmaps", space, name, name, "v1", {"data": data})
        if number % 2 == 0:
            target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
            metric = {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
            }
            spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 200, "metrics": [metric]}
            status: dict[str, object] = {"currentReplicas": service.pods, "desiredReplicas": service.pods}
            yield self._made(
                "horizontalpodautoscalers",
                space,
                name,
                name,
                "autoscaling/v2",
                {"spec": spec, "status": status},
            )
        if number % 3 == 0:
            backend = {"service": {"name": name, "port": {"name": "http"}}}
            rule = {
                "host": f"{name}.example.com",
                "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
            }
            yield self._made(
                "ingresses",
                space,
                name,
                name,
                "networking.k8s.io/v1",
                {"spec": {"rules": [rule]}, "status": {"loadBalancer": {}}},
            )
        if number % 5 == 0:
            yield from self._more(service)

    def _more(self, service: Service) -> Iterator[Made]:
        """The types that fewer services have; none of them has pods here."""
        name, space = service.name, service.namespace
        template = {"metadata": {"labels": {"app": f"{name}-extra"}}, "spec": self._pod_spec(service)}
        selector = {"matchLabels": {"app": f"{name}-extra"}}
        none = {"observedGeneration": 1, "replicas": 0, "readyReplicas": 0}
        spec: dict[str, object] = {
            "replicas": 0,
            "selector": selector,
            "serviceName": name,
            "template": template,
        }
        yield self._made(
            "statefulsets", space, f"{name}-store", name, "apps/v1", {"spec": spec, "status": none}
        )
        numbers = dict.fromkeys(
            ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady"), 0
        )
        spec = {"selector": selector, "template": template}
        yield self._made(
            "daemonsets",
            space,
            f"{name}-agent",
            name,
            "apps/v1",
            {"spec": spec, "status": {**numbers, "observedGeneration": 1}},
        )
        job = {
            "template": {**template, "spec": {**self._pod_spec(service), "restartPolicy": "Never"}},
            "backoffLimit": 6,
        }
        spec = {"schedule": "0 3 * * *", "concurrencyPolicy": "Forbid", "jobTemplate": {"spec": job}}
        yield self._made(
            "cronjobs",
            space,
            f"{name}-nightly",
            name,
            "batch/v1",
            {"spec": spec, "status": {"lastScheduleTime": self._now}},
        )
        complete = {"type": "Complete", "status": "True", "lastTransitionTime": self._now}
        status = {
            "succeeded": 1,
            "startTime": self._now,
            "completionTime": self._now,
            "conditions": [complete],
        }
        yield self._made("jobs", space, f"{name}-migrate", name, "batch/v1", {"spec": job, "status": status})

    def _deployment(self, service: Service, key: str) -> Made:
        count = service.pods
        conditions = [
            {
                "type": "Available",
                "status": "True",
                "reason": "MinimumReplicasAvailable",
                "lastUpdateTime": self._now,
            },
            {
                "type": "Progressing",
                "status": "True",
                "reason": "NewReplicaSetAvailable",
                "lastUpdateTime": self._now,
            },
        ]
        status = {
            "observedGeneration": 1, "replicas": count, "updatedReplicas": count, "readyReplicas": count,
            "availableReplicas": count, "conditions": conditions,
        }  # fmt: skip
        spec = {
            "replicas": count,
            "selector": {"matchLabels": {"app.kubernetes.io/name": service.name}},
            "template": {"metadata": {"labels": self._labels(service)}, "spec": self._pod_spec(service)},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
            },
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
        }
        return self._made(
            "deployments", service.namespace, service.name, service.name, "apps/v1", {"spec": spec, "status": status},
            key=key, annotations={"deployment.kubernetes.io/revision": str(_OLD_REPLICA_SETS + 1)},
        )  # fmt: skip

    def _replica_set(
        self, service: Service, name: str, key: str, owner: str, revision: int, count: int
    ) -> Made:
        labels = {**self._labels(service), "pod-template-hash": name.rpartition("-")[2]}
        spec = {
            "replicas": count,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": self._pod_spec(service)},
        }
        status = {
            "replicas": count,
            "readyReplicas": count,
            "availableReplicas": count,
            "observedGeneration": 1,
        }
        return self._made(
            "replicasets", service.namespace, name, service.name, "apps/v1", {"spec": spec, "status": status},
            key=key, annotations={"deployment.kubernetes.io/revision": str(revision)},
            owner={"apiVersion": "apps/v1", "kind": "Deployment", "name": service.name, "uid": owner, "controller": True},
        )  # fmt: skip

    def _pod_spec(self, service: Service) -> dict[str, object]:
        image = f"registry.example.com/{service.namespace}/{service.name}@sha256:{self._random.randbytes(32).hex()}"
        limits = {"limits": {"cpu": "1", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}}
        environment = [{"name": "CONFIG_REVISION", "value": self._random.randbytes(8).hex()}]
        container = {"name": "app", "image": image, "env": environment, "resources": limits}
        return {"containers": [container], "restartPolicy": "Always", "terminationGracePeriodSeconds": 30}

    def _labels(self, service: Service) -> dict[str, str]:
        return {
            "app.kubernetes.io/name": service.name,
            SERVICE_LABEL: service.name,
            "team": service.namespace,
        }

    def _made(
        self,
        plural: str,
        namespace: str,
        name: str,
        service: str,
        api_version: str,
        rest: Mapping[str, object],
        *,
        key: str = "",
        annotations: dict[str, str] | None = None,
        owner: dict[str, object] | None = None,
    ) -> Made:
        metadata: dict[str, object] = {
            "name": name,
            **({"namespace": namespace} if namespace else {}),
            "uid": key or uid(self._random),
            "resourceVersion": str(1_000_000_000 + self._random.randrange(100_000_000)),
            "creationTimestamp": self._now,
            "labels": {SERVICE_LABEL: service, "team": namespace}
            if service
            else {"team": namespace or "platform"},
        }
        if annotations:
            metadata["annotations"] = annotations
        if owner:
            metadata["ownerReferences"] = [owner]
        metadata["managedFields"] = [managed_fields("deployer", {"time": self._now, **rest}, api_version)]
        return Made(plural, namespace, name, service, _encode({"metadata": metadata, **rest}))
