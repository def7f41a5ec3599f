"""What a caller may see, as sets of (cluster, namespace, type)."""

import msgspec

from callboard.model.resource import ResourceType

__all__ = ["Grant", "Grants"]

ANY = "*"


class Grant(msgspec.Struct, frozen=True, order=True):
    """Leave to see objects. "*" stands for any; `type` is a ResourceType.key; cluster-scoped objects need namespace "*"."""

    cluster: str = ANY
    namespace: str = ANY
    type: str = ANY

    def covers(self, cluster: str, namespace: str, type_key: str) -> bool:
        return (
            self.cluster in (ANY, cluster)
            and self.namespace in (ANY, namespace)
            and self.type in (ANY, type_key)
        )


class Grants(msgspec.Struct, frozen=True):
    """All of a caller's grants. Callers with equal grants share one visibility class: `identity` is its key."""

    grants: frozenset[Grant] = frozenset()

    @classmethod
    def everything(cls) -> "Grants":
        return cls(frozenset({Grant()}))

    def allow(self, cluster: str, namespace: str, resource: ResourceType) -> bool:
        """Whether an object may be seen. `namespace` is "" for cluster-scoped objects."""
        return any(g.covers(cluster, namespace or ANY, resource.key) for g in self.grants)

    def whole(self, cluster: str, resource: ResourceType) -> bool:
        """Whether all objects of a type in a cluster may be seen."""
        return any(g.covers(cluster, ANY, resource.key) for g in self.grants)

    def any_of(self, cluster: str) -> bool:
        """Whether anything of a cluster may be seen."""
        return any(g.cluster in (ANY, cluster) for g in self.grants)

    @property
    def identity(self) -> str:
        return ";".join(f"{g.cluster}/{g.namespace}/{g.type}" for g in sorted(self.grants))
