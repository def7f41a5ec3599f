"""Pods: 6 to 10 KB each, no two alike in name, uid, environment or labels, and no more alike to a compressor than real ones."""

from collections.abc import Iterator
from random import Random
from typing import Final

from bench.replay.managed import managed_fields
from bench.replay.services import SERVICE_LABEL, Service
from bench.replay.template import Fields, Template, later, raw, uid_of

__all__ = ["LETTERS", "pods_of", "suffix"]

LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
"""What Kubernetes makes up names of."""

_SETTINGS: Final = (
    "DATABASE_URL", "CACHE_ADDRESS", "QUEUE_NAME", "REGION", "LOG_LEVEL", "FEATURE_FLAGS", "TRACE_ENDPOINT",
    "PAYMENT_PROVIDER", "MAX_CONNECTIONS",
)  # fmt: skip
_OWN_SETTINGS: Final = 6
"""Of an application's settings, so many differ from pod to pod."""

_TRUE: Final = b"true"
_RUNNING: Final = b'{"running":{"startedAt":"%b"}}'
_CRASHING: Final = (
    b'{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 5m0s restarting failed container=app"}}'
)
_CRASHED: Final = b'{"terminated":{"exitCode":1,"reason":"Error","startedAt":"%b","finishedAt":"%b","containerID":"containerd://%b"}}'
_CRASH_LOOPS: Final = 0.01


def suffix(random: Random, length: int = 5) -> str:
    """The random end of a generated name."""
    return "".join(random.choices(LETTERS, k=length))


def pods_of(
    service: Service, owner: tuple[str, str], random: Random, nodes: int, now: str
) -> Iterator[tuple[str, bytes]]:
    """(name, JSON) of each pod of a service; `owner` is the name and uid of their ReplicaSet."""
    template = _template(service, owner, random)
    for _ in range(service.pods):
        end = suffix(random)
        yield f"{owner[0]}-{end}", template.fill(_fields(end, random, nodes, now))


def _fields(end: str, random: Random, nodes: int, now: str) -> Fields:
    digits = random.randbytes(330).hex()
    node = random.randrange(nodes)
    crashes = random.random() < _CRASH_LOOPS
    when = now.encode()
    state = _CRASHING if crashes else _RUNNING % when
    last = _CRASHED % (when, when, digits[0:64].encode()) if crashes else b"{}"
    values = {
        "end": end,
        "uid": uid_of(digits[64:96]),
        "version": str(1_000_000_000 + random.randrange(100_000_000)),
        "when": now,
        "node": f"node-{node:03d}.internal",
        "host": f"10.{node // 200}.{node % 200}.2",
        "ip": f"10.244.{int(digits[96:98], 16)}.{int(digits[98:100], 16)}",
        "shard": digits[100:112],
        "checksum": digits[112:176],
        "app": digits[176:240],
        "proxy": digits[240:304],
        "init": digits[304:368],
        "token": end[::-1],
        "ready": "false" if crashes else "true",
        "condition": "False" if crashes else "True",
        "restarts": str(random.randrange(3, 40) if crashes else 0),
        "sandbox": digits[368:432],
    }
    values |= {f"own{i}": digits[432 + 32 * i : 464 + 32 * i] for i in range(_OWN_SETTINGS)}
    fields = {key.encode(): value.encode() for key, value in values.items()}
    fields[b"state"], fields[b"last"] = state, last
    return fields


