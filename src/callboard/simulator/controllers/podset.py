"""What the workload controllers share: making pods from a template, and telling which are active, ready, available."""

from callboard.simulator.machinery.resources import ServedResource
from callboard.simulator.machinery.times import parse
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["active", "available", "controller_reference", "is_ready", "pod_from", "ready_since", "share"]


def controller_reference(kind: ServedResource, owner: Tree) -> Tree:
    metadata = owner["metadata"]
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def pod_from(
    template: Tree,
    owner: Tree,
    kind: ServedResource,
    *,
    name: str = "",
    labels: Tree | None = None,
    spec: Tree | None = None,
) -> Tree:
    """A pod as a controller posts it: generated name unless `name` is given."""
    metadata: Tree = {"namespace": owner["metadata"]["namespace"]}
    if name:
        metadata["name"] = name
    metadata["generateName"] = owner["metadata"]["name"] + "-"
    inner = template.get("metadata") or {}
    metadata["labels"] = {**(inner.get("labels") or {}), **(labels or {})}
    if inner.get("annotations"):
        metadata["annotations"] = inner["annotations"]
    metadata["ownerReferences"] = [controller_reference(kind, owner)]
    return {"metadata": metadata, "spec": {**template["spec"], **(spec or {})}}


def active(pod: Tree) -> bool:
    return "deletionTimestamp" not in pod["metadata"] and dig(pod, "status", "phase") not in (
        "Succeeded",
        "Failed",
    )


def ready_since(pod: Tree) -> float | None:
    for condition in dig(pod, "status", "conditions", default=[]):
        if condition["type"] == "Ready" and condition["status"] == "True":
            return parse(condition["lastTransitionTime"])
    return None


def is_ready(pod: Tree) -> bool:
    return ready_since(pod) is not None


def available(pod: Tree, now: float, least: float) -> bool:
    since = ready_since(pod)
    return since is not None and now - since >= least


def share(value: object, total: int, *, up: bool) -> int:
    """An int-or-percent (`25%`) of `total`."""
    if isinstance(value, str) and value.endswith("%"):
        amount = int(value[:-1]) * total
        return -(-amount // 100) if up else amount // 100
    return int(str(value))
