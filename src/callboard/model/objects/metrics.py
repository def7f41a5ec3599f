"""What metrics.k8s.io tells of a pod."""

from datetime import datetime

import msgspec

from callboard.model.objects.meta import ObjectMeta

__all__ = ["ContainerMetrics", "PodMetrics"]


class ContainerMetrics(msgspec.Struct, frozen=True, gc=False):
    """What one container uses: quantities by resource (`cpu`, `memory`)."""

    name: str = ""
    usage: dict[str, str | int | float] | None = None


class PodMetrics(msgspec.Struct, frozen=True, gc=False):
    """What a pod of the same namespace and name used when it was last measured."""

    metadata: ObjectMeta
    timestamp: datetime | None = None
    containers: tuple[ContainerMetrics, ...] = ()
