"""One Kubernetes object as Callboard holds it."""

import msgspec

from callboard.model.objects.cluster_state import Event, Node
from callboard.model.objects.config import ConfigMap, LimitRange, ResourceQuota, SecretMetadata
from callboard.model.objects.generic import Generic
from callboard.model.objects.meta import ObjectMeta
from callboard.model.objects.metrics import PodMetrics
from callboard.model.objects.network import Ingress, Service
from callboard.model.objects.pod import Pod
from callboard.model.objects.storage import PersistentVolume, PersistentVolumeClaim
from callboard.model.objects.workload import (
    CronJob,
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    Job,
    ReplicaSet,
    StatefulSet,
)
from callboard.model.resource import ResourceType

__all__ = ["Body", "KubeObject", "body_type"]

Body = (
    Pod
    | Deployment
    | ReplicaSet
    | StatefulSet
    | DaemonSet
    | Job
    | CronJob
    | HorizontalPodAutoscaler
    | Service
    | Ingress
    | ConfigMap
    | SecretMetadata
    | ResourceQuota
    | LimitRange
    | PersistentVolume
    | PersistentVolumeClaim
    | Node
    | Event
    | PodMetrics
    | Generic
)

_BODIES: dict[tuple[str, str], type[Body]] = {
    ("", "pods"): Pod,
    ("apps", "deployments"): Deployment,
    ("apps", "replicasets"): ReplicaSet,
    ("apps", "statefulsets"): StatefulSet,
    ("apps", "daemonsets"): DaemonSet,
    ("batch", "jobs"): Job,
    ("batch", "cronjobs"): CronJob,
    ("autoscaling", "horizontalpodautoscalers"): HorizontalPodAutoscaler,
    ("", "services"): Service,
    ("networking.k8s.io", "ingresses"): Ingress,
    ("", "configmaps"): ConfigMap,
    ("", "secrets"): SecretMetadata,
    ("", "resourcequotas"): ResourceQuota,
    ("", "limitranges"): LimitRange,
    ("", "persistentvolumes"): PersistentVolume,
    ("", "persistentvolumeclaims"): PersistentVolumeClaim,
    ("", "nodes"): Node,
    ("", "events"): Event,
    ("metrics.k8s.io", "pods"): PodMetrics,
}


def body_type(resource: ResourceType) -> type[Body]:
    """The struct that holds objects of this type; `Generic` where there is none of its own."""
    return _BODIES.get((resource.group, resource.plural), Generic)


class KubeObject(msgspec.Struct, frozen=True, gc=False):
    """The typed fields in use, and the redacted whole.

    `raw` is JSON without `kind`, `apiVersion`, managedFields, last-applied copies and values of Secrets; it is a copy of
    its own, never a view of a larger buffer.
    """

    type: ResourceType
    body: Body
    raw: bytes

    @property
    def meta(self) -> ObjectMeta:
        return self.body.metadata

    @property
    def namespace(self) -> str:
        return self.body.metadata.namespace

    @property
    def name(self) -> str:
        return self.body.metadata.name