def _template(service: Service, owner: tuple[str, str], random: Random) -> Template:
    name = service.name
    image = f"registry.example.com/{service.namespace}/{name}@sha256:{random.randbytes(32).hex()}"
    proxied, initialised = service.number % 3 == 1, service.number % 3 == 0
    labels = {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/version": f"{service.number % 7}.{service.number % 31}.{service.number % 13}",
        SERVICE_LABEL: name,
        "pod-template-hash": owner[0].rpartition("-")[2],
        "example.com/shard": later("shard"),
        "team": service.namespace,
    }
    annotations = {
        "checksum/config": later("checksum"),
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "9090",
    }
    names = ["app", *(["proxy"] if proxied else [])]
    containers = [_container(part, image, service, random) for part in names]
    metadata = {
        "name": f"{owner[0]}-{later('end')}",
        "generateName": f"{owner[0]}-",
        "namespace": service.namespace,
        "uid": later("uid"),
        "resourceVersion": later("version"),
        "generation": 1,
        "creationTimestamp": later("when"),
        "labels": labels,
        "annotations": annotations,
        "ownerReferences": [
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "name": owner[0],
                "uid": owner[1],
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    spec: dict[str, object] = {
        "volumes": [_api_access(), {"name": "config", "configMap": {"name": name, "defaultMode": 420}}],
        **({"initContainers": [_init(image)]} if initialised else {}),
        "containers": containers,
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": name,
        "serviceAccount": name,
        "nodeName": later("node"),
        "securityContext": {"runAsNonRoot": True, "fsGroup": 2000},
        "schedulerName": "default-scheduler",
        "tolerations": [
            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
        ],
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    status = _status(names, image, initialised)
    owned = {
        "time": later("when"),
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": _own(spec),
    }
    metadata["managedFields"] = [
        managed_fields("kube-controller-manager", owned, "v1"),
        managed_fields("kubelet", {"time": later("when"), "status": status}, "v1", status=True),
    ]
    return Template({"metadata": metadata, "spec": spec, "status": status})


def _own(spec: dict[str, object]) -> dict[str, object]:
    """What the ReplicaSet controller sets of a pod's spec; the rest are defaults."""
    return {
        k: v for k, v in spec.items() if k in ("containers", "restartPolicy", "securityContext", "dnsPolicy")
    }


def _container(part: str, image: str, service: Service, random: Random) -> dict[str, object]:
    app = part == "app"
    environment: list[dict[str, object]] = []
    for index, setting in enumerate(_SETTINGS[: 6 + service.number % 4] if app else ()):
        own = later(f"own{index}") if index < _OWN_SETTINGS else random.randbytes(8).hex()
        environment.append({"name": setting, "value": own})
    if app:
        secret = {"secretKeyRef": {"name": service.name, "key": "database-password"}}
        environment.append({"name": "DATABASE_PASSWORD", "valueFrom": secret})
    probe = {
        "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    mounts = [
        {
            "name": f"kube-api-access-{later('token')}",
            "readOnly": True,
            "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        }
    ]
    if app:
        mounts.insert(0, {"name": "config", "readOnly": True, "mountPath": "/etc/config"})
    return {
        "name": part,
        "image": image if app else f"registry.example.com/mesh/proxy:1.{service.number % 9}.2",
        "ports": [
            {"name": "http" if app else "mesh", "containerPort": 8080 if app else 15001, "protocol": "TCP"}
        ],
        **({"env": environment} if app else {}),
        "resources": {
            "limits": {"cpu": "1", "memory": f"{256 + service.number % 8 * 64}Mi"},
            "requests": {"cpu": "100m", "memory": "128Mi"},
        },
        "volumeMounts": mounts,
        **({"livenessProbe": probe, "readinessProbe": probe} if app else {}),
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }


def _init(image: str) -> dict[str, object]:
    return {
        "name": "migrate",
        "image": image,
        "command": ["/app/migrate", "--wait"],
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }


def _api_access() -> dict[str, object]:
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    ]
    return {
        "name": f"kube-api-access-{later('token')}",
        "projected": {"sources": sources, "defaultMode": 420},
    }


def _status(names: list[str], image: str, initialised: bool) -> dict[str, object]:
    conditions = [
        {
            "type": kind,
            "status": later("condition") if kind in ("Ready", "ContainersReady") else "True",
            "lastProbeTime": None,
            "lastTransitionTime": later("when"),
        }
        for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    ]
    statuses = [
        {
            "name": part,
            "state": raw("state") if part == "app" else {"running": {"startedAt": later("when")}},
            "lastState": raw("last") if part == "app" else {},
            "ready": raw("ready") if part == "app" else True,
            "restartCount": raw("restarts") if part == "app" else 0,
            "image": image if part == "app" else "registry.example.com/mesh/proxy",
            "imageID": image
            if part == "app"
            else f"registry.example.com/mesh/proxy@sha256:{later('sandbox')}",
            "containerID": f"containerd://{later(part)}",
            "started": raw("ready") if part == "app" else True,
        }
        for part in names
    ]
    ended = {"exitCode": 0, "reason": "Completed", "containerID": f"containerd://{later('init')}"}
    first = {
        "name": "migrate",
        "state": {"terminated": ended},
        "ready": True,
        "restartCount": 0,
        "image": image,
    }
    return {
        "phase": "Running",
        "conditions": conditions,
        "hostIP": later("host"),
        "hostIPs": [{"ip": later("host")}],
        "podIP": later("ip"),
        "podIPs": [{"ip": later("ip")}],
        "startTime": later("when"),
        **({"initContainerStatuses": [first]} if initialised else {}),
        "containerStatuses": statuses,
        "qosClass": "Burstable",
    }
