"""Deployments: ReplicaSets per revision, rolled within maxSurge and maxUnavailable, with the conditions that tell how it goes."""

from callboard.simulator.controllers.engine import Controller
from callboard.simulator.controllers.podset import controller_reference, share
from callboard.simulator.machinery.naming import template_hash
from callboard.simulator.machinery.times import parse, stamp
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["DeploymentController"]

_PREFIX = "deployment.kubernetes.io/"
_REVISION = _PREFIX + "revision"
_NOT_COPIED = frozenset(["kubectl.kubernetes.io/last-applied-configuration", _REVISION])
_HASH = "pod-template-hash"


class DeploymentController(Controller):
    """Creates, scales and retires ReplicaSets, and tells how far it is."""

    own = ("apps", "deployments")
    kind = "Deployment"
    owns = (("apps", "replicasets"),)

    def reconcile(self, namespace: str, name: str) -> None:
        record = self.store.collection(*self.own).get(namespace, name)
        if record is None or "deletionTimestamp" in record.tree["metadata"]:
            return
        tree = record.tree
        sets = sorted(
            self.store.owned(tree["metadata"]["uid"], "apps", "replicasets"), key=lambda item: _revision(item)
        )
        current = self._current(tree, sets)
        paused = dig(tree, "spec", "paused", default=False)
        if current is None and not paused:
            current = self._create(tree, sets)
        elif current is not None:
            self._renumber(tree, current, sets)
        sets = sorted(
            self.store.owned(tree["metadata"]["uid"], "apps", "replicasets"), key=lambda item: _revision(item)
        )
        tree = self.store.get("deployments.apps", name, namespace)
        if current is not None:
            current = self.store.get("replicasets.apps", current["metadata"]["name"], namespace)
            others = [item for item in sets if item["metadata"]["uid"] != current["metadata"]["uid"]]
            self._roll(tree, current, others, paused=paused)
            self._clean(tree, others)
        self._status(namespace, name)

    def _current(self, tree: Tree, sets: list[Tree]) -> Tree | None:
        wanted = template_hash(tree["spec"]["template"])
        return next((item for item in sets if item["metadata"]["labels"].get(_HASH) == wanted), None)

    def _create(self, tree: Tree, sets: list[Tree]) -> Tree:
        template = tree["spec"]["template"]
        digest = template_hash(template)
        labels = {**(template["metadata"].get("labels") or {}), _HASH: digest}
        revision = str(max((_revision(item) for item in sets), default=0) + 1)
        kind = self.store.resource("deployments.apps")
        body: Tree = {
            "metadata": {
                "name": f"{tree['metadata']['name']}-{digest}",
                "namespace": tree["metadata"]["namespace"],
                "labels": labels,
                "annotations": self._annotations(tree, revision),
                "ownerReferences": [controller_reference(kind, tree)],
            },
            "spec": {
                "replicas": 0,
                "selector": {
                    "matchLabels": {
                        **(dig(tree, "spec", "selector", "matchLabels", default={})),
                        _HASH: digest,
                    }
                },
                "template": {**template, "metadata": {**template["metadata"], "labels": labels}},
            },
        }
        if dig(tree, "spec", "minReadySeconds"):
            body["spec"]["minReadySeconds"] = tree["spec"]["minReadySeconds"]
        made = self.store.create(body, "replicasets.apps", manager="kube-controller-manager")
        self._annotate(tree, revision)
        return made

    def _annotations(self, tree: Tree, revision: str) -> Tree:
        copied = {
            key: value
            for key, value in tree["metadata"].get("annotations", {}).items()
            if key not in _NOT_COPIED
        }
        replicas = dig(tree, "spec", "replicas", default=0)
        most = replicas + _surge(tree, replicas)
        return {
            **copied,
            _PREFIX + "desired-replicas": str(replicas),
            _PREFIX + "max-replicas": str(most),
            _REVISION: revision,
        }

    def _annotate(self, tree: Tree, revision: str) -> None:
        if tree["metadata"].get("annotations", {}).get(_REVISION) != revision:
            metadata = tree["metadata"]
            patch = {"metadata": {"annotations": {_REVISION: revision}}}
            self.store.patch(
                "deployments.apps",
                metadata["name"],
                patch,
                metadata["namespace"],
                manager="kube-controller-manager",
            )

    def _renumber(self, tree: Tree, current: Tree, sets: list[Tree]) -> None:
        """A template that was there before becomes the newest revision again."""
        newest = max(_revision(item) for item in sets)
        revision = str(_revision(current) if _revision(current) == newest else newest + 1)
        wanted = self._annotations(tree, revision)
        metadata = current["metadata"]
        if metadata.get("annotations") != wanted:

            def annotate(item: Tree) -> Tree:
                return {**item, "metadata": {**item["metadata"], "annotations": wanted}}

            self.store.patch(
                "replicasets.apps",
                metadata["name"],
                annotate,
                metadata["namespace"],
                manager="kube-controller-manager",
            )
        self._annotate(tree, revision)

    def _roll(self, tree: Tree, current: Tree, others: list[Tree], *, paused: bool) -> None:
        replicas = dig(tree, "spec", "replicas", default=0)
        old = [item for item in others if _size(item)]
        if not old:
            self._scale(tree, current, replicas)
            return
        if paused:
            return
        if dig(tree, "spec", "strategy", "type") == "Recreate":
            for item in old:
                self._scale(tree, item, 0)
            gone = all(dig(item, "status", "replicas", default=0) == 0 for item in others)
            ending = any(dig(item, "status", "terminatingReplicas", default=0) for item in others)
            if gone and not ending and not old:
                self._scale(tree, current, replicas)
            return
        surge, unavailable = _surge(tree, replicas), _unavailable(tree, replicas)
        total = _size(current) + sum(_size(item) for item in old)
        if _size(current) != replicas and total < replicas + surge:
            self._scale(tree, current, min(replicas, _size(current) + replicas + surge - total))
            current = self.store.get(
                "replicasets.apps", current["metadata"]["name"], current["metadata"]["namespace"]
            )
        elif _size(current) > replicas:
            self._scale(tree, current, replicas)
        total = _size(current) + sum(_size(item) for item in old)
        least = replicas - unavailable
        spare = total - least - (_size(current) - _available(current))
        for item in old:
            unhealthy = min(_size(item) - _available(item), max(0, spare))
            if unhealthy > 0:
                self._scale(tree, item, _size(item) - unhealthy)
                spare -= unhealthy
        old = [
            self.store.get("replicasets.apps", item["metadata"]["name"], item["metadata"]["namespace"])
            for item in old
        ]
        ready = _available(current) + sum(min(_available(item), _size(item)) for item in old)
        extra = ready - least
        for item in old:
            step = min(_size(item), max(0, extra))
            if step > 0:
                self._scale(tree, item, _size(item) - step)
                extra -= step

    def _scale(self, tree: Tree, item: Tree, replicas: int) -> None:
        before = _size(item)
        if before == replicas:
            return
        metadata = item["metadata"]
        self.store.patch(
            "replicasets.apps",
            metadata["name"],
            {"spec": {"replicas": replicas}},
            metadata["namespace"],
            manager="kube-controller-manager",
        )
        told = f"Scaled {'up' if replicas > before else 'down'} replica set {metadata['name']} from {before} to {replicas}"
        kind = self.store.resource("deployments.apps")
        self.world.events.record(kind, tree, "Normal", "ScalingReplicaSet", told, "deployment-controller")

    def _clean(self, tree: Tree, others: list[Tree]) -> None:
        empty = [
            item for item in others if not _size(item) and not dig(item, "status", "replicas", default=0)
        ]
        for item in empty[: max(0, len(empty) - dig(tree, "spec", "revisionHistoryLimit", default=10))]:
            self.store.delete("replicasets.apps", item["metadata"]["name"], item["metadata"]["namespace"])

    # ---- status

    def _status(self, namespace: str, name: str) -> None:
        tree = self.store.get("deployments.apps", name, namespace)
        sets = self.store.owned(tree["metadata"]["uid"], "apps", "replicasets")
        current = self._current(tree, sets)
        replicas = dig(tree, "spec", "replicas", default=0)
        total = sum(dig(item, "status", "replicas", default=0) for item in sets)
        updated = dig(current or {}, "status", "replicas", default=0)
        ready = sum(dig(item, "status", "readyReplicas", default=0) for item in sets)
        able = sum(_available(item) for item in sets)
        status: Tree = {"observedGeneration": tree["metadata"].get("generation", 1)}
        counts = {
            "replicas": total,
            "updatedReplicas": updated,
            "readyReplicas": ready,
            "availableReplicas": able,
        }
        counts["unavailableReplicas"] = max(0, sum(_size(item) for item in sets) - able)
        status.update({key: value for key, value in counts.items() if value})
        status["terminatingReplicas"] = sum(
            dig(item, "status", "terminatingReplicas", default=0) for item in sets
        )
        status["conditions"] = self._conditions(tree, current, sets, counts, replicas)
        self.store.set_status("deployments.apps", name, status, namespace)

    def _conditions(
        self, tree: Tree, current: Tree | None, sets: list[Tree], counts: dict[str, int], replicas: int
    ) -> list[Tree]:
        now = stamp(self.engine.now())
        old = {item["type"]: item for item in dig(tree, "status", "conditions", default=[])}
        enough = counts["availableReplicas"] >= replicas - _unavailable(tree, replicas)
        if enough:
            least = _condition(
                old,
                "Available",
                "True",
                "MinimumReplicasAvailable",
                "Deployment has minimum availability.",
                now,
            )
        else:
            told = "Deployment does not have minimum availability."
            least = _condition(old, "Available", "False", "MinimumReplicasUnavailable", told, now)
        progressing = self._progress(tree, current, counts, replicas, old.get("Progressing"), now)
        found = {least["type"]: least}
        if progressing is not None:
            found["Progressing"] = progressing
        failures = [
            item
            for rs in sets
            for item in dig(rs, "status", "conditions", default=[])
            if item["type"] == "ReplicaFailure"
        ]
        if failures:
            failure = failures[0]
            found["ReplicaFailure"] = _condition(
                old, "ReplicaFailure", "True", failure["reason"], failure["message"], now
            )
        order = [type_ for type_ in old if type_ in found] + [type_ for type_ in found if type_ not in old]
        return [found[type_] for type_ in order]

    def _progress(
        self,
        tree: Tree,
        current: Tree | None,
        counts: dict[str, int],
        replicas: int,
        old: Tree | None,
        now: str,
    ) -> Tree | None:
        held = {"Progressing": old} if old else {}
        if current is None:
            return (
                _condition(held, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", now)
                if old is None
                else old
            )
        label = f'ReplicaSet "{current["metadata"]["name"]}"'
        before = tree.get("status") or {}
        done = counts["updatedReplicas"] == replicas == counts["replicas"] == counts["availableReplicas"]
        if done:
            told = f"{label} has successfully progressed."
            if old and old["reason"] == "NewReplicaSetAvailable" and old["message"] == told:
                return old
            return _condition(held, "Progressing", "True", "NewReplicaSetAvailable", told, now, touch=True)
        settled = old and old["reason"] == "NewReplicaSetAvailable" and label in old["message"]
        if settled and dig(before, "observedGeneration") == tree["metadata"].get("generation"):
            return old
        moved = (
            old is None
            or old["reason"] == "NewReplicaSetAvailable"
            or label not in old["message"]
            or any(
                counts[key] > before.get(key, 0)
                for key in ("updatedReplicas", "readyReplicas", "availableReplicas")
            )
            or counts["replicas"] - counts["updatedReplicas"]
            < before.get("replicas", 0) - before.get("updatedReplicas", 0)
        )
        limit = dig(tree, "spec", "progressDeadlineSeconds", default=600)
        metadata = tree["metadata"]
        if moved:
            reason = (
                "NewReplicaSetCreated" if old is None or label not in old["message"] else "ReplicaSetUpdated"
            )
            told = (
                f"Created new replica set {label.partition(' ')[2]}"
                if reason == "NewReplicaSetCreated"
                else f"{label} is progressing."
            )
            self.again(limit + 1.0, metadata["namespace"], metadata["name"])
            if reason == "NewReplicaSetCreated":
                told = f"{label} is progressing."
                reason = "ReplicaSetUpdated"
            return _condition(held, "Progressing", "True", reason, told, now, touch=True)
        if old is not None and old["status"] == "True" and parse(now) - parse(old["lastUpdateTime"]) > limit:
            told = f"{label} has timed out progressing."
            return _condition(held, "Progressing", "False", "ProgressDeadlineExceeded", told, now, touch=True)
        return old


def _condition(
    old: dict[str, Tree], type_: str, status: str, reason: str, message: str, now: str, *, touch: bool = False
) -> Tree:
    before = old.get(type_)
    if (
        before is not None
        and tuple(before.get(field) for field in ("status", "reason", "message")) == (status, reason, message)
        and not touch
    ):
        return before
    changed = now
    if before is not None and before.get("status") == status:
        changed = before.get("lastTransitionTime") or now
    return {
        "type": type_,
        "status": status,
        "lastUpdateTime": now,
        "lastTransitionTime": changed,
        "reason": reason,
        "message": message,
    }


def _revision(tree: Tree) -> int:
    return int(tree["metadata"].get("annotations", {}).get(_REVISION, 0))


def _size(tree: Tree) -> int:
    return int(dig(tree, "spec", "replicas", default=0))


def _available(tree: Tree) -> int:
    return int(dig(tree, "status", "availableReplicas", default=0))


def _surge(tree: Tree, replicas: int) -> int:
    return share(dig(tree, "spec", "strategy", "rollingUpdate", "maxSurge", default=0), replicas, up=True)


def _unavailable(tree: Tree, replicas: int) -> int:
    if dig(tree, "spec", "strategy", "type") == "Recreate":
        return replicas
    found = share(
        dig(tree, "spec", "strategy", "rollingUpdate", "maxUnavailable", default=0), replicas, up=False
    )
    return max(found, 1) if not _surge(tree, replicas) else found
