"""HorizontalPodAutoscalers: replicas follow CPU use, within their bounds, every fifteen seconds."""

import math

from callboard.simulator.controllers.engine import Controller, World
from callboard.simulator.controllers.usage import Usage
from callboard.simulator.machinery.quantities import parse_quantity
from callboard.simulator.machinery.refusal import ApiRefusal
from callboard.simulator.machinery.selectors import matcher_of
from callboard.simulator.machinery.times import stamp
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["AutoscalerController"]

_PERIOD = 15.0
_TOLERANCE = 0.1
_STABLE = 300.0
_RECENT = 180.0
"""While history is made, autoscalers only look at its last three minutes."""


class AutoscalerController(Controller):
    """Looks at each autoscaler every fifteen seconds."""

    own = ("autoscaling", "horizontalpodautoscalers")
    kind = "HorizontalPodAutoscaler"

    def __init__(self, world: World, usage: Usage) -> None:
        super().__init__(world)
        self._usage = usage
        self._looping: set[str] = set()
        self._wishes: dict[str, list[tuple[float, int]]] = {}

    def reconcile(self, namespace: str, name: str) -> None:
        record = self.store.collection(*self.own).get(namespace, name)
        if record is not None and record.tree["metadata"]["uid"] not in self._looping:
            uid = record.tree["metadata"]["uid"]
            self._looping.add(uid)
            self._plan(namespace, name, uid)

    def _plan(self, namespace: str, name: str, uid: str) -> None:
        def look() -> None:
            record = self.store.collection(*self.own).get(namespace, name)
            if record is None or record.tree["metadata"]["uid"] != uid:
                self._looping.discard(uid)
                return
            self._look(record.tree)
            self._plan(namespace, name, uid)

        self.engine.at(max(self.engine.now() + _PERIOD, self.engine.present - _RECENT), look)

    def _look(self, tree: Tree) -> None:
        metadata, spec, now = tree["metadata"], tree["spec"], self.engine.now()
        target = spec["scaleTargetRef"]
        kind = self.store.registry.of_kind(target.get("apiVersion", ""), target["kind"])
        held = self.store.collections[kind.key].get(metadata["namespace"], target["name"]) if kind else None
        conditions: list[Tree] = []
        if held is None or kind is None:
            told = (
                f"the HPA controller was unable to get the target's current scale: "
                f'{target["kind"].lower()}s.apps "{target["name"]}" not found'
            )
            conditions.append(_condition(tree, "AbleToScale", "False", "FailedGetScale", told, now))
            self._write(
                tree,
                {
                    "currentReplicas": 0,
                    "desiredReplicas": 0,
                    "currentMetrics": None,
                    "conditions": conditions,
                },
            )
            return
        workload = held.tree
        current = dig(workload, "spec", "replicas", default=0)
        able = "the HPA controller was able to get the target's current scale"
        if current == 0:
            conditions.append(_condition(tree, "AbleToScale", "True", "SucceededGetScale", able, now))
            told = "scaling is disabled since the replica count of the target is zero"
            conditions.append(_condition(tree, "ScalingActive", "False", "ScalingDisabled", told, now))
            self._write(
                tree,
                {
                    "currentReplicas": 0,
                    "desiredReplicas": 0,
                    "currentMetrics": None,
                    "conditions": conditions,
                },
            )
            return
        used, share = self._use(workload)
        if share is None:
            conditions.append(_condition(tree, "AbleToScale", "True", "SucceededGetScale", able, now))
            served = self.store.registry.serves("metrics.k8s.io", "v1beta1")
            missing = "the server could not find the requested resource (get pods.metrics.k8s.io)"
            reason = "no metrics returned from" if served else "unable to fetch metrics from"
            why = f"failed to get cpu utilization: unable to get metrics for resource cpu: {reason} resource metrics API"
            why += "" if served else f": {missing}"
            told = f"the HPA was unable to compute the replica count: {why}"
            conditions.append(
                _condition(tree, "ScalingActive", "False", "FailedGetResourceMetric", told, now)
            )
            self._tell(tree, "Warning", "FailedGetResourceMetric", why)
            first = f"invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: {why}"
            self._tell(tree, "Warning", "FailedComputeMetricsReplicas", first)
            unknown: Tree = {
                "currentReplicas": current,
                "desiredReplicas": 0,
                "currentMetrics": [{"type": ""}],
                "conditions": conditions,
            }
            self._write(tree, unknown)
            return
        wanted = dig(spec, "metrics", 0, "resource", "target", "averageUtilization", default=80)
        ratio = share / wanted
        wish = current if abs(ratio - 1) <= _TOLERANCE else math.ceil(current * ratio)
        wishes = [item for item in self._wishes.get(metadata["uid"], []) if item[0] > now - _STABLE] + [
            (now, wish)
        ]
        self._wishes[metadata["uid"]] = wishes
        stable = max(item[1] for item in wishes) if wish < current else wish
        least, most = spec.get("minReplicas", 1), spec["maxReplicas"]
        desired = min(max(min(stable, max(current * 2, 4)), least), most)
        if wish < current and stable >= current:
            told = "recent recommendations were higher than current one, applying the highest recent recommendation"
            conditions.append(_condition(tree, "AbleToScale", "True", "ScaleDownStabilized", told, now))
        else:
            told = (
                "recommended size matches current size"
                if desired == current
                else f"the HPA controller was able to update the target scale to {desired}"
            )
            reason = "ReadyForNewScale" if desired == current else "SucceededRescale"
            conditions.append(_condition(tree, "AbleToScale", "True", reason, told, now))
        told = "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)"
        conditions.append(_condition(tree, "ScalingActive", "True", "ValidMetricFound", told, now))
        if stable > most:
            told = "the desired replica count is more than the maximum replica count"
            conditions.append(_condition(tree, "ScalingLimited", "True", "TooManyReplicas", told, now))
        elif stable < least:
            told = "the desired replica count is less than the minimum replica count"
            conditions.append(_condition(tree, "ScalingLimited", "True", "TooFewReplicas", told, now))
        else:
            told = "the desired count is within the acceptable range"
            conditions.append(_condition(tree, "ScalingLimited", "False", "DesiredWithinRange", told, now))
        average = f"{int(used * 1000)}m"
        shown = {
            "type": "Resource",
            "resource": {
                "name": "cpu",
                "current": {"averageUtilization": int(share), "averageValue": average},
            },
        }
        status: Tree = {
            "currentReplicas": current,
            "desiredReplicas": desired,
            "currentMetrics": [shown],
            "conditions": conditions,
        }
        if desired != current:
            status["lastScaleTime"] = stamp(now)
            self.store.patch(
                kind,
                target["name"],
                {"spec": {"replicas": desired}},
                metadata["namespace"],
                manager="kube-controller-manager",
            )
            why = (
                "cpu resource utilization (percentage of request) above target"
                if desired > current
                else "All metrics below target"
            )
            self._tell(tree, "Normal", "SuccessfulRescale", f"New size: {desired}; reason: {why}")
        elif "lastScaleTime" in (tree.get("status") or {}):
            status["lastScaleTime"] = tree["status"]["lastScaleTime"]
        self._write(tree, status)

    def _use(self, workload: Tree) -> tuple[float, float | None]:
        """Mean cores a pod uses, and that as a percentage of what it requests."""
        if not self.store.registry.serves("metrics.k8s.io", "v1beta1"):
            return 0.0, None
        fits = matcher_of(dig(workload, "spec", "selector"))
        used = asked = 0.0
        count = 0
        for record in self.store.collection("", "pods").records(workload["metadata"]["namespace"]):
            pod = record.tree
            if not fits(pod["metadata"].get("labels", {})) or dig(pod, "status", "phase") != "Running":
                continue
            found = self._usage.of_pod(pod)
            if found:
                used += sum(cpu for _, cpu, _ in found)
                asked += sum(
                    parse_quantity(dig(item, "resources", "requests", "cpu", default=0))
                    for item in pod["spec"]["containers"]
                )
                count += 1
        return (used / count, 100 * used / asked) if count and asked else (0.0, None)

    def _write(self, tree: Tree, status: Tree) -> None:
        metadata = tree["metadata"]
        try:
            self.store.set_status("horizontalpodautoscalers", metadata["name"], status, metadata["namespace"])
        except ApiRefusal:
            return  # deleted while we looked

    def _tell(self, tree: Tree, type_: str, reason: str, told: str) -> None:
        self.world.events.record(
            self.store.resource("horizontalpodautoscalers"),
            tree,
            type_,
            reason,
            told,
            "horizontal-pod-autoscaler",
        )


def _condition(tree: Tree, type_: str, status: str, reason: str, message: str, now: float) -> Tree:
    old = next(
        (item for item in dig(tree, "status", "conditions", default=[]) if item["type"] == type_), None
    )
    moment = old["lastTransitionTime"] if old is not None and old["status"] == status else stamp(now)
    return {
        "type": type_,
        "status": status,
        "lastTransitionTime": moment,
        "reason": reason,
        "message": message,
    }
