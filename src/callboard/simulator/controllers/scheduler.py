"""The scheduler: binds pods to nodes by selector, taints and requests, or says in its own words why it cannot."""

from callboard.simulator.controllers.engine import World
from callboard.simulator.machinery.collection import Change, Collection, Record
from callboard.simulator.machinery.quantities import parse_quantity
from callboard.simulator.machinery.times import stamp
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["Scheduler"]

_NAME = "default-scheduler"
_RETRY = 300.0


class Scheduler:
    """One for the cluster. Pods that do not fit are tried again when something changes, and every five minutes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.store = world.store
        self.engine = world.engine
        self._kind = self.store.resource("pods")
        self._waiting: dict[tuple[str, str], None] = {}
        self._bound: dict[str, dict[str, tuple[float, float]]] = {}
        self.store.observe(self._seen)
        world.watch("", "pods", self, lambda record: [record.key])
        for group, plural in (("", "nodes"), ("", "persistentvolumeclaims")):
            world.watch(group, plural, self, self._everyone)

    def _seen(self, collection: Collection, change: Change) -> None:
        if collection.kind.key == ("", "pods"):
            self._track(change.record.tree, gone=change.type == "DELETED")

    def _everyone(self, record: Record) -> list[tuple[str, str]]:
        return list(self._waiting)

    def reconcile(self, namespace: str, name: str) -> None:
        record = self.store.collection("", "pods").get(namespace, name)
        if record is None:
            self._waiting.pop((namespace, name), None)
            for key in list(self._waiting)[:20]:
                self.engine.enqueue(self, *key)
            return
        pod = record.tree
        if (
            dig(pod, "spec", "nodeName")
            or dig(pod, "status", "phase") != "Pending"
            or "deletionTimestamp" in pod["metadata"]
            or dig(pod, "spec", "schedulingGates")
        ):
            return
        node, why = self._pick(pod)
        if node:
            self._waiting.pop((namespace, name), None)
            self._bind(pod, node)
            return
        first = (namespace, name) not in self._waiting
        self._waiting[(namespace, name)] = None
        condition = {
            "type": "PodScheduled",
            "observedGeneration": pod["metadata"].get("generation", 1),
            "status": "False",
            "lastProbeTime": None,
            "lastTransitionTime": stamp(self.engine.now()),
            "reason": "Unschedulable",
            "message": why,
        }
        old = next(
            (item for item in dig(pod, "status", "conditions", default=[]) if item["type"] == "PodScheduled"),
            None,
        )
        if old is None or old.get("message") != why:
            if old is not None:
                condition["lastTransitionTime"] = old["lastTransitionTime"]
            self.store.set_status(
                "pods",
                name,
                {**pod["status"], "conditions": [condition]},
                namespace,
                manager="kube-scheduler",
            )
            self.world.events.record_new(
                self._kind, pod, "Warning", "FailedScheduling", why, _NAME, "Scheduling"
            )
        if first:
            self._retry(namespace, name, why)

    def _retry(self, namespace: str, name: str, why: str) -> None:
        def again() -> None:
            if (namespace, name) not in self._waiting:
                return
            record = self.store.collection("", "pods").get(namespace, name)
            if record is None:
                return
            told = dig(record.tree, "status", "conditions", 0, "message", default=why)
            self.world.events.record_new(
                self._kind, record.tree, "Warning", "FailedScheduling", told, _NAME, "Scheduling"
            )
            self.engine.enqueue(self, namespace, name)
            self.engine.after(_RETRY, again)

        self.engine.after(_RETRY, again)

    def _bind(self, pod: Tree, node: str) -> None:
        metadata = pod["metadata"]
        condition = {
            "type": "PodScheduled",
            "observedGeneration": metadata.get("generation", 1),
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": stamp(self.engine.now()),
        }
        spec = {}
        for key, value in pod["spec"].items():
            if key == "securityContext":
                spec["nodeName"] = node
            spec[key] = value
        spec.setdefault("nodeName", node)
        self.store.of("pods").replace(
            {**pod, "spec": spec, "status": {**pod["status"], "conditions": [condition]}}
        )
        told = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {node}"
        self.world.events.record_new(self._kind, pod, "Normal", "Scheduled", told, _NAME, "Binding")

    def _pick(self, pod: Tree) -> tuple[str, str]:
        unbound = self._unbound_claim(pod)
        nodes = [record.tree for record in self.store.collection("", "nodes").records()]
        if not nodes:
            return "", "no nodes available to schedule pods"
        if unbound:
            return "", f"0/{len(nodes)} nodes are available: {unbound}. not found"
        named = _required_node(pod)
        reasons: dict[str, int] = {}
        fitting: list[tuple[int, float, str]] = []
        siblings = self._siblings(pod)
        for node in nodes:
            name = node["metadata"]["name"]
            why = self._misfit(pod, node, named)
            if why:
                reasons[why] = reasons.get(why, 0) + 1
            else:
                fitting.append(
                    (siblings.get(name, 0), self._load(name)[0] / max(_allocatable(node, "cpu"), 0.1), name)
                )
        if fitting:
            return min(fitting)[2], ""
        shown = ", ".join(f"{count} {why}" for why, count in sorted(reasons.items()))
        unhelpful = sum(count for why, count in reasons.items() if not why.startswith("Insufficient"))
        short = len(nodes) - unhelpful
        parts = ([f"{short} No preemption victims found for incoming pod"] if short else []) + (
            [f"{unhelpful} Preemption is not helpful for scheduling"] if unhelpful else []
        )
        total = len(nodes)
        return "", (
            f"0/{total} nodes are available: {shown}. no new claims to deallocate, preemption: "
            f"0/{total} nodes are available: {', '.join(parts)}."
        )

    def _misfit(self, pod: Tree, node: Tree, named: str) -> str:
        labels = node["metadata"].get("labels", {})
        if dig(node, "spec", "unschedulable") and not named:
            return "node(s) were unschedulable"
        if (named and named != node["metadata"]["name"]) or any(
            labels.get(key) != value for key, value in dig(pod, "spec", "nodeSelector", default={}).items()
        ):
            return "node(s) didn't match Pod's node affinity/selector"
        for taint in dig(node, "spec", "taints", default=[]):
            if taint["effect"] in ("NoSchedule", "NoExecute") and not _tolerates(pod, taint):
                return f"node(s) had untolerated taint(s) {{{taint['key']}: {taint.get('value', '')}}}"
        cpu, memory, count = self._load(node["metadata"]["name"])
        wants_cpu, wants_memory = _request(pod, "cpu"), _request(pod, "memory")
        if count + 1 > _allocatable(node, "pods"):
            return "Too many pods"
        if cpu + wants_cpu > _allocatable(node, "cpu"):
            return "Insufficient cpu"
        if memory + wants_memory > _allocatable(node, "memory"):
            return "Insufficient memory"
        return ""

    def _load(self, node: str) -> tuple[float, float, int]:
        """CPU, memory and number of the pods on a node."""
        held = self._bound.get(node, {})
        return sum(item[0] for item in held.values()), sum(item[1] for item in held.values()), len(held)

    def _track(self, pod: Tree, *, gone: bool) -> None:
        node, key = pod["spec"].get("nodeName"), pod["metadata"]["uid"]
        if not node:
            return
        held = self._bound.setdefault(node, {})
        if gone or dig(pod, "status", "phase") in ("Succeeded", "Failed"):
            held.pop(key, None)
        elif key not in held:
            held[key] = (_request(pod, "cpu"), _request(pod, "memory"))

    def _siblings(self, pod: Tree) -> dict[str, int]:
        """How many pods of the same owner each node has: replicas spread."""
        found: dict[str, int] = {}
        for owner in pod["metadata"].get("ownerReferences", ()):
            for sibling in self.store.owned(owner["uid"], "", "pods"):
                node = sibling["spec"].get("nodeName")
                if node:
                    found[node] = found.get(node, 0) + 1
        return found

    def _unbound_claim(self, pod: Tree) -> str:
        namespace = pod["metadata"]["namespace"]
        for volume in pod["spec"].get("volumes", ()):
            name = dig(volume, "persistentVolumeClaim", "claimName")
            if not name:
                continue
            record = self.store.collection("", "persistentvolumeclaims").get(namespace, name)
            if record is None:
                return f'persistentvolumeclaim "{name}" not found'
            if dig(record.tree, "status", "phase") != "Bound":
                return "pod has unbound immediate PersistentVolumeClaims"
        return ""


def _request(pod: Tree, name: str) -> float:
    return sum(
        parse_quantity(dig(item, "resources", "requests", name, default=0))
        for item in pod["spec"]["containers"]
    )


def _allocatable(node: Tree, name: str) -> float:
    return parse_quantity(dig(node, "status", "allocatable", name, default=0))


def _tolerates(pod: Tree, taint: Tree) -> bool:
    for item in pod["spec"].get("tolerations", ()):
        key_fits = not item.get("key") or item["key"] == taint["key"]
        value_fits = item.get("operator") == "Exists" or item.get("value", "") == taint.get("value", "")
        if key_fits and value_fits and item.get("effect", taint["effect"]) == taint["effect"]:
            return True
    return False


def _required_node(pod: Tree) -> str:
    """The node a DaemonSet pod names in its affinity."""
    required = (
        "spec",
        "affinity",
        "nodeAffinity",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "nodeSelectorTerms",
        0,
        "matchFields",
        0,
    )
    return str(dig(pod, *required, "values", 0, default=""))
