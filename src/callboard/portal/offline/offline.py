"""The Kubernetes view of what stands in files: no server, no cluster, no configuration. Pure.

Each file is a cluster; everything in them is the service. What a file does not hold was not asked for, and is unknown.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from callboard.model.cluster import ClusterInfo
from callboard.model.entity import Entity, EntityMeta
from callboard.model.notice import NoticeCode
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Pod
from callboard.model.objects.workload import Job
from callboard.model.outcome import Answer, Malformed, Outcome, Purpose, Question
from callboard.model.resource import ResourceType
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice, ServiceSnapshot
from callboard.model.workloads import workload_of
from callboard.portal.arranging.arrangement import arrange
from callboard.portal.offline.manifests import ManifestFile
from callboard.portal.views import KubernetesView

__all__ = ["OfflineCluster", "offline_view"]

_ABOUT: Final = frozenset(
    {
        "events", "events.events.k8s.io", "nodes", "namespaces", "persistentvolumes", "resourcequotas", "limitranges",
        "storageclasses.storage.k8s.io", "pods.metrics.k8s.io", "nodes.metrics.k8s.io",
    }
)  # fmt: skip
"""Types that are about a service and no part of it."""


class OfflineCluster(msgspec.Struct, frozen=True, kw_only=True):
    """What one file says of a cluster, and what time it was when it was written."""

    name: str
    content: ManifestFile
    as_of: datetime


def offline_view(name: str, clusters: Sequence[OfflineCluster]) -> KubernetesView:
    """The view of all of them as one service of that name. Later files' names are made unique."""
    parts = tuple(map(_part, clusters, _unique([c.name for c in clusters])))
    entity = Entity(api_version="backstage.io/v1alpha1", kind="Component", metadata=EntityMeta(name=name))
    as_of = max((c.as_of for c in clusters), default=None)
    return arrange(ServiceSnapshot(entity=entity, clusters=parts, as_of=as_of))


def _unique(names: Sequence[str]) -> list[str]:
    taken: set[str] = set()
    out = []
    for name in names:
        number, free = 2, name
        while free in taken:
            free, number = f"{name}-{number}", number + 1
        taken.add(free)
        out.append(free)
    return out


def _part(cluster: OfflineCluster, name: str) -> ClusterSnapshot:
    objects = cluster.content.objects
    of_type: dict[str, list[KubeObject]] = {}
    for obj in objects:
        of_type.setdefault(obj.type.key, []).append(obj)
    selected: list[Outcome] = []
    references: list[Outcome] = []
    for key, found in of_type.items():
        kept = references if key in _ABOUT else selected
        purpose = Purpose.REFERENCE if key in _ABOUT else Purpose.SELECTION
        kept.append(
            Outcome(
                question=Question(found[0].type, purpose=purpose),
                answer=Answer.OBJECTS,
                objects=tuple(found),
                as_of=cluster.as_of,
            )
        )
    if cluster.content.malformed:
        selected.append(_unreadable(cluster.content.malformed))
    return ClusterSnapshot(
        cluster=ClusterInfo(name=name),
        state=ClusterState.ANSWERED,
        outcomes=tuple(selected),
        references=tuple(references),
        references_complete=True,
        notices=tuple(_notices(name, cluster.content)),
        as_of=cluster.as_of,
    )


def _unreadable(malformed: tuple[Malformed, ...]) -> Outcome:
    return Outcome(
        question=Question(ResourceType("", "v1", "objects", "", None)),
        answer=Answer.OBJECTS,
        malformed=malformed,
    )


def _notices(cluster: str, content: ManifestFile) -> list[Notice]:
    """What is missing without which health cannot be told."""
    told: list[str] = []
    if unread := content.malformed:
        count = "1 object" if len(unread) == 1 else f"{len(unread)} objects"
        told.append(f"{count} could not be read: {unread[0].where}: {unread[0].message}")
    makers = [
        obj for obj in content.objects if not isinstance(obj.body, Job) and workload_of(obj) is not None
    ]
    if makers and not any(isinstance(obj.body, Pod) for obj in content.objects):
        first = makers[0]
        told.append(f"the input has {first.type.title} {first.name} and no pods: how these are is not known")
    return [Notice(NoticeCode.NOT_IN_INPUT, words, cluster=cluster, incomplete=True) for words in told]
