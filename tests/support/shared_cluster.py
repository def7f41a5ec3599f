"""A service of which something is in three namespaces, on clusters that decide for themselves who sees what."""

from collections.abc import Sequence
from typing import Any

from callboard.model.caller import Caller, CallerKind
from callboard.model.entity import EntityRef
from callboard.portal.views import ClusterPart, KubernetesView
from callboard.simulator import Fleet
from callboard.simulator.cluster import SimulatedCluster

DICE = EntityRef.parse("component:default/dice-roller")
NAMESPACES = ("games", "lab", "vault")
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


def person(name: str, *groups: str) -> Caller:
    """Somebody who signed in, known to the clusters by the same name."""
    return Caller(kind=CallerKind.PERSON, subject=name, groups=groups)


def deciding(provider: str = "fanOut", **more: Any) -> dict[str, Any]:
    """Settings below `callboard` by which every cluster decides."""
    clusters = {"visibility": "cluster", **more.pop("clusters", {})}
    return {"clusters": clusters, "parts": {"objectsProvider": provider}, **more}


def furnish(
    fleet: Fleet,
    *,
    pods: Sequence[str] = NAMESPACES[1:],
    config_maps: Sequence[str] = NAMESPACES[1:],
    unreadable: Sequence[str] = (),
) -> None:
    """Something of the dice roller in `lab` and `vault` too, beside `games`: pods, then ConfigMaps, and objects that nobody can
    read, of types of which there is nothing else."""
    for cluster in fleet:
        for namespace in NAMESPACES[1:]:
            cluster.store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        for namespace in pods:
            pod(cluster, f"helper-of-{namespace}", namespace)
        for namespace in config_maps:
            config_map(cluster, f"settings-of-{namespace}", namespace)
        for namespace in unreadable:
            odd(cluster, f"odd-in-{namespace}", namespace)


def odd(cluster: SimulatedCluster, name: str, namespace: str) -> None:
    """An Ingress and a CronJob of the dice roller with a status that no API server would have written."""
    containers = [{"name": "app", "image": "registry.example.com/helper:1"}]
    job = {"spec": {"template": {"spec": {"containers": containers, "restartPolicy": "Never"}}}}
    backend = {"service": {"name": "helper", "port": {"number": 80}}}
    for version, kind, spec, status in (
        ("networking.k8s.io/v1", "Ingress", {"defaultBackend": backend}, {"loadBalancer": "here"}),
        (
            "batch/v1",
            "CronJob",
            {"schedule": "@yearly", "suspend": True, "jobTemplate": job},
            {"active": "many"},
        ),
    ):
        meta = _meta(name, namespace)
        cluster.store.create(
            {"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec, "status": status}
        )


def config_map(cluster: SimulatedCluster, name: str, namespace: str) -> None:
    """A ConfigMap of the dice roller."""
    cluster.store.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta(name, namespace), "data": {}}
    )


def pod(cluster: SimulatedCluster, name: str, namespace: str) -> None:
    """A pod of the dice roller that nothing owns."""
    spec = {"containers": [{"name": "app", "image": "registry.example.com/helper:1"}]}
    cluster.store.create(
        {"apiVersion": "v1", "kind": "Pod", "metadata": _meta(name, namespace), "spec": spec}
    )


def unbind(cluster: SimulatedCluster, user: str, *namespaces: str) -> None:
    """Take back what `SimulatedCluster.bind` gave."""
    if not namespaces:
        cluster.store.delete("clusterrolebindings.rbac.authorization.k8s.io", user)
    for namespace in namespaces:
        cluster.store.delete("rolebindings.rbac.authorization.k8s.io", user, namespace)


def namespaces_in(view: KubernetesView) -> set[str]:
    """The namespaces of every row that is shown."""
    return {n for part in view.clusters for n in namespaces_of_part(part)}


def namespaces_of_part(part: ClusterPart) -> set[str]:
    """The same, of one cluster."""
    rows = [*part.pods, *(p for w in part.workloads for p in w.pods)]
    keys = [row.key for row in rows]
    keys += [w.row.key for w in part.workloads] + [r.key for s in part.sections for r in s.rows]
    return {key.namespace for key in keys if key.namespace}


def reviews(fleet: Fleet) -> int:
    """How many reviews about others the clusters were asked for."""
    return sum(cluster.counters.count("/subjectaccessreviews") for cluster in fleet)


def _meta(name: str, namespace: str) -> dict[str, Any]:
    return {"name": name, "namespace": namespace, "labels": {"backstage.io/kubernetes-id": "dice-roller"}}
