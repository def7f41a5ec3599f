"""EndpointSlices: which pods stand behind a Service, and whether they take traffic."""

from callboard.simulator.controllers.engine import Controller, World
from callboard.simulator.controllers.podset import controller_reference, is_ready
from callboard.simulator.machinery.collection import Key, Record
from callboard.simulator.machinery.times import stamp
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["EndpointSliceController"]


class EndpointSliceController(Controller):
    """One slice for each Service with a selector."""

    own = ("", "services")
    kind = "Service"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        world.watch("", "pods", self, self._services)

    def _services(self, record: Record) -> list[Key]:
        namespace = record.key[0]
        labels = record.tree["metadata"].get("labels", {})
        return [
            item.key
            for item in self.store.collection(*self.own).records(namespace)
            if (selector := dig(item.tree, "spec", "selector")) and selector.items() <= labels.items()
        ]

    def reconcile(self, namespace: str, name: str) -> None:
        record = self.store.collection(*self.own).get(namespace, name)
        if record is None or not dig(record.tree, "spec", "selector"):
            return
        tree = record.tree
        selector = tree["spec"]["selector"]
        pods = [
            item.tree
            for item in self.store.collection("", "pods").records(namespace)
            if selector.items() <= item.tree["metadata"].get("labels", {}).items()
            and dig(item.tree, "status", "podIP")
        ]
        endpoints = [
            self._endpoint(pod) for pod in pods if dig(pod, "status", "phase") not in ("Succeeded", "Failed")
        ]
        ports = [self._port(port, pods) for port in dig(tree, "spec", "ports", default=[])]
        held = self.store.owned(tree["metadata"]["uid"], "discovery.k8s.io", "endpointslices")
        if held:
            if (held[0].get("endpoints") or [], held[0].get("ports") or []) == (endpoints, ports):
                return
            changed = {"endpoints": endpoints, "ports": ports}
            metadata = held[0]["metadata"]
            self.store.patch(
                "endpointslices",
                metadata["name"],
                lambda old: {**old, **changed},
                namespace,
                manager="kube-controller-manager",
            )
            return
        labels = {
            **tree["metadata"].get("labels", {}),
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            "kubernetes.io/service-name": name,
        }
        body = {
            "metadata": {
                "generateName": f"{name}-",
                "namespace": namespace,
                "labels": labels,
                "annotations": {"endpoints.kubernetes.io/last-change-trigger-time": stamp(self.engine.now())},
                "ownerReferences": [controller_reference(self.store.resource("services"), tree)],
            },
            "addressType": "IPv4",
            "endpoints": endpoints,
            "ports": ports,
        }
        self.store.create(body, "endpointslices", manager="kube-controller-manager")

    def _endpoint(self, pod: Tree) -> Tree:
        metadata, node = pod["metadata"], pod["spec"].get("nodeName", "")
        ending = "deletionTimestamp" in metadata
        serving = is_ready(pod)
        record = self.store.collection("", "nodes").get("", node)
        zone = dig(record.tree if record else {}, "metadata", "labels", "topology.kubernetes.io/zone")
        return {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": serving and not ending, "serving": serving, "terminating": ending},
            "targetRef": {
                "kind": "Pod",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
            "nodeName": node,
            **({"zone": zone} if zone else {}),
        }

    @staticmethod
    def _port(port: Tree, pods: list[Tree]) -> Tree:
        target = port.get("targetPort", port["port"])
        if isinstance(target, str):
            named = [
                item["containerPort"]
                for pod in pods[:1]
                for container in pod["spec"]["containers"]
                for item in container.get("ports", ())
                if item.get("name") == target
            ]
            target = named[0] if named else port["port"]
        return {
            **({"name": port["name"]} if "name" in port else {"name": ""}),
            "protocol": port.get("protocol", "TCP"),
            "port": target,
        }
