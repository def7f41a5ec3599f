"""The defaults an API server writes into objects on creation (k8s.io/kubernetes/pkg/apis/*/v1/defaults.go)."""

from collections.abc import Callable
from typing import Any

from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["apply_defaults", "default_pod_spec"]


def default_pod_spec(spec: Tree) -> Tree:
    """Fill in a PodSpec, in the field order an API server writes."""
    result: Tree = {}
    if spec.get("volumes"):
        result["volumes"] = [_volume(volume) for volume in spec["volumes"]]
    for part in ("initContainers", "containers"):
        if spec.get(part):
            result[part] = [_container(container) for container in spec[part]]
    result["restartPolicy"] = spec.get("restartPolicy", "Always")
    result["terminationGracePeriodSeconds"] = spec.get("terminationGracePeriodSeconds", 30)
    if "activeDeadlineSeconds" in spec:
        result["activeDeadlineSeconds"] = spec["activeDeadlineSeconds"]
    result["dnsPolicy"] = spec.get("dnsPolicy", "ClusterFirst")
    if spec.get("nodeSelector"):
        result["nodeSelector"] = spec["nodeSelector"]
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        result["serviceAccountName"] = account
        result["serviceAccount"] = account
    for key, value in spec.items():
        if (
            key not in result
            and key not in ("securityContext", "schedulerName", "serviceAccount")
            and value is not None
        ):
            result[key] = value
    result["securityContext"] = spec.get("securityContext") or {}
    result["schedulerName"] = spec.get("schedulerName", "default-scheduler")
    for key in ("affinity", "tolerations", "topologySpreadConstraints"):
        if key in result:
            result[key] = result.pop(key)
    return result


def _volume(volume: Tree) -> Tree:
    result = dict(volume)
    for source in ("configMap", "projected", "downwardAPI"):
        if source in result:
            result[source] = {**result[source], "defaultMode": result[source].get("defaultMode", 420)}
    if "secret" in result:
        result["secret"] = {**result["secret"], "defaultMode": result["secret"].get("defaultMode", 420)}
    return result


_CONTAINER_ORDER = (
    "name",
    "image",
    "command",
    "args",
    "workingDir",
    "ports",
    "envFrom",
    "env",
    "resources",
    "volumeMounts",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "imagePullPolicy",
    "securityContext",
)


def _container(container: Tree) -> Tree:
    filled = dict(container)
    image = str(filled.get("image", ""))
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    filled["resources"] = _requests(filled.get("resources") or {})
    filled.setdefault("terminationMessagePath", "/dev/termination-log")
    filled.setdefault("terminationMessagePolicy", "File")
    filled.setdefault(
        "imagePullPolicy", "Always" if tag in ("", "latest") and "@" not in image else "IfNotPresent"
    )
    if filled.get("ports"):
        filled["ports"] = [_port(port) for port in filled["ports"]]
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in filled:
            filled[probe] = _probe(filled[probe])
    ordered = {key: filled[key] for key in _CONTAINER_ORDER if key in filled}
    ordered.update({key: value for key, value in filled.items() if key not in ordered})
    return ordered


def _requests(resources: Tree) -> Tree:
    result: Tree = {}
    limits = resources.get("limits") or {}
    requests = {**limits, **(resources.get("requests") or {})}
    if limits:
        result["limits"] = limits
    if requests:
        result["requests"] = requests
    return result


def _port(port: Tree) -> Tree:
    result: Tree = {}
    for key in ("name", "hostPort", "containerPort"):
        if key in port:
            result[key] = port[key]
    result["protocol"] = port.get("protocol", "TCP")
    return result


def _probe(probe: Tree) -> Tree:
    result = dict(probe)
    if "httpGet" in result:
        get = result["httpGet"]
        result["httpGet"] = {
            "path": get.get("path", "/"),
            "port": get.get("port"),
            "scheme": get.get("scheme", "HTTP"),
        }
    for key, value in (
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ):
        result[key] = result.pop(key, value)
    return result


def _template(template: Tree) -> Tree:
    return {"metadata": template.get("metadata") or {}, "spec": default_pod_spec(template.get("spec") or {})}


