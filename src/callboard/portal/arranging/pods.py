"""Pods and their containers as rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from callboard.diagnosis.pod_status import STUCK_REASONS, is_sidecar, pod_standing
from callboard.diagnosis.words import plain_reason
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Container, ContainerState, ContainerStatus, Pod
from callboard.model.verdict import RANK, Health, ObjectHealth
from callboard.portal.arranging.clipping import clipped
from callboard.portal.views import ContainerRow, ObjectKey, PodRow, PodUsage

__all__ = ["container_rows", "pod_row", "version_named", "version_of", "worst_first", "zone_of"]

_VERSION = "app.kubernetes.io/version"
_MOST_VERSION = 60
_ZONE: Final = "topology.kubernetes.io/zone"
_MOST_LABELS: Final = 32
_OF_CONTROLLERS: Final = frozenset(
    {
        "pod-template-hash",
        "controller-revision-hash",
        "pod-template-generation",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-completion-index",
        "controller-uid",
        "job-name",
    }
)
_LOST = "ContainerStatusUnknown"
"""The reason a kubelet gives for a container that it no longer finds."""


def pod_row(
    cluster: str,
    obj: KubeObject,
    health: ObjectHealth,
    *,
    referenced: bool = False,
    usage: PodUsage | None = None,
    zones: Mapping[str, str] = {},
) -> PodRow:
    """A pod's row. The object must be a pod; `zones` are those of nodes that could be read."""
    pod = obj.body
    assert isinstance(pod, Pod)  # noqa: S101 - told to mypy; callers group by kind
    standing = pod_standing(pod)
    return PodRow(
        key=ObjectKey(cluster, obj.type.key, obj.namespace, obj.name),
        health=health.health,
        status=standing.word,
        detail=clipped(standing.detail)
        or (plain_reason(health.reason) if health.health is Health.UNHEALTHY else ""),
        ready=standing.ready,
        total=standing.total,
        restarts=standing.restarts,
        last_restart=standing.last_restart,
        created=pod.metadata.creation_timestamp,
        node=pod.spec.node_name,
        version=version_of(pod),
        zone=(pod.metadata.labels or {}).get(_ZONE, "") or zones.get(pod.spec.node_name, ""),
        labels=_labels(pod),
        containers=container_rows(pod) if health.health is Health.UNHEALTHY else (),
        referenced=referenced,
        usage=usage,
    )


def version_of(pod: Pod) -> str:
    """What a pod runs, as people call it: the label that is meant for it, else the tag of its first image, else the
    beginning of its digest; "" where it has none of them."""
    return version_named(pod.metadata.labels, pod.spec.containers)


def version_named(labels: Mapping[str, str] | None, containers: Sequence[Container]) -> str:
    """The same of what has these labels and containers, such as a template."""
    if told := (labels or {}).get(_VERSION):
        return told[:_MOST_VERSION]
    image = containers[0].image if containers else ""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return (tag or digest.rpartition(":")[2][:12])[:_MOST_VERSION]


MOST_PORTS = 3


def _labels(pod: Pod) -> tuple[tuple[str, str], ...]:
    told = pod.metadata.labels
    if not told:
        return ()
    return _shared(
        tuple(sorted(pair for pair in told.items() if pair[0] not in _OF_CONTROLLERS))[:_MOST_LABELS]
    )


@lru_cache(2048)
def _shared(labels: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Pods of one template are labelled alike, and there are thousands."""
    return labels


def zone_of(labels: Mapping[str, str] | None) -> str:
    """The zone that the labels of a node tell; "" for none."""
    return (labels or {}).get(_ZONE, "")


def worst_first(row: PodRow) -> tuple[int, str]:
    """The order of pods: trouble first, then by name."""
    return RANK[row.health], row.key.name


def container_rows(pod: Pod) -> tuple[ContainerRow, ...]:
    """Init containers first, as they run; a container without a status yet is "not started"."""
    statuses = {s.name: s for s in (*pod.status.init_container_statuses, *pod.status.container_statuses)}
    rows = [
        _row(c, statuses.get(c.name), "sidecar" if is_sidecar(c) else "init container")
        for c in pod.spec.init_containers
    ]
    rows += [_row(c, statuses.get(c.name), "container") for c in pod.spec.containers]
    return tuple(rows)


def _row(container: Container, status: ContainerStatus | None, role: str) -> ContainerRow:
    if status is None:
        return ContainerRow(
            name=container.name,
            image=container.image,
            role=role,
            state="not started",
            ports=_ports(container),
        )
    state, detail, health, since = _state(status, role)
    return ContainerRow(
        name=container.name,
        image=container.image,
        role=role,
        state=state,
        detail=clipped(detail),
        health=health,
        ready=status.ready,
        restarts=status.restart_count,
        has_log=_has_run(status),
        has_previous=_is_kept(status.last_state),
        since=since,
        ports=_ports(container),
    )


def _ports(container: Container) -> tuple[int, ...]:
    """A few of them: each is a command to copy."""
    tcp = (p.container_port for p in container.ports if p.protocol in ("", "TCP"))
    return tuple(port for port in tcp if 0 < port < 65536)[:MOST_PORTS]


def _has_run(status: ContainerStatus) -> bool:
    return status.state.running is not None or _is_kept(status.state) or _is_kept(status.last_state)


def _is_kept(state: ContainerState) -> bool:
    """Whether there was a run whose log a node may have. Of one that a kubelet no longer finds, as after the loss of
    its node, there is nothing to read."""
    return state.terminated is not None and state.terminated.reason != _LOST


def _state(status: ContainerStatus, role: str) -> tuple[str, str, Health, datetime | None]:
    state = status.state
    if state.running:
        ready = status.ready or (role == "init container")
        health = Health.HEALTHY if ready else Health.PROGRESSING
        return ("running" if ready else "running, not ready"), "", health, state.running.started_at
    if state.terminated:
        ended = state.terminated
        health = Health.HEALTHY if ended.exit_code == 0 else Health.UNHEALTHY
        word = "finished" if ended.exit_code == 0 else f"ended with exit code {ended.exit_code}"
        reason = f" ({ended.reason})" if ended.reason not in ("", "Completed") else ""
        return word + reason, ended.message, health, ended.finished_at
    waiting = state.waiting
    reason = waiting.reason if waiting and waiting.reason else "ContainerCreating"
    last = status.last_state.terminated
    detail = (waiting.message if waiting else "") or ""
    if last:
        why = f"the last run ended with exit code {last.exit_code}" + (
            f" ({last.reason})" if last.reason else ""
        )
        detail = f"{why}. {detail}".strip()
    health = Health.UNHEALTHY if reason in STUCK_REASONS else Health.PROGRESSING
    return f"waiting: {reason}", detail, health, last.finished_at if last else None
