"""What a service has beside its workloads and pods, and whose health counts for the whole."""

from callboard.model.objects import Generic, KubeObject
from callboard.model.verdict import Health, ObjectHealth

__all__ = ["counts"]

_NOT_WELL = (Health.UNHEALTHY, Health.UNKNOWN, Health.PROGRESSING)


def counts(obj: KubeObject, health: ObjectHealth) -> bool:
    """Whether it does. A custom resource counts whatever it is: it may be all there is of a service. A route, a budget or an
    autoscaler runs nothing, and counts where it is not well. What is not judged counts for nothing."""
    if health.health in _NOT_WELL:
        return True
    return health.health is not Health.NOT_JUDGED and _may_run(obj)


def _may_run(obj: KubeObject) -> bool:
    """Whether it may be what runs the service: a custom resource, of a group that is not Kubernetes' own."""
    group = obj.type.group
    return isinstance(obj.body, Generic) and "." in group and not group.endswith(".k8s.io")
