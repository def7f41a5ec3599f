"""Which containers have ended badly, and how, by what their pods tell. Pure."""

from collections.abc import Iterator

from callboard.model.cluster import ClusterInfo
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import ContainerStateTerminated, ContainerStatus, Pod
from callboard.portal.views import CrashLog, ObjectKey

__all__ = ["crashes_of", "run_of"]


def crashes_of(cluster: ClusterInfo, pod: KubeObject) -> Iterator[CrashLog]:
    """The last bad end of each container that had one, without its log. Nothing for what is no pod."""
    if not isinstance(pod.body, Pod):
        return
    for status in _statuses(pod.body):
        now, before = status.state.terminated, status.last_state.terminated
        if now is not None and now.exit_code != 0:
            yield _run(cluster, pod, status, now, previous=False)
        elif before is not None and (before.exit_code != 0 or status.state.waiting is not None):
            yield _run(cluster, pod, status, before, previous=True)


def run_of(cluster: ClusterInfo, pod: KubeObject, container: str, *, previous: bool) -> CrashLog | None:
    """One run of a container, without its log; None where the pod has no such container or it has not run."""
    if not isinstance(pod.body, Pod):
        return None
    status = next((s for s in _statuses(pod.body) if s.name == container), None)
    if status is None:
        return None
    ended = status.last_state.terminated if previous else status.state.terminated
    if ended is None and (previous or status.state.running is None):
        return None
    return _run(cluster, pod, status, ended, previous=previous)


def _statuses(pod: Pod) -> tuple[ContainerStatus, ...]:
    return (*pod.status.init_container_statuses, *pod.status.container_statuses)


def _run(
    cluster: ClusterInfo,
    pod: KubeObject,
    status: ContainerStatus,
    ended: ContainerStateTerminated | None,
    *,
    previous: bool,
) -> CrashLog:
    how = ""
    if ended is not None:
        named = f"{ended.reason}, " if ended.reason not in ("", "Error") else ""
        how = f"{named}exit code {ended.exit_code}"
    return CrashLog(
        key=ObjectKey(cluster.name, pod.type.key, pod.namespace, pod.name),
        cluster=cluster,
        container=status.name,
        previous=previous,
        restarts=status.restart_count,
        ended=ended.finished_at if ended is not None else None,
        how=how,
        image=status.image,
    )
