"""What pods and nodes use: the numbers of metrics.k8s.io and of the autoscaler."""

import math
import zlib

from callboard.simulator.controllers.engine import World
from callboard.simulator.controllers.kubelet import Kubelet
from callboard.simulator.machinery.quantities import parse_quantity
from callboard.simulator.machinery.times import stamp
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["Usage"]

_WINDOW = "15.031s"


class Usage:
    """Usage follows the behaviour of a container and wanders slowly; pods that do not run use nothing and are not listed."""

    def __init__(self, world: World, kubelet: Kubelet) -> None:
        self._store = world.store
        self._engine = world.engine
        self._kubelet = kubelet

    def items(self, plural: str, namespace: str) -> list[Tree]:
        """PodMetrics or NodeMetrics, without kind, as a list's items."""
        return self._nodes() if plural == "nodes" else self._pods(namespace)

    def of_pod(self, pod: Tree) -> list[tuple[str, float, float]]:
        """Container, CPU in cores and memory in bytes of everything that runs in a pod."""
        worker = self._kubelet.worker(pod["metadata"]["uid"])
        if worker is None:
            return []
        found = []
        for state in worker.containers:
            if not state.is_running:
                continue
            name = state.container["name"]
            resources = state.container.get("resources") or {}
            cpu = parse_quantity(dig(resources, "requests", "cpu", default="100m"))
            memory = parse_quantity(
                dig(
                    resources,
                    "limits",
                    "memory",
                    default=dig(resources, "requests", "memory", default="128Mi"),
                )
            )
            phase = zlib.crc32(f"{worker.uid}{name}".encode()) % 628 / 100
            wave = 1 + 0.2 * math.sin(self._engine.now() / 240 + phase)
            found.append(
                (
                    name,
                    cpu * state.behaviour.cpu * wave,
                    memory * min(1.0, state.behaviour.memory * (0.9 + wave / 10)),
                )
            )
        return found

    def _pods(self, namespace: str) -> list[Tree]:
        items = []
        for record in self._store.collection("", "pods").records(namespace):
            used = self.of_pod(record.tree)
            if not used:
                continue
            metadata = record.tree["metadata"]
            shown: Tree = {
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "creationTimestamp": stamp(self._engine.now()),
            }
            if metadata.get("labels"):
                shown["labels"] = metadata["labels"]
            containers = [{"name": name, "usage": _quantities(cpu, memory)} for name, cpu, memory in used]
            items.append(
                {
                    "metadata": shown,
                    "timestamp": stamp(self._engine.now()),
                    "window": _WINDOW,
                    "containers": containers,
                }
            )
        return items

    def _nodes(self) -> list[Tree]:
        totals: dict[str, tuple[float, float]] = {}
        for record in self._store.collection("", "pods").records():
            node = record.tree["spec"].get("nodeName")
            for _, cpu, memory in self.of_pod(record.tree) if node else ():
                before = totals.get(node, (0.2, 9e8))
                totals[node] = (before[0] + cpu, before[1] + memory)
        items = []
        for record in self._store.collection("", "nodes").records():
            metadata = record.tree["metadata"]
            shown = {
                "name": metadata["name"],
                "creationTimestamp": stamp(self._engine.now()),
                "labels": metadata.get("labels", {}),
            }
            usage = _quantities(*totals.get(metadata["name"], (0.2, 9e8)))
            items.append(
                {"metadata": shown, "timestamp": stamp(self._engine.now()), "window": _WINDOW, "usage": usage}
            )
        return items


def _quantities(cpu: float, memory: float) -> Tree:
    return {"cpu": f"{int(cpu * 1e9)}n", "memory": f"{int(memory / 1024)}Ki"}
