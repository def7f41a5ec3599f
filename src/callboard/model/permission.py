"""What a permission is about: an action, what it is done to, and what came of the question."""

from enum import StrEnum

import msgspec

from callboard.model.entity import EntityRef

__all__ = ["Action", "Resource", "ResourceKind", "Ruling"]


class Action(StrEnum):
    """What somebody wants to do. The names are Backstage's where it has one."""

    ENTITY_READ = "catalog.entity.read"
    """Read what the catalog says: lists, entities, their relations."""
    CLUSTERS_READ = "kubernetes.clusters.read"
    """Read which clusters there are, and what we may do there."""
    RESOURCES_READ = "kubernetes.resources.read"
    """Read the objects of a service, its health among them."""
    LOGS_READ = "kubernetes.logs.read"
    """Read the logs of its pods."""
    METRICS_READ = "callboard.metrics.read"
    """Read those figures of `/metrics` that count objects."""


class ResourceKind(StrEnum):
    """What sort of thing an action is done to."""

    CATALOG = "catalog"
    ENTITY = "entity"
    CLUSTER = "cluster"
    OBJECTS = "objects"
    PORTAL = "portal"


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """What an action is done to. "" and None stand for any of them: whoever may do it to any may do it to each."""

    kind: ResourceKind
    entity: EntityRef | None = None
    """Of ENTITY, and the service whose OBJECTS they are."""
    cluster: str = ""
    namespace: str = ""
    type: str = ""
    """A ResourceType.key."""
    name: str = ""


class Ruling(msgspec.Struct, frozen=True):
    """Whether somebody may, and by which rule, in words for those who ask why."""

    allowed: bool
    by: str
