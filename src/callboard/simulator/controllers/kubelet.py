"""The kubelets of all nodes: they start what is bound to them and report what became of it."""

import hashlib

from callboard.simulator.controllers.behaviour import Behaviours
from callboard.simulator.controllers.engine import World
from callboard.simulator.controllers.logbook import ContainerRun
from callboard.simulator.controllers.podworker import PodWorker
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["Kubelet"]

_PODS = ("", "pods")


class Kubelet:
    """All nodes' kubelets in one. Keeps a worker for each pod that is bound to a node."""

    def __init__(self, world: World, behaviours: Behaviours) -> None:
        self.world = world
        self.store = world.store
        self.engine = world.engine
        self.behaviours = behaviours
        self._workers: dict[str, PodWorker] = {}
        self._images: set[tuple[str, str]] = set()
        self._addresses: dict[str, int] = {}
        self._kind = self.store.resource("pods")
        world.watch(*_PODS, self, lambda record: [record.key])

    def reconcile(self, namespace: str, name: str) -> None:
        record = self.store.collection(*_PODS).get(namespace, name)
        if record is None:
            for worker in list(self._workers.values()):
                metadata = worker.pod["metadata"]
                if (metadata["namespace"], metadata["name"]) == (namespace, name):
                    worker.stopped = worker.stopping = True
                    del self._workers[worker.uid]
            return
        pod = record.tree
        node = dig(pod, "spec", "nodeName")
        if not node or self.store.collection("", "nodes").get("", node) is None:
            return
        held = self._workers.get(pod["metadata"]["uid"])
        if held is None:
            if dig(pod, "status", "phase") in ("Succeeded", "Failed"):
                return
            self._workers[pod["metadata"]["uid"]] = fresh = PodWorker(self, pod)
            self.engine.after(0.2, fresh.begin)
            return
        held.pod = pod
        if "deletionTimestamp" in pod["metadata"] and not held.stopping:
            held.terminate()

    # ---- what workers ask

    def tell(self, pod: Tree, type_: str, reason: str, message: str, field: str = "") -> None:
        self.world.events.record(
            self._kind,
            pod,
            type_,
            reason,
            message,
            "kubelet",
            host=pod["spec"].get("nodeName", ""),
            field=field,
        )

    def write_status(self, worker: PodWorker, status: Tree) -> Tree:
        metadata = worker.pod["metadata"]
        if self.store.collection(*_PODS).get(metadata["namespace"], metadata["name"]) is None:
            worker.stopped = True
            return worker.pod
        return self.store.set_status(
            "pods", metadata["name"], status, metadata["namespace"], manager="kubelet"
        )

    def gone(self, worker: PodWorker) -> None:
        metadata = worker.pod["metadata"]
        self._workers.pop(worker.uid, None)
        held = self.store.collection(*_PODS).get(metadata["namespace"], metadata["name"])
        if held is not None and held.tree["metadata"]["uid"] == worker.uid:
            self.store.remove("pods", metadata["name"], metadata["namespace"])

    def next_address(self, pod: Tree) -> str:
        node = pod["spec"]["nodeName"]
        number = self._addresses[node] = self._addresses.get(node, 1) + 1
        return f"10.244.{_byte(node)}.{2 + number % 250}"

    def host_address(self, node: str) -> str:
        record = self.store.collection("", "nodes").get("", node)
        for address in dig(record.tree if record else {}, "status", "addresses", default=[]):
            if address["type"] == "InternalIP":
                return str(address["address"])
        return f"10.0.0.{_byte(node)}"

    def container_id(self) -> str:
        return "containerd://" + self.world.naming.hex(64)

    def image_id(self, image: str) -> str:
        repository = image.partition("@")[0]
        if ":" in repository.rpartition("/")[2]:
            repository = repository.rpartition(":")[0]
        return f"{repository}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"

    def has_image(self, pod: Tree, image: str) -> bool:
        return (pod["spec"]["nodeName"], image) in self._images

    def remember_image(self, pod: Tree, image: str) -> None:
        self._images.add((pod["spec"]["nodeName"], image))

    def pressure(self, node: str) -> None:
        """A node has just evicted: it says so."""
        record = self.store.collection("", "nodes").get("", node)
        if record is not None:
            told = "Attempting to reclaim ephemeral-storage"
            self.world.events.record(
                self.store.resource("nodes"),
                record.tree,
                "Warning",
                "EvictionThresholdMet",
                told,
                "kubelet",
                host=node,
            )

    def missing_config(self, pod: Tree, container: Tree) -> str:
        """What keeps a container from being created: a ConfigMap, Secret or key its environment needs."""
        namespace = pod["metadata"]["namespace"]
        for source in container.get("envFrom", ()):
            for field, plural, word in (
                ("configMapRef", "configmaps", "configmap"),
                ("secretRef", "secrets", "secret"),
            ):
                reference = source.get(field)
                if (
                    reference
                    and not reference.get("optional")
                    and self.store.collection("", plural).get(namespace, reference["name"]) is None
                ):
                    return f'{word} "{reference["name"]}" not found'
        for variable in container.get("env", ()):
            for field, plural, word in (
                ("configMapKeyRef", "configmaps", "configmap"),
                ("secretKeyRef", "secrets", "secret"),
            ):
                reference = dig(variable, "valueFrom", field)
                if not reference or reference.get("optional"):
                    continue
                record = self.store.collection("", plural).get(namespace, reference["name"])
                if record is None:
                    return f'{word} "{reference["name"]}" not found'
                if reference["key"] not in (record.tree.get("data") or {}):
                    shown = "ConfigMap" if word == "configmap" else "Secret"
                    return f"couldn't find key {reference['key']} in {shown} {namespace}/{reference['name']}"
        return ""

    def missing_volume(self, pod: Tree) -> str:
        """What keeps a pod's volumes from being mounted."""
        namespace = pod["metadata"]["namespace"]
        for volume in pod["spec"].get("volumes", ()):
            for field, plural, word, key in (
                ("configMap", "configmaps", "configmap", "name"),
                ("secret", "secrets", "secret", "secretName"),
            ):
                source = volume.get(field)
                if (
                    source
                    and not source.get("optional")
                    and self.store.collection("", plural).get(namespace, source[key]) is None
                ):
                    return f'MountVolume.SetUp failed for volume "{volume["name"]}" : {word} "{source[key]}" not found'
        return ""

    # ---- what others ask

    def evict(self, uid: str) -> None:
        """A node runs short of disk: it throws this pod out."""
        worker = self._workers.get(uid)
        if worker is not None:
            worker.evict()

    def reconsider(self) -> None:
        """Behaviours have changed: containers that run start to behave accordingly."""
        for worker in list(self._workers.values()):
            worker.reconsider()

    def worker(self, uid: str) -> PodWorker | None:
        return self._workers.get(uid)

    def log_run(self, pod: Tree, container: str, previous: bool) -> ContainerRun | None:
        """The run whose log a request means, if the container has had one."""
        worker = self._workers.get(pod["metadata"]["uid"])
        if worker is None:
            return None
        for state in (*worker.inits, *worker.containers):
            if state.container["name"] == container:
                runs = state.runs
                if previous:
                    if len(runs) > 1:
                        return (
                            runs[-2]
                            if state.is_running
                            else runs[-1]
                            if runs[-1].ended_at is not None and state.restarts
                            else runs[-2]
                        )
                    return (
                        runs[0]
                        if runs and runs[0].ended_at is not None and not state.is_running and state.restarts
                        else None
                    )
                return runs[-1] if runs else None
        return None


def _byte(text: str) -> int:
    return 1 + hashlib.sha256(text.encode()).digest()[0] % 250
