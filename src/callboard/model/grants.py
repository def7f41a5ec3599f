"""What a caller may see, as sets of (cluster, namespace, type)."""

from enum import StrEnum

import msgspec

from callboard.model.resource import ResourceType

__all__ = ["Grant", "Grants", "Why", "Withheld"]

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

    def meet(self, other: "Grant") -> "Grant | None":
        """What both of them cover, None where that is nothing."""
        parts = []
        for mine, theirs in zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True):
            if ANY not in (mine, theirs) and mine != theirs:
                return None
            parts.append(theirs if mine == ANY else mine)
        return Grant(*parts)


class Why(StrEnum):
    """Why something is not granted."""

    DENIED = "denied"
    AWAITED = "awaited"
    """It is being decided."""
    UNDECIDED = "undecided"
    """Nobody could say: denied until somebody does."""
    NO_USER = "no user"
    """The cluster decides by its own users, and does not know the caller as one."""


class Withheld(msgspec.Struct, frozen=True, order=True):
    """What is not granted, and why. It opens nothing; the caller may know that there is such a cluster."""

    cluster: str
    namespace: str = ANY
    type: str = ANY
    why: Why = Why.DENIED


class Grants(msgspec.Struct, frozen=True):
    """All of a caller's grants, and what is to be told of the rest. What is neither granted nor withheld is not there at
    all. Callers with equal grants share one visibility class: `identity` is its key."""

    grants: frozenset[Grant] = frozenset()
    withheld: frozenset[Withheld] = frozenset()

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
        """Whether anything of a cluster may be seen, if only its name."""
        return any(g.cluster in (ANY, cluster) for g in self.grants) or any(
            w.cluster == cluster for w in self.withheld
        )

    def why_not(self, cluster: str, namespace: str, resource: ResourceType) -> Why:
        """Why a scope that is not granted is not; `namespace` "" means all of them."""
        found = {
            w.why
            for w in self.withheld
            if w.cluster == cluster
            and w.type in (ANY, resource.key)
            and w.namespace in (ANY, namespace or ANY)
        }
        return next((why for why in (Why.NO_USER, Why.AWAITED, Why.UNDECIDED) if why in found), Why.DENIED)

    def awaits(self, cluster: str) -> bool:
        """Whether something of a cluster is being decided."""
        return any(w.cluster == cluster and w.why is Why.AWAITED for w in self.withheld)

    def within(self, other: "Grants") -> "Grants":
        """What both grant. Of a cluster of which either says nothing, nothing is said."""
        if self == _EVERYTHING:
            return other
        if other == _EVERYTHING:
            return self
        both = {both for mine in self.grants for theirs in other.grants if (both := mine.meet(theirs))}
        withheld = {w for w in self.withheld if other.any_of(w.cluster)}
        withheld |= {w for w in other.withheld if self.any_of(w.cluster)}
        return Grants(frozenset(both), frozenset(withheld))

    @property
    def decided(self) -> bool:
        """Whether nothing is open: what is seen with these grants may be remembered."""
        return all(w.why in (Why.DENIED, Why.NO_USER) for w in self.withheld)

    @property
    def identity(self) -> str:
        granted = ";".join(f"{g.cluster}/{g.namespace}/{g.type}" for g in sorted(self.grants))
        if not self.withheld:
            return granted
        return (
            granted
            + "!"
            + ";".join(f"{w.cluster}/{w.namespace}/{w.type}/{w.why}" for w in sorted(self.withheld))
        )


_EVERYTHING = Grants.everything()
