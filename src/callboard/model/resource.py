"""Resource types: five facts each, and the table of those Callboard knows without asking a cluster."""

from functools import cached_property, lru_cache
from urllib.parse import quote

import msgspec

__all__ = [
    "ALL_OBJECT_TYPES",
    "DECISIVE",
    "DEFAULT_OBJECT_TYPES",
    "EVENTS",
    "KNOWN_TYPES",
    "NODES",
    "POD_METRICS",
    "CustomResource",
    "ResourceType",
    "is_custom",
    "known_type",
    "words_of",
]


class CustomResource(msgspec.Struct, frozen=True, order=True, rename="camel"):
    """A custom resource as Backstage's configuration names it; `api_version` is the version alone (`v1alpha1`)."""

    group: str
    api_version: str
    plural: str


class ResourceType(msgspec.Struct, frozen=True, order=True, dict=True):
    """One type of object. `kind` is "" and `namespaced` None where only discovery can tell (custom resources)."""

    group: str
    version: str
    plural: str
    kind: str = ""
    namespaced: bool | None = None

    @property
    def api_version(self) -> str:
        """`v1`, `apps/v1`: as objects carry it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @cached_property
    def key(self) -> str:
        """`pods`, `deployments.apps`: unique among types of one version, as kubectl spells it. Put together once: a look at a
        service asks for it ten thousand times, of a few dozen types."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def title(self) -> str:
        """What a person calls it: the kind where known, else the plural."""
        return self.kind or self.plural

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The URL path on an API server, each segment escaped. No namespace means all of them (or cluster scope)."""
        return _path(self.group, self.version, self.plural, namespace, name, subresource)


@lru_cache(4096)
def _path(group: str, version: str, plural: str, namespace: str, name: str, subresource: str) -> str:
    """Kept, because all clusters are asked alike."""
    parts = ["apis", group, version] if group else ["api", version]
    if namespace:
        parts += ["namespaces", namespace]
    parts += [p for p in (plural, name, subresource) if p]
    return "/" + "/".join(quote(p, safe="") for p in parts)


def _core(plural: str, kind: str, *, namespaced: bool = True) -> ResourceType:
    return ResourceType("", "v1", plural, kind, namespaced)


def _of(group: str, version: str, plural: str, kind: str, *, namespaced: bool = True) -> ResourceType:
    return ResourceType(group, version, plural, kind, namespaced)


EVENTS = _core("events", "Event")
NODES = _core("nodes", "Node", namespaced=False)
POD_METRICS = _of("metrics.k8s.io", "v1beta1", "pods", "PodMetrics")

DECISIVE = frozenset(
    {
        "pods",
        "deployments.apps",
        "replicasets.apps",
        "statefulsets.apps",
        "daemonsets.apps",
        "jobs.batch",
        "cronjobs.batch",
    }
)
"""Keys of the types without which readiness cannot be told; not seeing another type leaves a verdict standing. Asked for
first, and given up last."""

DEFAULT_OBJECT_TYPES: tuple[ResourceType, ...] = (
    _core("pods", "Pod"),
    _core("services", "Service"),
    _core("configmaps", "ConfigMap"),
    _core("limitranges", "LimitRange"),
    _core("resourcequotas", "ResourceQuota"),
    _of("apps", "v1", "deployments", "Deployment"),
    _of("apps", "v1", "replicasets", "ReplicaSet"),
    _of("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
    _of("batch", "v1", "jobs", "Job"),
    _of("batch", "v1", "cronjobs", "CronJob"),
    _of("networking.k8s.io", "v1", "ingresses", "Ingress"),
    _of("apps", "v1", "statefulsets", "StatefulSet"),
    _of("apps", "v1", "daemonsets", "DaemonSet"),
)
"""What Backstage asks for when `objectTypes` is absent (DEFAULT_OBJECTS), in its order."""

ALL_OBJECT_TYPES: tuple[ResourceType, ...] = (
    *DEFAULT_OBJECT_TYPES,
    _core("secrets", "Secret"),
    _core("persistentvolumes", "PersistentVolume", namespaced=False),
    _core("persistentvolumeclaims", "PersistentVolumeClaim"),
)
"""What `objectTypes` may name (ALL_OBJECTS)."""

KNOWN_TYPES: tuple[ResourceType, ...] = (*ALL_OBJECT_TYPES, EVENTS, NODES)

_BY_PLURAL = {t.plural: t for t in KNOWN_TYPES}
_KNOWN = frozenset(t.key for t in (*KNOWN_TYPES, POD_METRICS))


def is_custom(resource: ResourceType) -> bool:
    """Whether it is none of the types Callboard knows: a configured one, which a cluster need not have."""
    return resource.key not in _KNOWN


def words_of(resource: ResourceType) -> str:
    """The type in a sentence: its plural, with its group where the plural alone would be taken for a type that everyone knows."""
    if resource.key == POD_METRICS.key:
        return "pod metrics"
    known = _BY_PLURAL.get(resource.plural)
    return resource.plural if known is None or known.key == resource.key else resource.key


def known_type(plural: str) -> ResourceType | None:
    """The built-in type of that plural (`pods`, `deployments`), or None."""
    return _BY_PLURAL.get(plural)