def _deployment(spec: Tree) -> Tree:
    strategy = dict(spec.get("strategy") or {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.get("rollingUpdate") or {}
        strategy["rollingUpdate"] = {
            "maxUnavailable": rolling.get("maxUnavailable", "25%"),
            "maxSurge": rolling.get("maxSurge", "25%"),
        }
    result: Tree = {
        "replicas": spec.get("replicas", 1),
        "selector": spec.get("selector"),
        "template": _template(spec.get("template") or {}),
    }
    result["strategy"] = strategy
    result.update({key: spec[key] for key in ("minReadySeconds", "paused") if spec.get(key)})
    result["revisionHistoryLimit"] = spec.get("revisionHistoryLimit", 10)
    result["progressDeadlineSeconds"] = spec.get("progressDeadlineSeconds", 600)
    return result


def _replica_set(spec: Tree) -> Tree:
    result = {**spec, "replicas": spec.get("replicas", 1)}
    if "template" in spec:
        result["template"] = _template(spec["template"])
    return result


def _stateful_set(spec: Tree) -> Tree:
    result: Tree = {
        "replicas": spec.get("replicas", 1),
        "selector": spec.get("selector"),
        "template": _template(spec.get("template") or {}),
    }
    if spec.get("volumeClaimTemplates"):
        result["volumeClaimTemplates"] = [
            {
                "kind": "PersistentVolumeClaim",
                "apiVersion": "v1",
                "metadata": claim.get("metadata") or {},
                "spec": {**(claim.get("spec") or {}), "volumeMode": "Filesystem"},
                "status": {"phase": "Pending"},
            }
            for claim in spec["volumeClaimTemplates"]
        ]
    result["serviceName"] = spec.get("serviceName", "")
    result["podManagementPolicy"] = spec.get("podManagementPolicy", "OrderedReady")
    result["updateStrategy"] = spec.get("updateStrategy") or {
        "type": "RollingUpdate",
        "rollingUpdate": {"partition": 0},
    }
    result["revisionHistoryLimit"] = spec.get("revisionHistoryLimit", 10)
    result["persistentVolumeClaimRetentionPolicy"] = spec.get("persistentVolumeClaimRetentionPolicy") or {
        "whenDeleted": "Retain",
        "whenScaled": "Retain",
    }
    return result


def _daemon_set(spec: Tree) -> Tree:
    return {
        "selector": spec.get("selector"),
        "template": _template(spec.get("template") or {}),
        "updateStrategy": spec.get("updateStrategy")
        or {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
        "revisionHistoryLimit": spec.get("revisionHistoryLimit", 10),
    }


def _job(spec: Tree) -> Tree:
    result: Tree = {"parallelism": spec.get("parallelism", 1), "completions": spec.get("completions", 1)}
    if "activeDeadlineSeconds" in spec:
        result["activeDeadlineSeconds"] = spec["activeDeadlineSeconds"]
    result["backoffLimit"] = spec.get("backoffLimit", 6)
    result["selector"] = spec.get("selector")
    result["manualSelector"] = spec.get("manualSelector", False)
    result["template"] = _template(spec.get("template") or {})
    if "ttlSecondsAfterFinished" in spec:
        result["ttlSecondsAfterFinished"] = spec["ttlSecondsAfterFinished"]
    result["completionMode"] = spec.get("completionMode", "NonIndexed")
    result["suspend"] = spec.get("suspend", False)
    result["podReplacementPolicy"] = spec.get("podReplacementPolicy", "TerminatingOrFailed")
    return result


def _cron_job(spec: Tree) -> Tree:
    template = spec.get("jobTemplate") or {}
    inner = dict(template.get("spec") or {})
    inner["template"] = _template(inner.get("template") or {})
    result: Tree = {"schedule": spec.get("schedule", "")}
    for key in ("timeZone", "startingDeadlineSeconds"):
        if key in spec:
            result[key] = spec[key]
    result["concurrencyPolicy"] = spec.get("concurrencyPolicy", "Allow")
    result["suspend"] = spec.get("suspend", False)
    result["jobTemplate"] = {"metadata": template.get("metadata") or {}, "spec": inner}
    result["successfulJobsHistoryLimit"] = spec.get("successfulJobsHistoryLimit", 3)
    result["failedJobsHistoryLimit"] = spec.get("failedJobsHistoryLimit", 1)
    return result


def _service(spec: Tree) -> Tree:
    result: Tree = {"ports": []}
    for port in spec.get("ports") or ():
        result["ports"].append(
            {
                **({"name": port["name"]} if "name" in port else {}),
                "protocol": port.get("protocol", "TCP"),
                "port": port["port"],
                "targetPort": port.get("targetPort", port["port"]),
                **{key: port[key] for key in ("nodePort", "appProtocol") if key in port},
            }
        )
    result.update({key: value for key, value in spec.items() if key != "ports"})
    result.setdefault("type", "ClusterIP")
    for key, value in (
        ("sessionAffinity", "None"),
        ("ipFamilies", ["IPv4"]),
        ("ipFamilyPolicy", "SingleStack"),
    ):
        result.setdefault(key, value)
    result.setdefault("internalTrafficPolicy", "Cluster")
    if result["type"] == "LoadBalancer":
        result.setdefault("externalTrafficPolicy", "Cluster")
        result.setdefault("allocateLoadBalancerNodePorts", True)
    return result


def _claim(spec: Tree) -> Tree:
    return {**spec, "volumeMode": spec.get("volumeMode", "Filesystem")}


def _autoscaler(spec: Tree) -> Tree:
    result: Tree = {
        "scaleTargetRef": spec.get("scaleTargetRef"),
        "minReplicas": spec.get("minReplicas", 1),
        "maxReplicas": spec.get("maxReplicas"),
    }
    cpu = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
    }
    result["metrics"] = spec.get("metrics") or [cpu]
    result.update({key: value for key, value in spec.items() if key not in result})
    return result


_SPEC: dict[tuple[str, str], Callable[[Tree], Tree]] = {
    ("", "pods"): default_pod_spec,
    ("", "services"): _service,
    ("", "persistentvolumeclaims"): _claim,
    ("apps", "deployments"): _deployment,
    ("apps", "replicasets"): _replica_set,
    ("apps", "statefulsets"): _stateful_set,
    ("apps", "daemonsets"): _daemon_set,
    ("batch", "jobs"): _job,
    ("batch", "cronjobs"): _cron_job,
    ("autoscaling", "horizontalpodautoscalers"): _autoscaler,
}
_STATUS: dict[tuple[str, str], Any] = {
    ("", "services"): {"loadBalancer": {}},
    ("", "persistentvolumeclaims"): {"phase": "Pending"},
    ("", "namespaces"): {"phase": "Active"},
    ("networking.k8s.io", "ingresses"): {"loadBalancer": {}},
    ("batch", "cronjobs"): {},
    ("batch", "jobs"): {},
    ("", "resourcequotas"): {},
    ("apps", "deployments"): {},
    ("apps", "replicasets"): {"replicas": 0},
    ("apps", "statefulsets"): {"replicas": 0, "availableReplicas": 0},
    ("apps", "daemonsets"): {
        "currentNumberScheduled": 0,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 0,
        "numberReady": 0,
    },
    ("autoscaling", "horizontalpodautoscalers"): {"desiredReplicas": 0, "currentMetrics": None},
    ("policy", "poddisruptionbudgets"): {
        "disruptionsAllowed": 0,
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "expectedPods": 0,
    },
    ("", "pods"): {"phase": "Pending"},
}


def apply_defaults(key: tuple[str, str], tree: Tree, *, created: bool) -> Tree:
    """Return the object with the server's defaults. Status defaults are written at creation only."""
    result = dict(tree)
    if key in _SPEC:
        result["spec"] = _SPEC[key](dict(result.get("spec") or {}))
    if key == ("", "namespaces"):
        result["spec"] = result.get("spec") or {"finalizers": ["kubernetes"]}
    if created and key in _STATUS:
        result["status"] = {**_STATUS[key], **(result.get("status") or {})}
    if key == ("", "secrets"):
        result.setdefault("type", "Opaque")
    if key == ("apiextensions.k8s.io", "customresourcedefinitions"):
        result["spec"] = _definition(result["spec"])
    if key == ("storage.k8s.io", "storageclasses"):
        result.setdefault("reclaimPolicy", "Delete")
        result.setdefault("volumeBindingMode", "Immediate")
    if key in (
        ("rbac.authorization.k8s.io", "rolebindings"),
        ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ):
        for subject in dig(result, "subjects", default=[]):
            if subject.get("kind") in ("User", "Group"):
                subject.setdefault("apiGroup", "rbac.authorization.k8s.io")
    return result


def _definition(spec: Tree) -> Tree:
    names = dict(spec["names"])
    names.setdefault("singular", names["kind"].lower())
    names.setdefault("listKind", names["kind"] + "List")
    return {**spec, "names": names, "conversion": spec.get("conversion") or {"strategy": "None"}}
