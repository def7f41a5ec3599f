"""ReplicaSets: as many pods as asked for."""

from callboard.simulator.controllers.engine import Controller
from callboard.simulator.controllers.podset import active, available, is_ready, pod_from
from callboard.simulator.machinery.refusal import ApiRefusal
from callboard.simulator.machinery.times import parse, stamp
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["ReplicaSetController"]


class ReplicaSetController(Controller):
    """Creates and deletes pods until their number is right."""

    own = ("apps", "replicasets")
    kind = "ReplicaSet"
    owns = (("", "pods"),)

    def reconcile(self, namespace: str, name: str) -> None:
        record = self.store.collection(*self.own).get(namespace, name)
        if record is None or "deletionTimestamp" in record.tree["metadata"]:
            return
        tree = record.tree
        kind = self.store.resource("replicasets.apps")
        pods = self.store.owned(tree["metadata"]["uid"], "", "pods")
        living = [pod for pod in pods if active(pod)]
        wanted = dig(tree, "spec", "replicas", default=0)
        failure = ""
        if len(living) < wanted:
            failure = self._create(tree, wanted - len(living))
        elif len(living) > wanted:
            for pod in sorted(living, key=_first_to_go)[: len(living) - wanted]:
                self._delete(tree, pod)
        pods = self.store.owned(tree["metadata"]["uid"], "", "pods")
        living = [pod for pod in pods if active(pod)]
        least = dig(tree, "spec", "minReadySeconds", default=0)
        now = self.engine.now()
        ready = sum(is_ready(pod) for pod in living)
        able = sum(available(pod, now, least) for pod in living)
        if able < ready:
            self.again(1.0, namespace, name)
        status: Tree = {"replicas": len(living)}
        if living:
            status["fullyLabeledReplicas"] = len(living)
        if ready:
            status["readyReplicas"] = ready
        if able:
            status["availableReplicas"] = able
        status["terminatingReplicas"] = sum("deletionTimestamp" in pod["metadata"] for pod in pods)
        status["observedGeneration"] = tree["metadata"].get("generation", 1)
        if failure:
            old = next(
                (
                    item
                    for item in dig(tree, "status", "conditions", default=[])
                    if item["type"] == "ReplicaFailure"
                ),
                None,
            )
            moment = old["lastTransitionTime"] if old else stamp(now)
            condition = {
                "type": "ReplicaFailure",
                "status": "True",
                "lastTransitionTime": moment,
                "reason": "FailedCreate",
                "message": failure,
            }
            status["conditions"] = [old if old else condition]
            self.again(min(900.0, max(5.0, 2 * (now - _created(tree)))), namespace, name)
        self.store.set_status(kind, name, status, namespace)

    def _create(self, tree: Tree, count: int) -> str:
        kind = self.store.resource("replicasets.apps")
        for _ in range(count):
            try:
                pod = self.store.create(
                    pod_from(tree["spec"]["template"], tree, kind), "pods", manager="kube-controller-manager"
                )
            except ApiRefusal as no:
                told = f"Error creating: {no.message}"
                self.world.events.record(kind, tree, "Warning", "FailedCreate", told, "replicaset-controller")
                return no.message
            told = f"Created pod: {pod['metadata']['name']}"
            self.world.events.record(kind, tree, "Normal", "SuccessfulCreate", told, "replicaset-controller")
        return ""

    def _delete(self, tree: Tree, pod: Tree) -> None:
        name = pod["metadata"]["name"]
        self.store.delete("pods", name, pod["metadata"]["namespace"])
        kind = self.store.resource("replicasets.apps")
        self.world.events.record(
            kind, tree, "Normal", "SuccessfulDelete", f"Deleted pod: {name}", "replicaset-controller"
        )


def _created(tree: Tree) -> float:
    return parse(tree["metadata"]["creationTimestamp"])


def _first_to_go(pod: Tree) -> tuple[bool, int, bool, int, str]:
    """Unscheduled, then pending, then not ready, then restarted most, then newest (controller.ActivePodsWithRanks)."""
    phase = {"Pending": 0, "Unknown": 1, "Running": 2}.get(dig(pod, "status", "phase", default="Pending"), 2)
    restarts = sum(item["restartCount"] for item in dig(pod, "status", "containerStatuses", default=[]))
    return bool(dig(pod, "spec", "nodeName")), phase, is_ready(pod), -restarts, pod["metadata"]["uid"]
