"""Which containers' logs are meant by a question, how many of them are read, and why one has none. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from callboard.base.errors import UsageError
from callboard.model.cluster import ClusterInfo
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Pod
from callboard.model.snapshot import ClusterSnapshot
from callboard.portal.logs.ended import made_by
from callboard.portal.logs.rows import source_id
from callboard.portal.protocol import ALL_CONTAINERS, LogQuery
from callboard.portal.views import ContainerRow, LogSource, ObjectKey

__all__ = ["MOST_SOURCES", "LogContainer", "WantedLogs", "over", "wanted_logs", "why_none"]

MOST_PODS: Final = 20
MOST_SOURCES: Final = 30
"""Containers of one log: a request to the cluster for each."""
MOST_NAMED: Final = 20

_WAITING: Final = {
    "ContainerCreating": "its image is being fetched, or its volumes are being made ready",
    "PodInitializing": "the containers that prepare it have not ended yet",
    "ImagePullBackOff": "its image cannot be fetched",
    "ErrImagePull": "its image cannot be fetched",
    "ErrImageNeverPull": "its image is not on the node, and may not be fetched",
    "InvalidImageName": "the name of its image is not valid",
    "CreateContainerConfigError": "something its configuration refers to is missing",
    "CreateContainerError": "it cannot be made",
    "RunContainerError": "it cannot be started",
    "CrashLoopBackOff": "it crashed, and waits to be started again",
}


class LogContainer(msgspec.Struct, frozen=True):
    """One container whose log is meant: how it is, and its pod."""

    source: LogSource
    pod: KubeObject
    row: ContainerRow


class WantedLogs(msgspec.Struct, frozen=True, kw_only=True):
    """What is read. `omitted` are those left out because they are too many; `containers` what can be chosen from."""

    wanted: tuple[LogContainer, ...]
    omitted: tuple[str, ...] = ()
    containers: tuple[ContainerRow, ...] = ()
    container: str = ""


def wanted_logs(
    cluster: ClusterSnapshot,
    obj: KubeObject,
    rows: Sequence[tuple[KubeObject, tuple[ContainerRow, ...]]],
    query: LogQuery,
) -> WantedLogs:
    """Of a pod the container named, or its first, or all; of anything that made pods all containers of all of them, or those of
    that name. `rows` are the pods with their containers. Raises UsageError where it has no such container, or can have none."""
    if not rows and not isinstance(obj.body, Pod):
        if not _may_make_pods(obj):
            raise UsageError(f"{obj.type.title} {obj.name} has no log; open one of its pods.", code="no-log")
        return WantedLogs(wanted=())
    known: dict[str, ContainerRow] = {}
    for _, containers in rows:
        for row in containers:
            known.setdefault(row.name, row)
    name = query.container
    if isinstance(obj.body, Pod):
        name = name or next((r.name for r in rows[0][1] if r.role == "container"), "")
    if name and name != ALL_CONTAINERS and name not in known:
        if isinstance(obj.body, Pod):
            raise UsageError(f"Pod {obj.name} has no container {name!r}.", code="no-container")
        raise UsageError(f"No pod of {obj.name} has a container {name!r}.", code="no-container")
    every = name in ("", ALL_CONTAINERS)
    found = [
        _container(cluster.cluster, pod, row)
        for pod, containers in rows
        for row in containers
        if every or row.name == name
    ]
    if not isinstance(obj.body, Pod) and query.previous:
        found = [each for each in found if each.row.has_previous] or found
    pods = list(dict.fromkeys(each.pod.name for each in found))
    few = set(pods[:MOST_PODS])
    wanted = tuple(each for each in found if each.pod.name in few)[:MOST_SOURCES]
    taken = {each.source.id for each in wanted}
    left = [each for each in found if each.source.id not in taken]
    return WantedLogs(
        wanted=wanted,
        omitted=tuple(f"{each.source.pod}/{each.source.container}" for each in left),
        containers=tuple(known.values()),
        container=name if name != ALL_CONTAINERS else ALL_CONTAINERS,
    )


def over(cluster: ClusterSnapshot, obj: KubeObject) -> list[KubeObject]:
    """The pods an object made, those that are not well first, then the newest; of a pod itself."""
    pods = made_by(cluster, obj)

    def order(pod: KubeObject) -> tuple[bool, float, str]:
        ready = isinstance(pod.body, Pod) and all(s.ready for s in pod.body.status.container_statuses)
        made = pod.meta.creation_timestamp
        return ready, -made.timestamp() if made else 0.0, pod.name

    return sorted(pods, key=order)


def why_none(pod: KubeObject, row: ContainerRow, *, previous: bool) -> str:
    """Why a container has no log; "" where it may have one."""
    if isinstance(pod.body, Pod) and not pod.body.spec.node_name:
        return f"Pod {pod.name} is not scheduled: no node runs it yet, and so there is no log."
    if not row.has_log and row.state.startswith("ended"):
        return f"The log of container {row.name} is gone with its container: {row.state}."
    if not row.has_log:
        why = _WAITING.get(row.state.removeprefix("waiting: "), "")
        return f"Container {row.name} has not started yet ({row.state}{f': {why}' if why else ''}), and so there is no log."
    if previous and not row.has_previous:
        return f"Container {row.name} has had no run before this one."
    return ""


def _container(cluster: ClusterInfo, pod: KubeObject, row: ContainerRow) -> LogContainer:
    key = ObjectKey(cluster.name, pod.type.key, pod.namespace, pod.name)
    return LogContainer(
        LogSource(id=source_id(pod.name, row.name), pod=pod.name, container=row.name, key=key), pod, row
    )


def _may_make_pods(obj: KubeObject) -> bool:
    return obj.type.kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob")
