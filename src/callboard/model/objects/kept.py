"""One Kubernetes object as the hub holds it: what finds it, and the rest packed."""

from collections.abc import Callable, Mapping

import msgspec

from callboard.model.resource import ResourceType

__all__ = ["Kept"]


class Kept(msgspec.Struct, frozen=True, gc=False):
    """The closed form of a KubeObject: no typed field of its body is there until it is opened.

    `labels` may be the same mapping in many objects: never change it. `packed` is the KubeObject's `raw`, through `unpack`
    where that is not None; `json()` gives it back.
    """

    type: ResourceType
    namespace: str
    name: str
    uid: str
    resource_version: str
    labels: Mapping[str, str]
    packed: bytes
    unpack: Callable[[bytes], bytes] | None = None

    def json(self) -> bytes:
        """The redacted whole, byte for byte as `KubeObject.raw`."""
        return self.packed if self.unpack is None else self.unpack(self.packed)
