"""What a permission may depend on: what is known of an entity, of a cluster, and of who belongs to whom."""

from collections.abc import Iterator, Mapping
from typing import Protocol

import msgspec

from callboard.model.entity import EntityRef

__all__ = ["ClusterFacts", "Directory", "EntityFacts"]


class EntityFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Of one entity. `type`, `lifecycle` and `system` are "" where it has none, `system` is a ref. `owners` are the refs it is
    owned by, `dependents` those that own whatever depends on it or uses one of its APIs."""

    ref: EntityRef
    type: str = ""
    lifecycle: str = ""
    system: str = ""
    owners: frozenset[str] = frozenset()
    dependents: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    labels: Mapping[str, str] = {}


class ClusterFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Of one cluster. `environment` is the label of that name, "" without one."""

    name: str
    labels: Mapping[str, str] = {}

    @property
    def environment(self) -> str:
        return self.labels.get("environment", "")


class Directory(Protocol):
    """Who owns what and who belongs to which group, as of one state of the catalog. It does not change."""

    def facts(self, ref: EntityRef) -> EntityFacts | None:
        """What is known of an entity; None where there is none."""
        ...

    def all(self) -> Iterator[EntityFacts]:
        """All entities."""
        ...

    def groups_of(self, subject: str, groups: tuple[str, ...] = ()) -> frozenset[str]:
        """The refs of all groups somebody is in, by what they bring and by the catalog, those above them included."""
        ...
