"""What an API server adds to or refuses of a new pod: service account, tolerations, limit ranges, quotas."""

from typing import TYPE_CHECKING

from callboard.simulator.machinery.quantities import format_like, parse_quantity
from callboard.simulator.machinery.refusal import forbidden
from callboard.simulator.machinery.tree import Tree, dig

if TYPE_CHECKING:
    from callboard.simulator.machinery.store import ObjectStore

__all__ = ["admit_pod", "quota_usage"]

_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_GATED: Tree = {
    "type": "PodScheduled",
    "observedGeneration": 1,
    "status": "False",
    "lastProbeTime": None,
    "lastTransitionTime": None,
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}
_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def admit_pod(store: "ObjectStore", tree: Tree, *, shown: str) -> Tree:
    """Return the pod as the admission chain leaves it. Raises 403 for an account that is not there and an exceeded quota.

    `shown` is what it is called before its name is made up: a name, or what a made-up one begins with.
    """
    spec = dict(tree["spec"])
    spec["serviceAccountName"] = spec["serviceAccount"] = spec.get("serviceAccountName") or "default"
    _need_account(store, tree["metadata"]["namespace"], spec["serviceAccountName"], shown)
    if spec.get("automountServiceAccountToken", True):
        volume = "kube-api-access-" + store.naming.suffix()
        spec["volumes"] = [*spec.get("volumes", []), _token_volume(volume)]
        mount = {"name": volume, "readOnly": True, "mountPath": _MOUNT}
        for part in ("initContainers", "containers"):
            if part in spec:
                spec[part] = [
                    {**container, "volumeMounts": [*container.get("volumeMounts", []), mount]}
                    for container in spec[part]
                ]
    present = {item.get("key") for item in spec.get("tolerations", [])}
    added = [
        {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for key in _TOLERATED
        if key not in present
    ]
    spec["tolerations"] = [*spec.get("tolerations", []), *added]
    spec.setdefault("priority", 0)
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    namespace = tree["metadata"]["namespace"]
    spec, told = _limit_range(store, namespace, spec)
    if told:
        metadata = tree["metadata"]
        note = {"kubernetes.io/limit-ranger": f"LimitRanger plugin set: {'; '.join(told)}"}
        tree = {**tree, "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), **note}}}
    _quota(store, namespace, tree["metadata"]["name"], spec)
    tree = {**tree, "spec": {key: spec[key] for key in _ordered(spec)}}
    gated = {"conditions": [_GATED]} if spec.get("schedulingGates") else {}
    tree["status"] = {"phase": "Pending", **gated, "qosClass": _qos(spec)}
    return tree


def _need_account(store: "ObjectStore", namespace: str, account: str, shown: str) -> None:
    if store.collection("", "serviceaccounts").get(namespace, account) is None:
        why = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
        raise forbidden("", "pods", shown, why)


def _ordered(spec: Tree) -> list[str]:
    first = [
        "volumes",
        "initContainers",
        "containers",
        "restartPolicy",
        "terminationGracePeriodSeconds",
        "activeDeadlineSeconds",
        "dnsPolicy",
    ]
    first += ["nodeSelector", "serviceAccountName", "serviceAccount", "nodeName"]
    last = [
        "securityContext",
        "affinity",
        "schedulerName",
        "tolerations",
        "priorityClassName",
        "priority",
        "enableServiceLinks",
        "preemptionPolicy",
    ]
    middle = [key for key in spec if key not in first and key not in last]
    return [key for key in (*first, *middle, *last) if key in spec]


def _token_volume(name: str) -> Tree:
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
    ]
    return {"name": name, "projected": {"sources": sources, "defaultMode": 420}}


def _limit_range(store: "ObjectStore", namespace: str, spec: Tree) -> tuple[Tree, list[str]]:
    """The spec with default requests and limits, and what was set, as LimitRanger notes it."""
    told: list[str] = []
    for record in store.collection("", "limitranges").records(namespace):
        for limit in dig(record.tree, "spec", "limits", default=[]):
            if limit.get("type") != "Container":
                continue
            for part in ("initContainers", "containers"):
                if spec.get(part):
                    spec = {
                        **spec,
                        part: [
                            _with_limits(item, limit, part == "initContainers", told) for item in spec[part]
                        ],
                    }
    return spec, told


def _with_limits(container: Tree, limit: Tree, init: bool, told: list[str]) -> Tree:
    resources = dict(container.get("resources") or {})
    for field, source in (("requests", "defaultRequest"), ("limits", "default")):
        present, defaults = resources.get(field) or {}, limit.get(source) or {}
        added = sorted(set(defaults) - set(present))
        if added:
            word = "init container" if init else "container"
            told.append(f"{', '.join(added)} {field[:-1]} for {word} {container['name']}")
            resources[field] = {**defaults, **present}
    return {
        **container,
        "resources": {key: resources[key] for key in ("limits", "requests", *resources) if key in resources},
    }


def _qos(spec: Tree) -> str:
    resources = [container.get("resources") or {} for container in spec["containers"]]
    if not any(item.get("requests") or item.get("limits") for item in resources):
        return "BestEffort"
    whole = all(
        set(item.get("limits") or {}) >= {"cpu", "memory"} and item.get("limits") == item.get("requests")
        for item in resources
    )
    return "Guaranteed" if whole else "Burstable"


def demand(spec: Tree) -> dict[str, float]:
    """What one pod counts for in quotas."""
    total: dict[str, float] = {"pods": 1.0}
    for container in spec.get("containers", []):
        for part in ("requests", "limits"):
            for name, value in (dig(container, "resources", part, default={})).items():
                total[f"{part}.{name}"] = total.get(f"{part}.{name}", 0.0) + parse_quantity(value)
                if part == "requests":
                    total[name] = total.get(name, 0.0) + parse_quantity(value)
    return total


def quota_usage(store: "ObjectStore", namespace: str, hard: Tree) -> Tree:
    """`status.used` of a quota: what the living pods of its namespace count for."""
    used = dict.fromkeys(hard, 0.0)
    for record in store.collection("", "pods").records(namespace):
        if dig(record.tree, "status", "phase") in ("Succeeded", "Failed"):
            continue
        for name, amount in demand(record.tree["spec"]).items():
            if name in used:
                used[name] += amount
    for name in used:
        group, _, plural = (
            name.partition("/")[2].partition(".") if name.startswith("count/") else ("", "", name)
        )
        if name in ("services", "configmaps", "secrets", "persistentvolumeclaims"):
            used[name] = float(sum(1 for _ in store.collection("", name).records(namespace)))
        elif name.startswith("count/") and (plural, group) in store.collections:
            used[name] = float(sum(1 for _ in store.collection(plural, group).records(namespace)))
    return {name: format_like(amount, hard[name]) for name, amount in used.items()}


def _quota(store: "ObjectStore", namespace: str, name: str, spec: Tree) -> None:
    wanted = demand(spec)
    for record in store.collection("", "resourcequotas").records(namespace):
        hard = dig(record.tree, "spec", "hard", default={})
        used = quota_usage(store, namespace, hard)
        quota = record.tree["metadata"]["name"]
        missing = [key for key in hard if key.startswith(("requests.", "limits.")) and key not in wanted]
        if missing:
            raise forbidden(
                "",
                "pods",
                name,
                f"failed quota: {quota}: must specify {','.join(missing)} for: {spec['containers'][0]['name']}",
            )
        over = [
            key
            for key in hard
            if key in wanted and parse_quantity(used[key]) + wanted[key] > parse_quantity(hard[key]) + 1e-9
        ]
        if over:
            asked = ",".join(f"{key}={format_like(wanted[key], hard[key])}" for key in over)
            had = ",".join(f"{key}={used[key]}" for key in over)
            allowed = ",".join(f"{key}={hard[key]}" for key in over)
            raise forbidden(
                "",
                "pods",
                name,
                f"exceeded quota: {quota}, requested: {asked}, used: {had}, limited: {allowed}",
            )
