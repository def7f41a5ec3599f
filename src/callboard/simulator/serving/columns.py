"""The columns of `kubectl get`, per resource type (k8s.io/kubernetes/pkg/printers/internalversion)."""

from collections.abc import Callable
from typing import Any

import msgspec

from callboard.simulator.machinery.times import age, parse
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["COLUMNS", "Cell", "TableColumn", "pod_status"]

_NAME = (
    "Name must be unique within a namespace. Is required when creating resources, "
    "although some resources may allow a client to request "
    "the generation of an appropriate name automatically. Name is primarily intended for "
    "creation idempotence and configuration definition. "
    "Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
_AGE = (
    "CreationTimestamp is a timestamp representing the server time when this object was "
    "created. It is not guaranteed to be set in "
    "happens-before order across separate operations. Clients may not set this value. It "
    "is represented in RFC3339 form and is in UTC.\n\n"
    "Populated by the system. Read-only. Null for lists. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)

Cell = Callable[[Tree, float], Any]


class TableColumn(msgspec.Struct, frozen=True):
    """`cell` makes the value of one object at a time."""

    name: str
    cell: Cell
    type: str = "string"
    priority: int = 0
    format: str = ""
    description: str = ""

    def definition(self) -> Tree:
        told = self.description or {"Name": _NAME, "Age": _AGE}.get(self.name, f"{self.name} of the object.")
        form = "name" if self.name == "Name" else self.format
        return {
            "name": self.name,
            "type": self.type,
            "format": form,
            "description": told,
            "priority": self.priority,
        }


def since(text: str | None, now: float) -> str:
    return age(now - parse(text)) if text else "<unknown>"


def _age(tree: Tree, now: float) -> str:
    return since(tree["metadata"].get("creationTimestamp"), now)


def _at(*path: str | int, default: Any = "<none>") -> Cell:
    return lambda tree, now: dig(tree, *path, default=default)


NAME = TableColumn("Name", lambda tree, now: tree["metadata"]["name"])
AGE = TableColumn("Age", _age)


_Short = tuple[str, Cell] | tuple[str, Cell, str]


def _cols(*columns: _Short, wide: tuple[_Short, ...] = ()) -> tuple[TableColumn, ...]:
    """Name, these, Age, and those that only `-o wide` shows."""
    made = [
        TableColumn(column[0], column[1], column[2] if len(column) > 2 else "string") for column in columns
    ]
    return (
        NAME,
        *made,
        AGE,
        *(
            TableColumn(column[0], column[1], column[2] if len(column) > 2 else "string", 1)
            for column in wide
        ),
    )


def pod_status(tree: Tree) -> tuple[str, int, int, int, str]:
    """Status, ready containers, containers, restarts and when the last one was: printPod's reading of a pod."""
    status = tree.get("status") or {}
    reason = status.get("reason") or status.get("phase") or ""
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            reason = "SchedulingGated"
    restarts, last = 0, ""
    initializing = False
    inits = status.get("initContainerStatuses") or []
    for position, item in enumerate(inits):
        restarts += item.get("restartCount", 0)
        last = max(last, dig(item, "lastState", "terminated", "finishedAt", default=""))
        ended = dig(item, "state", "terminated")
        if ended is not None and ended.get("exitCode") == 0:
            continue
        if ended is not None:
            told = ended.get("reason") or (
                f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended['exitCode']}"
            )
            reason = "Init:" + told
        else:
            waiting = dig(item, "state", "waiting", "reason", default="")
            if waiting and waiting != "PodInitializing":
                reason = "Init:" + waiting
            else:
                reason = f"Init:{position}/{len(tree['spec'].get('initContainers') or inits)}"
        initializing = True
        break
    ready = 0
    if not initializing:
        restarts, last, running = 0, "", False
        for item in reversed(status.get("containerStatuses") or []):
            restarts += item.get("restartCount", 0)
            last = max(last, dig(item, "lastState", "terminated", "finishedAt", default=""))
            waiting = dig(item, "state", "waiting", "reason", default="")
            ended = dig(item, "state", "terminated")
            if waiting:
                reason = waiting
            elif ended is not None:
                reason = ended.get("reason") or (
                    f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended['exitCode']}"
                )
            elif item.get("ready") and dig(item, "state", "running") is not None:
                running = True
                ready += 1
        if reason == "Completed" and running:
            reason = "Running" if _condition(status, "Ready") == "True" else "NotReady"
    if "deletionTimestamp" in tree["metadata"]:
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif status.get("phase") not in ("Failed", "Succeeded"):
            reason = "Terminating"
    return reason, ready, len(tree["spec"].get("containers") or ()), restarts, last


