"""Everything one service of a scenario deploys: workload, Service, Ingress, configuration, autoscaler, budget, cron jobs."""

import zlib

from callboard.simulator.machinery.tree import Tree, encode
from callboard.simulator.scenarios.schema import ClusterSpec, CronSpec, ScenarioService

__all__ = ["applied", "image_of", "manifests", "workload"]

_REGISTRY = "registry.example.com"


def image_of(service: ScenarioService, version: str = "") -> str:
    return f"{service.image or f'{_REGISTRY}/{service.owner}/{service.name}'}:{version or service.version}"


def applied(tree: Tree) -> Tree:
    """The manifest with the annotation `kubectl apply` leaves."""
    metadata = tree["metadata"]
    annotations = metadata.get("annotations") or {}
    shown = (
        encode({**tree, "metadata": {**metadata, "annotations": annotations}}, order="sorted").decode() + "\n"
    )
    return {
        **tree,
        "metadata": {
            **metadata,
            "annotations": {**annotations, "kubectl.kubernetes.io/last-applied-configuration": shown},
        },
    }


def _labels(service: ScenarioService, cluster: ClusterSpec, component: str = "server") -> Tree:
    return {
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/instance": f"{service.name}-{cluster.environment}",
        "app.kubernetes.io/managed-by": "deploy-bot",
        "app.kubernetes.io/name": service.name,
        "app.kubernetes.io/part-of": service.system or service.owner,
        "backstage.io/kubernetes-id": service.name,
        "example.com/environment": cluster.environment,
        "example.com/team": service.owner,
    }


def _metadata(service: ScenarioService, cluster: ClusterSpec, name: str = "", **more: object) -> Tree:
    return {
        "name": name or service.name,
        "namespace": service.namespace,
        "labels": _labels(service, cluster),
        **more,
    }


def _environment(service: ScenarioService, cluster: ClusterSpec) -> list[Tree]:
    host = f"otel-collector.{cluster.region}.example.com"
    plain = {
        "SERVICE_NAME": service.name,
        "ENVIRONMENT": cluster.environment,
        "REGION": cluster.region,
        "HTTP_PORT": str(service.port),
        "LOG_FORMAT": "logfmt",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{host}:4317",
        "FEATURE_FLAGS_URL": f"https://flags.{cluster.environment}.example.com/v1/{service.name}",
        "CACHE_URL": f"redis://cache.{service.namespace}.svc.cluster.local:6379/{zlib.crc32(service.name.encode()) % 16}",
    }
    made: list[Tree] = [{"name": name, "value": value} for name, value in plain.items()]
    made.append(
        {
            "name": "LOG_LEVEL",
            "valueFrom": {"configMapKeyRef": {"name": f"{service.name}-config", "key": "LOG_LEVEL"}},
        }
    )
    made.append(
        {
            "name": "DB_PASSWORD",
            "valueFrom": {"secretKeyRef": {"name": f"{service.name}-db", "key": "DB_PASSWORD"}},
        }
    )
    for name, path in (
        ("POD_NAME", "metadata.name"),
        ("POD_NAMESPACE", "metadata.namespace"),
        ("NODE_NAME", "spec.nodeName"),
    ):
        made.append({"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}})
    return made


def pod_template(service: ScenarioService, cluster: ClusterSpec, version: str = "") -> Tree:
    version = version or service.version
    probe = {"httpGet": {"path": "/healthz", "port": "http"}, "timeoutSeconds": 2}
    container: Tree = {
        "name": service.container or "app",
        "image": image_of(service, version),
        "args": ["serve", f"--listen=0.0.0.0:{service.port}", "--config=/etc/service/config.yaml"],
        "ports": [
            {"name": "http", "containerPort": service.port},
            {"name": "metrics", "containerPort": 9090},
        ],
        "env": _environment(service, cluster),
        "resources": {
            "requests": {"cpu": service.cpu, "memory": service.memory},
            "limits": {"memory": service.memory_limit or service.memory},
        },
        "livenessProbe": {**probe, "initialDelaySeconds": 10},
        "readinessProbe": {**probe, "httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 5},
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/service", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - inside a container
        ],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    spec: Tree = {
        "containers": [container],
        "volumes": [
            {"name": "config", "configMap": {"name": f"{service.name}-config"}},
            {"name": "tmp", "emptyDir": {}},
        ],
        "terminationGracePeriodSeconds": 30,
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": service.name}},
            }
        ],
    }
    if service.sidecar:
        spec["containers"].append(
            {
                "name": "proxy",
                "image": f"{_REGISTRY}/mesh/proxy:2.1.4",
                "args": ["proxy", "--service", service.name, "--zone", cluster.region],
                "ports": [{"name": "admin", "containerPort": 15000}],
                "resources": {"requests": {"cpu": "20m", "memory": "48Mi"}, "limits": {"memory": "128Mi"}},
            }
        )
    if service.init:
        spec["initContainers"] = [
            {
                "name": service.init,
                "image": image_of(service, version),
                "args": [service.init, "--wait"],
                "env": [
                    {
                        "name": "DB_PASSWORD",
                        "valueFrom": {"secretKeyRef": {"name": f"{service.name}-db", "key": "DB_PASSWORD"}},
                    }
                ],
                "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
            }
        ]
    if service.storage:
        container["volumeMounts"].append({"name": "data", "mountPath": "/var/lib/data"})
    annotations = {
        "checksum/config": f"{zlib.crc32(f'{service.name}{cluster.environment}'.encode()):08x}" * 8,
        "prometheus.io/port": "9090",
        "prometheus.io/scrape": "true",
    }
    labels = {**_labels(service, cluster), "app.kubernetes.io/version": version}
    return {"metadata": {"labels": labels, "annotations": annotations}, "spec": spec}


def workload(service: ScenarioService, cluster: ClusterSpec, version: str = "") -> Tree:
    """The Deployment, StatefulSet or DaemonSet at one version."""
    version = version or service.version
    kind = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet"}[
        service.workload
    ]
    spec: Tree = {
        "selector": {
            "matchLabels": {"app.kubernetes.io/name": service.name, "app.kubernetes.io/component": "server"}
        },
        "template": pod_template(service, cluster, version),
    }
    if kind != "DaemonSet":
        spec["replicas"] = service.replicas_in(cluster.environment)
    if kind == "StatefulSet":
        spec["serviceName"] = service.name
        if service.storage:
            claim = {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": service.storage_class,
                "resources": {"requests": {"storage": service.storage}},
            }
            spec["volumeClaimTemplates"] = [
                {"metadata": {"name": "data", "labels": _labels(service, cluster)}, "spec": claim}
            ]
    if kind == "Deployment":
        spec["progressDeadlineSeconds"] = service.progress_deadline
    metadata = _metadata(service, cluster)
    metadata["labels"]["app.kubernetes.io/version"] = version
    metadata["annotations"] = {
        "example.com/commit": f"{zlib.crc32((service.name + version).encode()):08x}",
        "example.com/on-call": f"#{service.owner}",
    }
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def _cron_job(service: ScenarioService, cluster: ClusterSpec, cron: CronSpec) -> Tree:
    labels = _labels(service, cluster, cron.name)
    container = {
        "name": "job",
        "image": image_of(service),
        "args": [cron.name],
        "env": _environment(service, cluster)[:6],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
    }
    template = {"metadata": {"labels": labels}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": f"{service.name}-{cron.name}", "namespace": service.namespace, "labels": labels},
        "spec": {
            "schedule": cron.schedule,
            "suspend": cron.suspend,
            "concurrencyPolicy": "Forbid",
            "jobTemplate": {
                "metadata": {"labels": labels},
                "spec": {"backoffLimit": 2, "template": template},
            },
        },
    }


