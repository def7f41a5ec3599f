"""A release under way: which version goes, which comes, how far it is, and which pods hold it up. Pure."""

from collections.abc import Callable, Iterable
from typing import Final

from callboard.diagnosis.ownership import Workload
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Pod, PodTemplate
from callboard.model.objects.workload import DaemonSet, Deployment, ReplicaSet, StatefulSet
from callboard.portal.arranging.pods import version_named
from callboard.portal.views import PodRow, VersionChange

__all__ = ["version_change"]

MOST_BLOCKING: Final = 3
_REVISION: Final = "deployment.kubernetes.io/revision"
_HASH: Final = "pod-template-hash"
_CONTROLLER_HASH: Final = "controller-revision-hash"


def version_change(
    workload: Workload, desired: int, updated: int, pod: Callable[[KubeObject], PodRow]
) -> VersionChange | None:
    """None where every pod that is wanted is of the newest version and ready."""
    obj, body = workload.object, workload.object.body
    if not isinstance(body, Deployment | StatefulSet | DaemonSet) or desired == 0:
        return None
    new, old = _by_version(workload, body)
    behind = updated < desired or bool(old)
    if not behind:
        return None
    rows = [pod(p) for p in new]
    waiting = sorted(
        (r for r in rows if not _is_ready(r)), key=lambda r: (not r.status, -r.restarts, r.key.name)
    )
    after = _version(body.spec.template)
    before = tuple(dict.fromkeys(version for p in old if (version := _of_pod(p))))
    if not before and isinstance(body, Deployment):
        before = _left(workload.children, obj)
    if before == (after,):  # another configuration of the same version: told apart by revision
        number = obj.meta.annotation(_REVISION)
        after = f"{after}, revision {number}" if number else after
    return VersionChange(
        before=before,
        after=after,
        desired=desired,
        updated=min(updated, desired),
        ready=min(len(rows) - len(waiting), desired),
        waiting=len(waiting),
        blocking=tuple((r.key, _said(r)) for r in waiting[:MOST_BLOCKING]),
        paused=isinstance(body, Deployment) and body.spec.paused,
    )


def _by_version(
    workload: Workload, body: Deployment | StatefulSet | DaemonSet
) -> tuple[list[KubeObject], list[KubeObject]]:
    """Its living pods of the newest revision, and the others."""
    newest = _newest(workload, body)
    new: list[KubeObject] = []
    old: list[KubeObject] = []
    for pod in workload.pods:
        if not isinstance(pod.body, Pod) or pod.body.status.phase in ("Succeeded", "Failed"):
            continue
        label = pod.meta.label(_HASH if isinstance(body, Deployment) else _CONTROLLER_HASH)
        (new if not newest or label == newest else old).append(pod)
    return new, old


def _newest(workload: Workload, body: Deployment | StatefulSet | DaemonSet) -> str:
    """The hash that pods of the newest revision carry; "" where it is not known."""
    if isinstance(body, StatefulSet):
        return body.status.update_revision
    if isinstance(body, Deployment):
        revision = workload.object.meta.annotation(_REVISION)
        sets = (c for c in workload.children if isinstance(c.body, ReplicaSet))
        return next(
            (c.meta.label(_HASH) for c in sets if revision and c.meta.annotation(_REVISION) == revision), ""
        )
    if body.status.updated_number_scheduled >= body.status.desired_number_scheduled:
        return ""
    # A DaemonSet does not name its newest revision: it is that of its youngest pod.
    made = [(p.meta.creation_timestamp, p) for p in workload.pods if p.meta.creation_timestamp is not None]
    return max(made, key=lambda pair: pair[0])[1].meta.label(_CONTROLLER_HASH) if made else ""


def _left(children: Iterable[KubeObject], obj: KubeObject) -> tuple[str, ...]:
    """Versions of the ReplicaSets that still want pods, but for the newest."""
    revision = obj.meta.annotation(_REVISION)
    return tuple(
        dict.fromkeys(
            _version(c.body.spec.template)
            for c in children
            if isinstance(c.body, ReplicaSet)
            and c.body.spec.replicas
            and c.meta.annotation(_REVISION) != revision
        )
    )


def _of_pod(pod: KubeObject) -> str:
    body = pod.body
    return version_named(body.metadata.labels, body.spec.containers) if isinstance(body, Pod) else ""


def _version(template: PodTemplate) -> str:
    return version_named(template.metadata.labels, template.spec.containers)


def _said(row: PodRow) -> str:
    return "runs, not ready" if row.status == "Running" else row.status


def _is_ready(row: PodRow) -> bool:
    return row.total > 0 and row.ready == row.total