def _condition(status: Tree, name: str) -> str:
    return next((item["status"] for item in status.get("conditions") or () if item["type"] == name), "")


def _restarts(tree: Tree, now: float) -> str:
    _, _, _, count, last = pod_status(tree)
    return f"{count} ({age(now - parse(last))} ago)" if count and last else str(count)


def _readiness_gates(tree: Tree, now: float) -> str:
    gates = tree["spec"].get("readinessGates") or ()
    if not gates:
        return "<none>"
    return (
        f"{sum(_condition(tree['status'], gate['conditionType']) == 'True' for gate in gates)}/{len(gates)}"
    )


def _names(path: tuple[str, ...]) -> Cell:
    return lambda tree, now: ",".join(item["name"] for item in dig(tree, *path, default=[]))


def _images(path: tuple[str, ...]) -> Cell:
    return lambda tree, now: ",".join(item["image"] for item in dig(tree, *path, default=[]))


def selector_text(selector: Tree | None) -> str:
    if not selector:
        return "<none>"
    if "matchLabels" in selector or "matchExpressions" in selector:
        parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
        for item in selector.get("matchExpressions") or ():
            parts.append(f"{item['key']} {item['operator'].lower()} ({','.join(item.get('values') or ())})")
    else:
        parts = [f"{key}={value}" for key, value in sorted(selector.items())]
    return ",".join(parts)


def _selector(*path: str) -> Cell:
    return lambda tree, now: selector_text(dig(tree, *path))


def _ratio(have: tuple[str, ...], want: tuple[str, ...]) -> Cell:
    return lambda tree, now: f"{dig(tree, *have, default=0)}/{dig(tree, *want, default=0)}"


def _ports(tree: Tree, now: float) -> str:
    shown = [
        f"{port['port']}{':' + str(port['nodePort']) if port.get('nodePort') else ''}/{port['protocol']}"
        for port in dig(tree, "spec", "ports", default=[])
    ]
    return ",".join(shown) or "<none>"


def _external(tree: Tree, now: float) -> str:
    if dig(tree, "spec", "type") != "LoadBalancer":
        return ",".join(dig(tree, "spec", "externalIPs", default=[])) or "<none>"
    found = [
        item.get("ip") or item.get("hostname")
        for item in dig(tree, "status", "loadBalancer", "ingress", default=[])
    ]
    return ",".join(found) or "<pending>"


def _job_status(tree: Tree, now: float) -> str:
    conditions = {
        item["type"] for item in dig(tree, "status", "conditions", default=[]) if item["status"] == "True"
    }
    if "Complete" in conditions:
        return "Complete"
    if "Failed" in conditions:
        return "Failed"
    if "deletionTimestamp" in tree["metadata"]:
        return "Terminating"
    if "Suspended" in conditions:
        return "Suspended"
    return "FailureTarget" if "FailureTarget" in conditions else "Running"


def _job_duration(tree: Tree, now: float) -> str:
    start, end = dig(tree, "status", "startTime"), dig(tree, "status", "completionTime")
    return "" if not start else age((parse(end) if end else now) - parse(start))


def _hpa_targets(tree: Tree, now: float) -> str:
    shown = []
    current = dig(tree, "status", "currentMetrics", default=[])
    for position, metric in enumerate(dig(tree, "spec", "metrics", default=[])):
        name = dig(metric, "resource", "name", default=metric["type"].lower())
        target = dig(metric, "resource", "target", "averageUtilization")
        have = dig(current, position, "resource", "current", "averageUtilization")
        shown.append(f"{name}: {'<unknown>' if have is None else f'{have}%'}/{target}%")
    return ", ".join(shown) or "<none>"


def _node_status(tree: Tree, now: float) -> str:
    ready = _condition(tree.get("status") or {}, "Ready")
    told = {"True": "Ready", "False": "NotReady"}.get(ready, "Unknown")
    return told + (",SchedulingDisabled" if dig(tree, "spec", "unschedulable") else "")


def _node_roles(tree: Tree, now: float) -> str:
    prefix = "node-role.kubernetes.io/"
    roles = sorted(
        key[len(prefix) :] for key in tree["metadata"].get("labels") or {} if key.startswith(prefix)
    )
    return ",".join(roles) or "<none>"


