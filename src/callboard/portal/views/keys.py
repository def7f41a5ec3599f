"""What names an object for a face."""

import msgspec

__all__ = ["ObjectKey"]


class ObjectKey(msgspec.Struct, frozen=True, gc=False, order=True):
    """Names one object for a URL: `type` is a ResourceType.key; `namespace` is "" for cluster-scoped objects."""

    cluster: str
    type: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join((self.cluster, self.type, self.namespace or "-", self.name))
