"""ResourceQuotas and PodDisruptionBudgets: counting what is there."""

from callboard.simulator.controllers.engine import Controller, World
from callboard.simulator.controllers.podset import active, is_ready, share
from callboard.simulator.machinery.admission import quota_usage
from callboard.simulator.machinery.collection import Key, Record
from callboard.simulator.machinery.selectors import matcher_of
from callboard.simulator.machinery.times import stamp
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["BudgetController", "QuotaController"]


class QuotaController(Controller):
    """Writes what a quota's namespace uses."""

    own = ("", "resourcequotas")
    kind = "ResourceQuota"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        world.watch("", "pods", self, self._of_namespace)

    def _of_namespace(self, record: Record) -> list[Key]:
        return [item.key for item in self.store.collection(*self.own).records(record.key[0])]

    def reconcile(self, namespace: str, name: str) -> None:
        record = self.store.collection(*self.own).get(namespace, name)
        if record is not None:
            hard = dig(record.tree, "spec", "hard", default={})
            self.store.set_status(
                "resourcequotas",
                name,
                {"hard": hard, "used": quota_usage(self.store, namespace, hard)},
                namespace,
            )


class BudgetController(Controller):
    """Writes how many pods may be disrupted now."""

    own = ("policy", "poddisruptionbudgets")
    kind = "PodDisruptionBudget"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        world.watch("", "pods", self, self._of_pod)

    def _of_pod(self, record: Record) -> list[Key]:
        labels = record.tree["metadata"].get("labels", {})
        budgets = self.store.collection(*self.own).records(record.key[0])
        return [item.key for item in budgets if matcher_of(dig(item.tree, "spec", "selector"))(labels)]

    def reconcile(self, namespace: str, name: str) -> None:
        record = self.store.collection(*self.own).get(namespace, name)
        if record is None:
            return
        tree = record.tree
        fits = matcher_of(dig(tree, "spec", "selector"))
        pods = [
            item.tree
            for item in self.store.collection("", "pods").records(namespace)
            if fits(item.tree["metadata"].get("labels", {}))
        ]
        expected = sum(self._expected(pods).values())
        healthy = sum(is_ready(pod) and active(pod) for pod in pods)
        least, most = dig(tree, "spec", "minAvailable"), dig(tree, "spec", "maxUnavailable")
        wanted = (
            share(least, expected, up=True)
            if least is not None
            else expected - share(most if most is not None else 1, expected, up=True)
        )
        wanted = max(0, wanted)
        allowed = max(0, healthy - wanted)
        old = next(iter(dig(tree, "status", "conditions", default=[])), None)
        value = "True" if allowed else "False"
        condition = {
            "type": "DisruptionAllowed",
            "status": value,
            "observedGeneration": tree["metadata"].get("generation", 1),
            "lastTransitionTime": old["lastTransitionTime"]
            if old and old["status"] == value
            else stamp(self.engine.now()),
            "reason": "SufficientPods" if allowed else "InsufficientPods",
            "message": "",
        }
        status: Tree = {
            "observedGeneration": tree["metadata"].get("generation", 1),
            "disruptionsAllowed": allowed,
            "currentHealthy": healthy,
            "desiredHealthy": wanted,
            "expectedPods": expected,
            "conditions": [condition],
        }
        self.store.set_status("poddisruptionbudgets", name, status, namespace)

    def _expected(self, pods: list[Tree]) -> dict[str, int]:
        """Replicas asked for, per controller of the pods."""
        found: dict[str, int] = {}
        for pod in pods:
            for owner in pod["metadata"].get("ownerReferences", ()):
                kind = self.store.registry.of_kind(owner["apiVersion"], owner["kind"])
                record = (
                    self.store.collections[kind.key].get(pod["metadata"]["namespace"], owner["name"])
                    if kind
                    else None
                )
                if record is not None:
                    found[owner["uid"]] = dig(record.tree, "spec", "replicas", default=len(pods))
        return found
