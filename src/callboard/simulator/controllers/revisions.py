"""ControllerRevisions: the templates StatefulSets and DaemonSets have had."""

from callboard.simulator.controllers.podset import controller_reference
from callboard.simulator.machinery.naming import template_hash
from callboard.simulator.machinery.store import ObjectStore
from callboard.simulator.machinery.tree import Tree

__all__ = ["keep_revision"]


def keep_revision(store: ObjectStore, tree: Tree, resource: str) -> str:
    """Make sure the present template has its ControllerRevision; returns the revision's name."""
    metadata = tree["metadata"]
    digest = template_hash(tree["spec"]["template"])
    name = f"{metadata['name']}-{digest}"
    held = store.collection("apps", "controllerrevisions")
    if held.get(metadata["namespace"], name) is None:
        numbers = [item["revision"] for item in store.owned(metadata["uid"], "apps", "controllerrevisions")]
        labels = {
            **(tree["spec"]["template"]["metadata"].get("labels") or {}),
            "controller.kubernetes.io/hash": digest,
        }
        body = {
            "metadata": {
                "name": name,
                "namespace": metadata["namespace"],
                "labels": labels,
                "annotations": metadata.get("annotations", {}),
                "ownerReferences": [controller_reference(store.resource(resource), tree)],
            },
            "data": {"spec": {"template": {**tree["spec"]["template"], "$patch": "replace"}}},
            "revision": max(numbers, default=0) + 1,
        }
        store.create(body, "controllerrevisions.apps", manager="kube-controller-manager")
    return name