def _address(kind: str) -> Cell:
    def cell(tree: Tree, now: float) -> str:
        found = [
            item["address"] for item in dig(tree, "status", "addresses", default=[]) if item["type"] == kind
        ]
        return found[0] if found else "<none>"

    return cell


def _rules_hosts(tree: Tree, now: float) -> str:
    hosts = [rule["host"] for rule in dig(tree, "spec", "rules", default=[]) if rule.get("host")]
    return ",".join(hosts[:3]) + (f" + {len(hosts) - 3} more..." if len(hosts) > 3 else "") if hosts else "*"


def _ingress_address(tree: Tree, now: float) -> str:
    return ",".join(
        item.get("ip") or item.get("hostname")
        for item in dig(tree, "status", "loadBalancer", "ingress", default=[])
    )


def _event_object(tree: Tree, now: float) -> str:
    involved = tree["involvedObject"]
    return f"{involved.get('kind', '').lower()}/{involved.get('name')}"


def _event_last(tree: Tree, now: float) -> str:
    last = tree.get("lastTimestamp") or dig(tree, "series", "lastObservedTime") or tree.get("eventTime")
    first = tree.get("firstTimestamp") or tree.get("eventTime")
    count = tree.get("count") or dig(tree, "series", "count") or 1
    if count > 1:
        return f"{since(last, now)} (x{count} over {since(first, now)})"
    return since(last or first, now)


def _event_source(tree: Tree, now: float) -> str:
    source = tree.get("source") or {}
    return ", ".join(
        part
        for part in (source.get("component") or tree.get("reportingComponent"), source.get("host"))
        if part
    )


def _slice_endpoints(tree: Tree, now: float) -> str:
    found = [address for endpoint in tree.get("endpoints") or () for address in endpoint["addresses"]]
    return (
        ",".join(found[:3]) + (f" + {len(found) - 3} more..." if len(found) > 3 else "")
        if found
        else "<unset>"
    )


def _claim_capacity(tree: Tree, now: float) -> str:
    return dig(tree, "status", "capacity", "storage", default="")  # type: ignore[no-any-return]


def _modes(*path: str) -> Cell:
    short = {
        "ReadWriteOnce": "RWO",
        "ReadOnlyMany": "ROX",
        "ReadWriteMany": "RWX",
        "ReadWriteOncePod": "RWOP",
    }
    return lambda tree, now: ",".join(short.get(mode, mode) for mode in dig(tree, *path, default=[]))


def _quota(tree: Tree, now: float) -> str:
    hard, used = dig(tree, "status", "hard", default={}), dig(tree, "status", "used", default={})
    return ", ".join(
        f"{name}: {used.get(name, '0')}/{hard[name]}"
        for name in sorted(hard)
        if not name.startswith("limits.")
    )


def _quota_limits(tree: Tree, now: float) -> str:
    hard, used = dig(tree, "status", "hard", default={}), dig(tree, "status", "used", default={})
    return ", ".join(
        f"{name}: {used.get(name, '0')}/{hard[name]}" for name in sorted(hard) if name.startswith("limits.")
    )


_POD_TEMPLATE = ("spec", "template", "spec", "containers")
_WIDE_WORKLOAD = (
    ("Containers", _names(_POD_TEMPLATE)),
    ("Images", _images(_POD_TEMPLATE)),
    ("Selector", _selector("spec", "selector")),
)

