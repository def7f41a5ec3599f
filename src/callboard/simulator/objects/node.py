"""Nodes and what else a cluster has before anybody deploys to it."""

from callboard.simulator.machinery.naming import Naming
from callboard.simulator.machinery.times import stamp
from callboard.simulator.machinery.tree import Tree

__all__ = ["foundations", "node"]


def node(cluster: str, region: str, index: int, minor: int, naming: Naming, now: float) -> Tree:
    """A worker with 8 CPUs and 32 GiB."""
    zone = f"{region}{'abc'[index % 3]}"
    name = f"{cluster}-worker-{index + 1}"
    capacity = {
        "cpu": "8",
        "ephemeral-storage": "101430960Ki",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "memory": "32386544Ki",
        "pods": "110",
    }
    allocatable = {**capacity, "cpu": "7910m", "ephemeral-storage": "93478772582", "memory": "31262192Ki"}
    time = stamp(now)

    def condition(type_: str, status: str, reason: str, message: str) -> Tree:
        return {
            "type": type_,
            "status": status,
            "lastHeartbeatTime": time,
            "lastTransitionTime": time,
            "reason": reason,
            "message": message,
        }

    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "beta.kubernetes.io/arch": "amd64",
                "beta.kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "node-role.kubernetes.io/worker": "",
                "node.kubernetes.io/instance-type": "m7i.2xlarge",
                "topology.kubernetes.io/region": region,
                "topology.kubernetes.io/zone": zone,
            },
            "annotations": {
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": {
            "podCIDR": f"10.244.{index}.0/24",
            "podCIDRs": [f"10.244.{index}.0/24"],
            "providerID": f"aws:///{zone}/i-{naming.hex(17)}",
        },
        "status": {
            "capacity": capacity,
            "allocatable": allocatable,
            "conditions": [
                condition(
                    "MemoryPressure",
                    "False",
                    "KubeletHasSufficientMemory",
                    "kubelet has sufficient memory available",
                ),
                condition(
                    "DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"
                ),
                condition(
                    "PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"
                ),
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            "addresses": [
                {"type": "InternalIP", "address": f"10.0.{index}.{10 + index}"},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "machineID": naming.hex(32),
                "systemUUID": naming.uid(),
                "bootID": naming.uid(),
                "kernelVersion": "6.12.48",
                "osImage": "Bottlerocket OS 1.46.0",
                "containerRuntimeVersion": "containerd://2.1.4",
                "kubeletVersion": f"v1.{minor}.2",
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    }


def foundations() -> list[Tree]:
    """System namespaces, the default service account's home, and a storage class."""
    names = ["default", "kube-node-lease", "kube-public", "kube-system"]
    found: list[Tree] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names
    ]
    found.append(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {
                "name": "gp3",
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            "provisioner": "ebs.csi.aws.com",
            "allowVolumeExpansion": True,
        }
    )
    return found
