"""Which containers have ended badly, and how, by what their pods tell. Pure."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from callboard.model.cluster import ClusterInfo
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import ContainerStateTerminated, ContainerStatus, Pod
from callboard.model.snapshot import ClusterSnapshot, ClusterState, ServiceSnapshot
from callboard.portal.views import CrashLog, ObjectKey

__all__ = [
    "Crashed",
    "Ended",
    "crashed",
    "crashes_of",
    "made_by",
    "newest_crash",
    "newest_crashes",
    "run_of",
]

MOST_LEVELS: Final = 5
"""Owners above a pod that are followed: a CronJob's pods have two, an operator's a few more."""
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


Ended = tuple[CrashLog, KubeObject]
"""A run that is over, without its log, and its pod."""


class Crashed(NamedTuple):
    """What of a service has ended badly, the newest first, and the clusters of which that is not known."""

    runs: tuple[Ended, ...]
    unheard: tuple[ClusterInfo, ...]


def crashed(snapshot: ServiceSnapshot) -> Crashed:
    """The last bad end of every container of a service, in all clusters. Large snapshots take their time."""
    runs = [run for cluster in snapshot.clusters for run in newest_crashes(cluster, _pods(cluster))]
    runs.sort(key=lambda each: each[0].ended or _LONG_AGO, reverse=True)
    unheard = [c.cluster for c in snapshot.clusters if c.state in (ClusterState.AWAITED, ClusterState.FAILED)]
    return Crashed(tuple(runs), tuple(unheard))


def _pods(cluster: ClusterSnapshot) -> Iterator[KubeObject]:
    seen: set[tuple[str, str]] = set()
    for outcome in (*cluster.outcomes, *cluster.references):
        if outcome.question.type.key == "pods":
            for pod in outcome.objects:
                if (name := (pod.namespace, pod.name)) not in seen:
                    seen.add(name)
                    yield pod


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


def made_by(cluster: ClusterSnapshot, obj: KubeObject) -> list[KubeObject]:
    """The pods that an object made, directly or through what it made; of a pod itself."""
    if isinstance(obj.body, Pod):
        return [obj]
    owners: dict[str, str] = {}
    pods: list[KubeObject] = []
    for outcome in (*cluster.outcomes, *cluster.references):
        for each in outcome.objects:
            if each.meta.uid and (owner := each.meta.controller) is not None:
                owners[each.meta.uid] = owner.uid
            if isinstance(each.body, Pod):
                pods.append(each)
    return [pod for pod in pods if obj.meta.uid and obj.meta.uid in _above(pod.meta.uid, owners)]


def _above(uid: str, owners: dict[str, str]) -> Iterator[str]:
    for _ in range(MOST_LEVELS):
        uid = owners.get(uid, "")
        if not uid:
            return
        yield uid


def newest_crashes(cluster: ClusterSnapshot, pods: Iterable[KubeObject]) -> list[Ended]:
    """The last bad end of every container of these pods that had one, with its pod, the newest first."""
    found = [(run, pod) for pod in pods for run in crashes_of(cluster.cluster, pod)]
    found.sort(key=lambda each: each[0].ended or _LONG_AGO, reverse=True)
    return found


def newest_crash(cluster: ClusterSnapshot, obj: KubeObject) -> Ended | None:
    """The newest bad end of anything that an object made, with its pod."""
    return next(iter(newest_crashes(cluster, made_by(cluster, obj))), None)


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