def manifests(service: ScenarioService, cluster: ClusterSpec, version: str = "") -> list[Tree]:
    """All manifests of a service in the order they are applied."""
    level = "info" if cluster.environment == "prod" else "debug"
    config = f"server:\n  port: {service.port}\n  timeout: 30s\nenvironment: {cluster.environment}\nregion: {cluster.region}\n"
    found: list[Tree] = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": _metadata(service, cluster, f"{service.name}-config"),
            "data": {"LOG_LEVEL": level, "config.yaml": config, **service.config},
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": _metadata(service, cluster, f"{service.name}-db"),
            "stringData": {
                "DB_USER": service.name,
                "DB_PASSWORD": f"simulated-{zlib.crc32((service.name + cluster.name).encode()):08x}",
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": _metadata(service, cluster),
            "spec": {
                "selector": {"app.kubernetes.io/name": service.name, "app.kubernetes.io/component": "server"},
                "ports": [
                    {"name": "http", "port": 80, "targetPort": "http"},
                    {"name": "metrics", "port": 9090, "targetPort": "metrics"},
                ],
            },
        },
        workload(service, cluster, version),
    ]
    if service.host:
        host = f"{service.host}.{cluster.environment}.{cluster.region}.example.com"
        backend = {"service": {"name": service.name, "port": {"name": "http"}}}
        rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
        found.append(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "metadata": _metadata(service, cluster),
                "spec": {
                    "ingressClassName": "nginx",
                    "tls": [{"hosts": [host], "secretName": f"{service.name}-tls"}],
                    "rules": [rule],
                },
            }
        )
    if service.autoscale and service.workload == "deployment":
        least = service.replicas_in(cluster.environment)
        metric = {
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
        }
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": service.name}
        found.append(
            {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "metadata": _metadata(service, cluster),
                "spec": {
                    "scaleTargetRef": reference,
                    "minReplicas": least,
                    "maxReplicas": max(least + 1, service.autoscale),
                    "metrics": [metric],
                },
            }
        )
    if service.budget:
        selector = {"matchLabels": {"app.kubernetes.io/name": service.name}}
        found.append(
            {
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": _metadata(service, cluster),
                "spec": {"maxUnavailable": 1, "selector": selector},
            }
        )
    found += [_cron_job(service, cluster, cron) for cron in service.cron_jobs]
    return [tree if tree["kind"] == "Secret" else applied(tree) for tree in found]