COLUMNS: dict[tuple[str, str], tuple[TableColumn, ...]] = {
    ("", "pods"): _cols(
        ("Ready", lambda tree, now: "{1}/{2}".format(*pod_status(tree))),
        ("Status", lambda tree, now: pod_status(tree)[0]),
        ("Restarts", _restarts),
        wide=(
            ("IP", _at("status", "podIP")),
            ("Node", _at("spec", "nodeName")),
            ("Nominated Node", _at("status", "nominatedNodeName")),
            ("Readiness Gates", _readiness_gates),
        ),
    ),
    ("", "configmaps"): _cols(
        ("Data", lambda tree, now: len(tree.get("data") or {}) + len(tree.get("binaryData") or {}), "integer")
    ),
    ("", "secrets"): _cols(
        ("Type", _at("type")), ("Data", lambda tree, now: len(tree.get("data") or {}), "integer")
    ),
    ("", "namespaces"): _cols(("Status", _at("status", "phase"))),
    ("", "serviceaccounts"): _cols(("Secrets", lambda tree, now: len(tree.get("secrets") or ()), "integer")),
    ("", "services"): _cols(
        ("Type", _at("spec", "type")),
        ("Cluster-IP", _at("spec", "clusterIP")),
        ("External-IP", _external),
        ("Port(s)", _ports),
        wide=(("Selector", _selector("spec", "selector")),),
    ),
    ("", "nodes"): (
        *_cols(("Status", _node_status), ("Roles", _node_roles)),
        TableColumn("Version", _at("status", "nodeInfo", "kubeletVersion")),
        TableColumn("Internal-IP", _address("InternalIP"), priority=1),
        TableColumn("External-IP", _address("ExternalIP"), priority=1),
        TableColumn("OS-Image", _at("status", "nodeInfo", "osImage"), priority=1),
        TableColumn("Kernel-Version", _at("status", "nodeInfo", "kernelVersion"), priority=1),
        TableColumn("Container-Runtime", _at("status", "nodeInfo", "containerRuntimeVersion"), priority=1),
    ),
    ("", "events"): (
        TableColumn("Last Seen", _event_last),
        TableColumn("Type", _at("type")),
        TableColumn("Reason", _at("reason")),
        TableColumn("Object", _event_object),
        TableColumn("Subobject", _at("involvedObject", "fieldPath", default=""), priority=1),
        TableColumn("Source", _event_source, priority=1),
        TableColumn("Message", lambda tree, now: str(tree.get("message", "")).strip()),
        TableColumn(
            "First Seen",
            lambda tree, now: since(tree.get("firstTimestamp") or tree.get("eventTime"), now),
            priority=1,
        ),
        TableColumn("Count", _at("count", default=1), "integer", 1),
        TableColumn("Name", NAME.cell, priority=1),
    ),
    ("", "persistentvolumeclaims"): _cols(
        ("Status", _at("status", "phase")),
        ("Volume", _at("spec", "volumeName", default="")),
        ("Capacity", _claim_capacity),
        ("Access Modes", _modes("status", "accessModes")),
        ("StorageClass", _at("spec", "storageClassName", default="")),
        ("VolumeAttributesClass", _at("spec", "volumeAttributesClassName", default="<unset>")),
        wide=(("VolumeMode", _at("spec", "volumeMode")),),
    ),
    ("", "persistentvolumes"): _cols(
        ("Capacity", _at("spec", "capacity", "storage")),
        ("Access Modes", _modes("spec", "accessModes")),
        ("Reclaim Policy", _at("spec", "persistentVolumeReclaimPolicy")),
        ("Status", _at("status", "phase")),
        (
            "Claim",
            lambda tree, now: "/".join(
                [dig(tree, "spec", "claimRef", part, default="") for part in ("namespace", "name")]
            ),
        ),
        ("StorageClass", _at("spec", "storageClassName", default="")),
        ("VolumeAttributesClass", _at("spec", "volumeAttributesClassName", default="<unset>")),
        ("Reason", _at("status", "reason", default="")),
        wide=(("VolumeMode", _at("spec", "volumeMode")),),
    ),
    ("", "resourcequotas"): _cols(("Request", _quota), ("Limit", _quota_limits)),
    ("", "limitranges"): (NAME, TableColumn("Created At", _at("metadata", "creationTimestamp"), "date")),
    ("apps", "deployments"): _cols(
        ("Ready", _ratio(("status", "readyReplicas"), ("spec", "replicas"))),
        ("Up-to-date", _at("status", "updatedReplicas", default=0), "integer"),
        ("Available", _at("status", "availableReplicas", default=0), "integer"),
        wide=_WIDE_WORKLOAD,
    ),
    ("apps", "replicasets"): _cols(
        ("Desired", _at("spec", "replicas", default=0), "integer"),
        ("Current", _at("status", "replicas", default=0), "integer"),
        ("Ready", _at("status", "readyReplicas", default=0), "integer"),
        wide=_WIDE_WORKLOAD,
    ),
    ("apps", "statefulsets"): _cols(
        ("Ready", _ratio(("status", "readyReplicas"), ("spec", "replicas"))), wide=_WIDE_WORKLOAD[:2]
    ),
    ("apps", "daemonsets"): _cols(
        ("Desired", _at("status", "desiredNumberScheduled", default=0), "integer"),
        ("Current", _at("status", "currentNumberScheduled", default=0), "integer"),
        ("Ready", _at("status", "numberReady", default=0), "integer"),
        ("Up-to-date", _at("status", "updatedNumberScheduled", default=0), "integer"),
        ("Available", _at("status", "numberAvailable", default=0), "integer"),
        ("Node Selector", _selector("spec", "template", "spec", "nodeSelector")),
        wide=_WIDE_WORKLOAD,
    ),
    ("apps", "controllerrevisions"): _cols(
        (
            "Controller",
            lambda tree, now: "/".join(
                dig(tree, "metadata", "ownerReferences", 0, key, default="").lower()
                for key in ("kind", "name")
            ),
        ),
        ("Revision", _at("revision"), "integer"),
    ),
    ("batch", "jobs"): _cols(
        ("Status", _job_status),
        ("Completions", _ratio(("status", "succeeded"), ("spec", "completions"))),
        ("Duration", _job_duration),
        wide=_WIDE_WORKLOAD,
    ),
    ("batch", "cronjobs"): _cols(
        ("Schedule", _at("spec", "schedule")),
        ("Timezone", _at("spec", "timeZone")),
        ("Suspend", lambda tree, now: str(bool(dig(tree, "spec", "suspend"))), "boolean"),
        ("Active", lambda tree, now: len(dig(tree, "status", "active", default=[])), "integer"),
        (
            "Last Schedule",
            lambda tree, now: since(t, now) if (t := dig(tree, "status", "lastScheduleTime")) else "<none>",
        ),
        wide=(
            ("Containers", _names(("spec", "jobTemplate", *_POD_TEMPLATE))),
            ("Images", _images(("spec", "jobTemplate", *_POD_TEMPLATE))),
            ("Selector", lambda tree, now: "<none>"),
        ),
    ),
    ("autoscaling", "horizontalpodautoscalers"): _cols(
        (
            "Reference",
            lambda tree, now: "/".join(
                str(dig(tree, "spec", "scaleTargetRef", part)) for part in ("kind", "name")
            ),
        ),
        ("Targets", _hpa_targets),
        ("MinPods", lambda tree, now: str(dig(tree, "spec", "minReplicas", default="<unset>"))),
        ("MaxPods", _at("spec", "maxReplicas"), "integer"),
        ("Replicas", _at("status", "currentReplicas", default=0), "integer"),
    ),
    ("networking.k8s.io", "ingresses"): _cols(
        ("Class", _at("spec", "ingressClassName")),
        ("Hosts", _rules_hosts),
        ("Address", _ingress_address),
        ("Ports", lambda tree, now: "80, 443" if dig(tree, "spec", "tls") else "80"),
    ),
    ("networking.k8s.io", "networkpolicies"): _cols(("Pod-Selector", _selector("spec", "podSelector"))),
    ("policy", "poddisruptionbudgets"): _cols(
        ("Min Available", lambda tree, now: str(dig(tree, "spec", "minAvailable", default="N/A"))),
        ("Max Unavailable", lambda tree, now: str(dig(tree, "spec", "maxUnavailable", default="N/A"))),
        ("Allowed Disruptions", _at("status", "disruptionsAllowed", default=0), "integer"),
    ),
    ("discovery.k8s.io", "endpointslices"): _cols(
        ("AddressType", _at("addressType")),
        (
            "Ports",
            lambda tree, now: (
                ",".join(str(port.get("port")) for port in tree.get("ports") or ()) or "<unset>"
            ),
        ),
        ("Endpoints", _slice_endpoints),
    ),
    ("storage.k8s.io", "storageclasses"): _cols(
        ("Provisioner", _at("provisioner")),
        ("ReclaimPolicy", _at("reclaimPolicy")),
        ("VolumeBindingMode", _at("volumeBindingMode")),
        ("AllowVolumeExpansion", lambda tree, now: str(bool(tree.get("allowVolumeExpansion"))).lower()),
    ),
    ("rbac.authorization.k8s.io", "rolebindings"): _cols(
        ("Role", lambda tree, now: f"{tree['roleRef']['kind']}/{tree['roleRef']['name']}"),
    ),
    ("rbac.authorization.k8s.io", "clusterrolebindings"): _cols(
        ("Role", lambda tree, now: f"{tree['roleRef']['kind']}/{tree['roleRef']['name']}"),
    ),
    ("rbac.authorization.k8s.io", "roles"): (
        NAME,
        TableColumn("Created At", _at("metadata", "creationTimestamp"), "date"),
    ),
    ("rbac.authorization.k8s.io", "clusterroles"): (
        NAME,
        TableColumn("Created At", _at("metadata", "creationTimestamp"), "date"),
    ),
    ("apiextensions.k8s.io", "customresourcedefinitions"): (
        NAME,
        TableColumn("Created At", _at("metadata", "creationTimestamp"), "date"),
    ),
}
