"""What metrics.k8s.io tells of a pod."""

import msgspec

from callboard.model.objects.meta import ObjectMeta
from callboard.model.objects.names import Name
from callboard.model.objects.time import Time

__all__ = ["ContainerMetrics", "PodMetrics"]


class ContainerMetrics(msgspec.Struct, frozen=True, gc=False):
    """What one container uses: quantities by resource (`cpu`, `memory`)."""

    name: Name = ""
    usage: dict[str, str | int | float] | None = None


class PodMetrics(msgspec.Struct, frozen=True, gc=False):
    """What a pod of the same namespace and name used when it was last measured."""

    metadata: ObjectMeta
    timestamp: Time | None = None
    containers: tuple[ContainerMetrics, ...] = ()
