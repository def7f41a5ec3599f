"""What the dialog shows that leads somebody into a cluster with kubectl: which cluster, which pod, the commands. Pure."""

from typing import Final

import msgspec

from callboard.model.verdict import Health
from callboard.portal.views import ClusterAccess, ClusterPart, ContainerRow, KubernetesView, PodRow
from callboard.web.commands import Command, pod_commands

__all__ = ["ANY", "ConnectPage", "ConnectPlace", "chosen_place", "connect_page"]

ANY: Final = "1"
"""Stands in an address for whichever cluster is worst."""
MOST_PODS: Final = 12
_RANK: Final = {Health.UNHEALTHY: 0, Health.PROGRESSING: 1, Health.UNKNOWN: 2}


class ConnectPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody wants to go: `pod` and `container` are None where the cluster alone was asked for. `missed` says that there
    is no such pod now."""

    part: ClusterPart
    namespace: str
    pods: tuple[PodRow, ...]
    pod: PodRow | None = None
    container: ContainerRow | None = None
    missed: bool = False


class ConnectPage(msgspec.Struct, frozen=True, kw_only=True):
    """The dialog: `others` are the service's other clusters by (name, name as shown); `whole` is all the lines of the way in, to
    be copied at once."""

    access: ClusterAccess
    place: ConnectPlace
    others: tuple[tuple[str, str], ...]
    whole: str
    commands: tuple[Command, ...]
    more_pods: int


def chosen_place(view: KubernetesView, cluster: str, pod: str, container: str) -> ConnectPlace | None:
    """What an address names: a cluster, perhaps a pod of it as `namespace/name`, perhaps a container. None where the service has
    no such cluster for this reader."""
    parts = sorted(view.clusters, key=lambda p: (_RANK.get(p.verdict.health, 3), p.cluster.name))
    part = next((p for p in parts if p.cluster.name == cluster), None)
    if part is None and cluster == ANY:
        part = next(iter(parts), None)
    if part is None:
        return None
    pods = sorted(_pods(part), key=lambda p: (_RANK.get(p.health, 3), p.key.name))
    wanted = next((p for p in pods if f"{p.key.namespace}/{p.key.name}" == pod), None) if pod else None
    namespaces = [p.key.namespace for p in pods] + [w.row.key.namespace for w in part.workloads]
    return ConnectPlace(
        part=part,
        namespace=wanted.key.namespace if wanted else next(iter([*namespaces, *view.namespaces]), ""),
        pods=tuple(pods),
        pod=wanted,
        container=_container(wanted, container) if wanted else None,
        missed=bool(pod) and wanted is None,
    )


def connect_page(view: KubernetesView, place: ConnectPlace, access: ClusterAccess) -> ConnectPage:
    """The dialog for a place."""
    commands = (
        pod_commands(access.context, place.pod.key, place.container)
        if place.pod is not None and not access.refused
        else ()
    )
    return ConnectPage(
        access=access,
        place=msgspec.structs.replace(place, pods=place.pods[:MOST_PODS]),
        others=tuple((p.cluster.name, p.cluster.display) for p in view.clusters),
        whole="\n".join(step.line for step in access.steps),
        commands=commands,
        more_pods=max(0, len(place.pods) - MOST_PODS),
    )


def _pods(part: ClusterPart) -> list[PodRow]:
    return [*(pod for workload in part.workloads for pod in workload.pods), *part.pods]


def _container(pod: PodRow, name: str) -> ContainerRow | None:
    named = next((c for c in pod.containers if c.name == name), None)
    return named or next((c for c in pod.containers if c.role == "container"), None)
