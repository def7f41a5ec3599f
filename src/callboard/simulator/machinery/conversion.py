"""Objects that are served in two versions: events (core and events.k8s.io) and HorizontalPodAutoscalers (v1 and v2)."""

from callboard.simulator.machinery.resources import ServedResource
from callboard.simulator.machinery.tree import Tree, encode

__all__ = ["served", "stored"]

_EVENT_FIELDS = (
    ("eventTime", "eventTime"),
    ("series", "series"),
    ("reportingComponent", "reportingController"),
    ("reportingInstance", "reportingInstance"),
    ("action", "action"),
    ("reason", "reason"),
    ("involvedObject", "regarding"),
    ("related", "related"),
    ("message", "note"),
    ("type", "type"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
)
_ALPHA = "autoscaling.alpha.kubernetes.io/"


def served(kind: ServedResource, tree: Tree) -> Tree:
    """The stored object as `kind`'s version shows it."""
    if kind.storage is None:
        return tree
    if kind.group == "events.k8s.io":
        result: Tree = {"metadata": tree["metadata"]}
        for core, new in _EVENT_FIELDS:
            if core in tree and (
                tree[core] not in ("", None) or core in ("eventTime", "firstTimestamp", "lastTimestamp")
            ):
                result[new] = tree[core]
        return result
    if kind.group == "autoscaling":
        return _autoscaler_v1(tree)
    if kind.custom:
        return {**tree, "apiVersion": kind.api_version}
    return tree


def stored(kind: ServedResource, tree: Tree) -> Tree:
    """An object written in `kind`'s version, as it is stored."""
    if kind.storage is None:
        return tree
    if kind.group == "events.k8s.io":
        result: Tree = {"metadata": tree["metadata"]}
        for core, new in _EVENT_FIELDS:
            if new in tree:
                result[core] = tree[new]
        for field in ("firstTimestamp", "lastTimestamp"):
            result.setdefault(field, None)
        result.setdefault("source", {})
        return result
    if kind.group == "autoscaling":
        spec = dict(tree.get("spec") or {})
        target = spec.pop("targetCPUUtilizationPercentage", None)
        if target is not None:
            utilization = {"type": "Utilization", "averageUtilization": target}
            spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": utilization}}]
        return {**tree, "spec": spec}
    return tree


def _autoscaler_v1(tree: Tree) -> Tree:
    metadata = dict(tree["metadata"])
    annotations: Tree = {}
    spec = {key: value for key, value in tree["spec"].items() if key not in ("metrics", "behavior")}
    others = []
    for metric in tree["spec"].get("metrics") or ():
        target = (metric.get("resource") or {}).get("target") or {}
        if (metric.get("resource") or {}).get("name") == "cpu" and "averageUtilization" in target:
            spec["targetCPUUtilizationPercentage"] = target["averageUtilization"]
        else:
            others.append(metric)
    status = tree.get("status") or {}
    for name, value in (
        ("conditions", status.get("conditions")),
        ("current-metrics", status.get("currentMetrics")),
        ("metrics", others),
    ):
        if value:
            annotations[_ALPHA + name] = encode(value).decode()
    shown: Tree = {
        key: status[key]
        for key in ("observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas")
        if key in status
    }
    for metric in status.get("currentMetrics") or ():
        current = (metric.get("resource") or {}).get("current") or {}
        if (metric.get("resource") or {}).get("name") == "cpu" and "averageUtilization" in current:
            shown["currentCPUUtilizationPercentage"] = current["averageUtilization"]
    shown.setdefault("currentReplicas", 0)
    shown.setdefault("desiredReplicas", 0)
    if annotations or metadata.get("annotations"):
        metadata["annotations"] = {**annotations, **(metadata.get("annotations") or {})}
    return {**tree, "metadata": metadata, "spec": spec, "status": shown}
