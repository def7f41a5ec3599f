"""What a permission is about: an action, what it is done to, and what came of the question."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from callboard.model.entity import EntityRef

__all__ = ["DONE_TO", "NOT_YET", "Action", "Resource", "ResourceKind", "Ruling"]


class Action(StrEnum):
    """What somebody wants to do. The names are Backstage's where it has one."""

    ENTITY_READ = "catalog.entity.read"
    """Read what the catalog says: lists, entities, their relations."""
    CLUSTERS_READ = "kubernetes.clusters.read"
    """Know that there is such a cluster, its name and labels among it."""
    RESOURCES_READ = "kubernetes.resources.read"
    """Read the objects of a service, its health among them."""
    LOGS_READ = "kubernetes.logs.read"
    """Read the logs of its pods."""
    YAML_READ = "kubernetes.yaml.read"
    """Read the whole of an object as YAML, where that can be read at all; values of Secrets are in none."""
    OBJECTS_READ = "kubernetes.objects.read"
    """Read the objects of a cluster whatever service they are of, as a whole; values of Secrets are in none."""
    SECRETS_READ = "kubernetes.secrets.read"
    """Read the values of Secrets."""
    PROXY = "kubernetes.proxy"
    """Send requests of one's own to a cluster's API."""
    ACTIONS_RUN = "callboard.actions.run"
    """Do something to a running service: restart, scale, roll back."""
    METRICS_READ = "callboard.metrics.read"
    """Read those figures of `/metrics` that count objects."""
    AUDIT_READ = "callboard.audit.read"
    """Read who did what in Callboard."""
    ADMIN_READ = "callboard.admin.read"
    """Read how Callboard is set up: policies, clusters, sessions, tokens, the configuration without its secrets."""
    ADMIN_CHANGE = "callboard.admin.change"
    """Change who may come in: end sessions, revoke tokens."""


class ResourceKind(StrEnum):
    """What sort of thing an action is done to."""

    CATALOG = "catalog"
    """All entities together: who may read it reads of it what they may read of each entity."""
    ENTITY = "entity"
    """One entity of the catalog."""
    CLUSTER = "cluster"
    """One cluster, or any."""
    OBJECTS = "objects"
    """The objects of one service in one cluster and namespace, of one type."""
    PLACE = "place"
    """The objects of one type in one cluster and namespace, whatever service they are of."""
    PORTAL = "portal"
    """Callboard itself."""


DONE_TO: Final[Mapping[Action, frozenset[ResourceKind]]] = {
    Action.ENTITY_READ: frozenset({ResourceKind.CATALOG, ResourceKind.ENTITY}),
    Action.CLUSTERS_READ: frozenset({ResourceKind.CLUSTER}),
    Action.RESOURCES_READ: frozenset({ResourceKind.OBJECTS}),
    Action.LOGS_READ: frozenset({ResourceKind.OBJECTS}),
    Action.YAML_READ: frozenset({ResourceKind.OBJECTS}),
    Action.OBJECTS_READ: frozenset({ResourceKind.PLACE}),
    Action.SECRETS_READ: frozenset({ResourceKind.OBJECTS}),
    Action.PROXY: frozenset({ResourceKind.CLUSTER}),
    Action.ACTIONS_RUN: frozenset({ResourceKind.OBJECTS}),
    Action.METRICS_READ: frozenset({ResourceKind.PORTAL}),
    Action.AUDIT_READ: frozenset({ResourceKind.PORTAL}),
    Action.ADMIN_READ: frozenset({ResourceKind.PORTAL}),
    Action.ADMIN_CHANGE: frozenset({ResourceKind.PORTAL}),
}
"""What each action can be done to; to anything else nobody may do it."""

NOT_YET: Final = frozenset({Action.PROXY, Action.ACTIONS_RUN, Action.SECRETS_READ})
"""Actions that nothing in Callboard does yet: they are here so that policies can be written for them, and open nothing."""


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
    """Whether somebody may, and by which rule, in words for those who ask why. `policies` are the names of those that decided;
    `errors` what went wrong in one of them, which denies. `awaited`: not allowed so far, and being found out."""

    allowed: bool
    by: str
    policies: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    awaited: bool = False
