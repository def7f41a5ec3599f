"""PersistentVolumeClaims: bound to a new volume, or left pending with the reason."""

from callboard.simulator.controllers.engine import Controller
from callboard.simulator.machinery.tree import Tree, dig

__all__ = ["VolumeController"]


class VolumeController(Controller):
    """Provisions a volume for each claim whose class exists."""

    own = ("", "persistentvolumeclaims")
    kind = "PersistentVolumeClaim"

    def reconcile(self, namespace: str, name: str) -> None:
        record = self.store.collection(*self.own).get(namespace, name)
        if (
            record is None
            or dig(record.tree, "status", "phase") == "Bound"
            or "deletionTimestamp" in record.tree["metadata"]
        ):
            return
        tree = record.tree
        kind = self.store.resource("persistentvolumeclaims")
        wanted = dig(tree, "spec", "storageClassName")
        if wanted is None:
            classes = self.store.list("storageclasses")
            chosen = next((item for item in classes if _is_default(item)), None)
            if chosen is None:
                told = "no persistent volumes available for this claim and no storage class is set"
                self.world.events.record(
                    kind, tree, "Normal", "FailedBinding", told, "persistentvolume-controller"
                )
                self.again(15.0, namespace, name)
                return
            wanted = chosen["metadata"]["name"]
        if self.store.collection("storage.k8s.io", "storageclasses").get("", wanted) is None:
            told = f'storageclass.storage.k8s.io "{wanted}" not found'
            self.world.events.record(
                kind, tree, "Warning", "ProvisioningFailed", told, "persistentvolume-controller"
            )
            self.again(15.0, namespace, name)
            return
        self.engine.after(1.0, lambda: self._provision(namespace, name, wanted))

    def _provision(self, namespace: str, name: str, storage_class: str) -> None:
        record = self.store.collection(*self.own).get(namespace, name)
        if record is None or dig(record.tree, "spec", "volumeName"):
            return
        tree = record.tree
        metadata, spec = tree["metadata"], tree["spec"]
        volume = f"pvc-{metadata['uid']}"
        capacity = {"storage": dig(spec, "resources", "requests", "storage", default="1Gi")}
        reference = {
            "kind": "PersistentVolumeClaim",
            "namespace": namespace,
            "name": name,
            "uid": metadata["uid"],
            "apiVersion": "v1",
        }
        body = {
            "metadata": {
                "name": volume,
                "annotations": {"pv.kubernetes.io/provisioned-by": "ebs.csi.aws.com"},
                "finalizers": ["kubernetes.io/pv-protection"],
            },
            "spec": {
                "capacity": capacity,
                "csi": {
                    "driver": "ebs.csi.aws.com",
                    "fsType": "ext4",
                    "volumeHandle": f"vol-{self.world.naming.hex(17)}",
                },
                "accessModes": spec["accessModes"],
                "claimRef": {**reference, "resourceVersion": metadata["resourceVersion"]},
                "persistentVolumeReclaimPolicy": "Delete",
                "storageClassName": storage_class,
                "volumeMode": spec.get("volumeMode", "Filesystem"),
            },
            "status": {"phase": "Bound"},
        }
        self.store.create(body, "persistentvolumes", manager="csi-provisioner")
        patch = {"spec": {"volumeName": volume, "storageClassName": storage_class}}
        self.store.patch("persistentvolumeclaims", name, patch, namespace, manager="kube-controller-manager")
        status = {"phase": "Bound", "accessModes": spec["accessModes"], "capacity": capacity}
        self.store.set_status("persistentvolumeclaims", name, status, namespace)
        told = f"Successfully provisioned volume {volume}"
        kind = self.store.resource("persistentvolumeclaims")
        self.world.events.record(kind, tree, "Normal", "ProvisioningSucceeded", told, "ebs.csi.aws.com")


def _is_default(tree: Tree) -> bool:
    return bool(
        tree["metadata"].get("annotations", {}).get("storageclass.kubernetes.io/is-default-class") == "true"
    )
