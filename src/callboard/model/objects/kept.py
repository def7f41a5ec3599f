"""One Kubernetes object as the hub holds it: what finds it, and the rest packed."""

from collections.abc import Callable, Mapping

import msgspec

from callboard.model.objects.meta import OwnerReference
from callboard.model.resource import ResourceType

__all__ = ["PackedObject"]


class PackedObject(msgspec.Struct, frozen=True, gc=False):
    """The closed form of a KubeObject: no typed field of its body is there until it is opened.

    `labels` may be the same mapping in many objects: never change it. `packed` is the KubeObject's `raw`, through `unpack`
    where that is not None; `json()` gives it back. `well` is what `model.outline` told of it when it came: its owners, where
    that is all a verdict needs to know of it; shared by many objects, too.
    """

    type: ResourceType
    namespace: str
    name: str
    uid: str
    resource_version: str
    labels: Mapping[str, str]
    packed: bytes
    unpack: Callable[[bytes], bytes] | None = None
    well: tuple[OwnerReference, ...] | None = None

    def json(self) -> bytes:
        """The redacted whole, byte for byte as `KubeObject.raw`."""
        return self.packed if self.unpack is None else self.unpack(self.packed)
