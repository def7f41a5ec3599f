"""What an objects provider may offer beyond answering: to say which services a change concerns, while nobody looks."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol, runtime_checkable

import msgspec

from callboard.extend.parts import Located, ObjectsProvider
from callboard.model.caller import Caller
from callboard.model.cluster import ClusterInfo
from callboard.model.entity import Entity, EntityRef
from callboard.model.snapshot import ClusterSnapshot, Notice

__all__ = ["FollowedCluster", "Following", "FollowingProvider", "Touched"]


class Touched(msgspec.Struct, frozen=True):
    """On this cluster, something of these entities may have changed. `whole`: how far the cluster itself can be trusted has
    changed as well, and so may whatever was told of any entity there."""

    cluster: str
    refs: frozenset[EntityRef]
    whole: bool = False


class FollowedCluster(msgspec.Struct, frozen=True, kw_only=True):
    """How far a cluster is followed.

    `ready`: every type that is listened to has come to something, be it a refusal. `as_of` is the moment all that is known
    there is true of, None where nothing is; `polled`: some of it is asked for at an interval; `stale_since` is set while some
    of it is what was known last.
    """

    cluster: ClusterInfo
    ready: bool = False
    as_of: datetime | None = None
    polled: bool = False
    stale_since: datetime | None = None


class Following(Protocol):
    """All entities of one reader, followed on all clusters. Everything but `run`, `wait` and `located` returns at once."""

    async def run(self) -> None:
        """Listen until cancelled. Entities are better put before: what comes then is told by entity from the first list on."""
        ...

    def put(self, entity: Entity) -> None:
        """Follow this entity, or its new state. Raises UsageError when its annotations cannot be read."""
        ...

    def drop(self, ref: EntityRef) -> None:
        """Follow it no more."""
        ...

    def take(self) -> Collection[Touched]:
        """What has been touched since the last call: each entity once for each cluster, however often."""
        ...

    async def wait(self) -> None:
        """Until `take` has something."""
        ...

    def clusters(self) -> dict[str, FollowedCluster]:
        """The clusters, by name, as of now."""
        ...

    def notices(self) -> Collection[Notice]:
        """What a person should know about how the clusters were found: a source of them that fails, above all. `wait` ends when
        they are others."""
        ...

    async def located(self, entity: Entity) -> Located:
        """Those it may run on. Raises CallboardError when that cannot be told."""
        ...

    def read(self, entity: Entity, cluster: str) -> ClusterSnapshot | None:
        """What is held of the entity there: its own objects and their children, which is what a verdict is made of. Nothing
        is asked. None where that cannot be told from what is held."""
        ...


@runtime_checkable
class FollowingProvider(ObjectsProvider, Protocol):
    """An objects provider that listens, and can follow many entities at once."""

    def following(self, caller: Caller) -> Following:
        """Follow as this caller, who must have brought no tokens of their own."""
        ...
