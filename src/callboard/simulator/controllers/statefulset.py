"""StatefulSets: numbered pods with claims of their own, started in order and replaced from the last."""

from callboard.simulator.controllers.engine import Controller
from callboard.simulator.controllers.podset import available, is_ready, pod_from
from callboard.simulator.controllers.revisions import keep_revision
from callboard.simulator.machinery.refusal import ApiRefusal
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["StatefulSetController"]

_HASH = "controller-revision-hash"


class StatefulSetController(Controller):
    """Keeps pods 0 to n-1, in order."""

    own = ("apps", "statefulsets")
    kind = "StatefulSet"
    owns = (("", "pods"),)

    def reconcile(self, namespace: str, name: str) -> None:
        record = self.store.collection(*self.own).get(namespace, name)
        if record is None or "deletionTimestamp" in record.tree["metadata"]:
            return
        tree = record.tree
        revision = keep_revision(self.store, tree, "statefulsets.apps")
        pods = {_ordinal(pod): pod for pod in self.store.owned(tree["metadata"]["uid"], "", "pods")}
        wanted = dig(tree, "spec", "replicas", default=0)
        parallel = dig(tree, "spec", "podManagementPolicy") == "Parallel"
        blocked = False
        for ordinal in range(wanted):
            pod = pods.get(ordinal)
            if pod is None:
                pods[ordinal] = self._create(tree, ordinal, revision)
                blocked = True
            elif (
                dig(pod, "status", "phase") in ("Failed", "Succeeded")
                and "deletionTimestamp" not in pod["metadata"]
            ):
                self.store.delete("pods", pod["metadata"]["name"], namespace)
                blocked = True
            elif not is_ready(pod) or "deletionTimestamp" in pod["metadata"]:
                blocked = True
            if blocked and not parallel:
                break
        if not blocked:
            extra = [ordinal for ordinal in sorted(pods, reverse=True) if ordinal >= wanted]
            if extra:
                self._delete(tree, pods[extra[0]])
            else:
                self._update(tree, pods, revision)
        else:
            stuck = [
                pod
                for pod in pods.values()
                if _stale(pod, revision) and not is_ready(pod) and "deletionTimestamp" not in pod["metadata"]
            ]
            if stuck and not parallel:
                self._delete(tree, stuck[-1])
        self._status(namespace, name, revision)

    def _update(self, tree: Tree, pods: dict[int, Tree], revision: str) -> None:
        if dig(tree, "spec", "updateStrategy", "type", default="RollingUpdate") != "RollingUpdate":
            return
        partition = dig(tree, "spec", "updateStrategy", "rollingUpdate", "partition", default=0)
        for ordinal in sorted(pods, reverse=True):
            if ordinal >= partition and _stale(pods[ordinal], revision):
                self._delete(tree, pods[ordinal])
                return

    def _create(self, tree: Tree, ordinal: int, revision: str) -> Tree:
        kind = self.store.resource("statefulsets.apps")
        metadata = tree["metadata"]
        name = f"{metadata['name']}-{ordinal}"
        volumes = list(dig(tree, "spec", "template", "spec", "volumes", default=[]))
        for claim in dig(tree, "spec", "volumeClaimTemplates", default=[]):
            claim_name = f"{claim['metadata']['name']}-{name}"
            volumes.append(
                {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim_name}}
            )
            if (
                self.store.collection("", "persistentvolumeclaims").get(metadata["namespace"], claim_name)
                is None
            ):
                labels = {
                    **dig(tree, "spec", "selector", "matchLabels", default={}),
                    **claim["metadata"].get("labels", {}),
                }
                body = {
                    "metadata": {"name": claim_name, "namespace": metadata["namespace"], "labels": labels},
                    "spec": claim["spec"],
                }
                self.store.create(body, "persistentvolumeclaims", manager="kube-controller-manager")
                told = f"create Claim {claim_name} Pod {name} in StatefulSet {metadata['name']} success"
                self.world.events.record(
                    kind, tree, "Normal", "SuccessfulCreate", told, "statefulset-controller"
                )
        labels = {
            "apps.kubernetes.io/pod-index": str(ordinal),
            _HASH: revision,
            "statefulset.kubernetes.io/pod-name": name,
        }
        spec = {
            "hostname": name,
            "subdomain": dig(tree, "spec", "serviceName", default=""),
            "volumes": volumes,
        }
        if not volumes:
            del spec["volumes"]
        body = pod_from(tree["spec"]["template"], tree, kind, name=name, labels=labels, spec=spec)
        try:
            pod = self.store.create(body, "pods", manager="kube-controller-manager")
        except ApiRefusal as no:
            told = f"create Pod {name} in StatefulSet {metadata['name']} failed error: {no.message}"
            self.world.events.record(kind, tree, "Warning", "FailedCreate", told, "statefulset-controller")
            self.again(30.0, metadata["namespace"], metadata["name"])
            return {"metadata": {**body["metadata"], "uid": ""}, "status": {}}
        told = f"create Pod {name} in StatefulSet {metadata['name']} successful"
        self.world.events.record(kind, tree, "Normal", "SuccessfulCreate", told, "statefulset-controller")
        return pod

    def _delete(self, tree: Tree, pod: Tree) -> None:
        if "deletionTimestamp" in pod["metadata"]:
            return
        name, metadata = pod["metadata"]["name"], tree["metadata"]
        self.store.delete("pods", name, metadata["namespace"])
        told = f"delete Pod {name} in StatefulSet {metadata['name']} successful"
        self.world.events.record(
            self.store.resource("statefulsets.apps"),
            tree,
            "Normal",
            "SuccessfulDelete",
            told,
            "statefulset-controller",
        )

    def _status(self, namespace: str, name: str, revision: str) -> None:
        tree = self.store.get("statefulsets.apps", name, namespace)
        pods = self.store.owned(tree["metadata"]["uid"], "", "pods")
        updated = sum(not _stale(pod, revision) for pod in pods)
        ready = sum(is_ready(pod) for pod in pods)
        able = sum(
            available(pod, self.engine.now(), dig(tree, "spec", "minReadySeconds", default=0)) for pod in pods
        )
        before = dig(tree, "status", "currentRevision", default=revision)
        complete = updated == len(pods) == dig(tree, "spec", "replicas", default=0) and ready == len(pods)
        current = revision if complete or before == revision else before
        status: Tree = {"observedGeneration": tree["metadata"].get("generation", 1), "replicas": len(pods)}
        counts = {
            "readyReplicas": ready,
            "currentReplicas": updated if current == revision else len(pods) - updated,
            "updatedReplicas": updated,
        }
        status.update({key: value for key, value in counts.items() if value})
        status.update(
            currentRevision=f"{name}-{current.removeprefix(name + '-')}",
            updateRevision=revision,
            collisionCount=0,
            availableReplicas=able,
        )
        self.store.set_status("statefulsets.apps", name, status, namespace)


def _ordinal(pod: Tree) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def _stale(pod: Tree, revision: str) -> bool:
    return bool(pod["metadata"].get("labels", {}).get(_HASH) != revision)
