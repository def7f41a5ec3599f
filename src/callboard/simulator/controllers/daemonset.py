"""DaemonSets: one pod on every node that will have it."""

from callboard.simulator.controllers.engine import Controller, World
from callboard.simulator.controllers.podset import is_ready, pod_from
from callboard.simulator.controllers.revisions import keep_revision
from callboard.simulator.machinery.collection import Key, Record
from callboard.simulator.machinery.refusal import ApiRefusal
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["DaemonSetController"]

_HASH = "controller-revision-hash"
_TOLERATED = ("not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")


class DaemonSetController(Controller):
    """One pod a node, replaced one at a time."""

    own = ("apps", "daemonsets")
    kind = "DaemonSet"
    owns = (("", "pods"),)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        world.watch("", "nodes", self, self._all)

    def _all(self, record: Record) -> list[Key]:
        return [item.key for item in self.store.collection(*self.own).records()]

    def reconcile(self, namespace: str, name: str) -> None:
        record = self.store.collection(*self.own).get(namespace, name)
        if record is None or "deletionTimestamp" in record.tree["metadata"]:
            return
        tree = record.tree
        revision = keep_revision(self.store, tree, "daemonsets.apps").removeprefix(name + "-")
        selector = dig(tree, "spec", "template", "spec", "nodeSelector", default={})
        wanted = [
            node.key[1]
            for node in self.store.collection("", "nodes").records()
            if all(
                node.tree["metadata"].get("labels", {}).get(key) == value for key, value in selector.items()
            )
        ]
        held: dict[str, Tree] = {}
        for pod in self.store.owned(tree["metadata"]["uid"], "", "pods"):
            if "deletionTimestamp" in pod["metadata"]:
                held.setdefault(_node(pod), pod)
            elif dig(pod, "status", "phase") in ("Failed", "Succeeded") or _node(pod) not in wanted:
                self._delete(tree, pod)
            else:
                held[_node(pod)] = pod
        for node in wanted:
            if node not in held:
                self._create(tree, node, revision)
        pods = [
            pod
            for pod in self.store.owned(tree["metadata"]["uid"], "", "pods")
            if "deletionTimestamp" not in pod["metadata"]
        ]
        stale = [pod for pod in pods if pod["metadata"]["labels"].get(_HASH) != revision]
        if stale and len(pods) == len(wanted) and all(is_ready(pod) or pod in stale for pod in pods):
            self._delete(tree, next((pod for pod in stale if not is_ready(pod)), stale[0]))
        ready = sum(is_ready(pod) for pod in pods)
        status: Tree = {
            "currentNumberScheduled": len(pods),
            "numberMisscheduled": 0,
            "desiredNumberScheduled": len(wanted),
            "numberReady": ready,
            "observedGeneration": tree["metadata"].get("generation", 1),
        }
        counts = {
            "updatedNumberScheduled": len(pods) - len(stale),
            "numberAvailable": ready,
            "numberUnavailable": len(wanted) - ready,
        }
        status.update({key: value for key, value in counts.items() if value})
        self.store.set_status("daemonsets.apps", name, status, namespace)

    def _create(self, tree: Tree, node: str, revision: str) -> None:
        kind = self.store.resource("daemonsets.apps")
        field = {"key": "metadata.name", "operator": "In", "values": [node]}
        required = {"nodeSelectorTerms": [{"matchFields": [field]}]}
        spec = tree["spec"]["template"]["spec"]
        extra = [
            {
                "key": f"node.kubernetes.io/{key}",
                "operator": "Exists",
                "effect": "NoExecute" if key in _TOLERATED[:2] else "NoSchedule",
            }
            for key in _TOLERATED
        ]
        added = {
            "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}},
            "tolerations": [*spec.get("tolerations", []), *extra],
        }
        labels = {_HASH: revision, "pod-template-generation": str(tree["metadata"].get("generation", 1))}
        try:
            pod = self.store.create(
                pod_from(tree["spec"]["template"], tree, kind, labels=labels, spec=added),
                "pods",
                manager="kube-controller-manager",
            )
        except ApiRefusal as no:
            self.world.events.record(
                kind, tree, "Warning", "FailedCreate", f"Error creating: {no.message}", "daemonset-controller"
            )
            self.again(30.0, tree["metadata"]["namespace"], tree["metadata"]["name"])
            return
        self.world.events.record(
            kind,
            tree,
            "Normal",
            "SuccessfulCreate",
            f"Created pod: {pod['metadata']['name']}",
            "daemonset-controller",
        )

    def _delete(self, tree: Tree, pod: Tree) -> None:
        name = pod["metadata"]["name"]
        self.store.delete("pods", name, pod["metadata"]["namespace"])
        self.world.events.record(
            self.store.resource("daemonsets.apps"),
            tree,
            "Normal",
            "SuccessfulDelete",
            f"Deleted pod: {name}",
            "daemonset-controller",
        )


def _node(pod: Tree) -> str:
    required = (
        "affinity",
        "nodeAffinity",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "nodeSelectorTerms",
        0,
        "matchFields",
        0,
    )
    return str(dig(pod, "spec", *required, "values", 0, default=dig(pod, "spec", "nodeName", default="")))
