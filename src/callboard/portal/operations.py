"""The operator's tools: what is configured, whether it works, and what it needs."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from callboard.access.permission import Decide, decide, require
from callboard.access.subject import subject_of
from callboard.base.errors import NotFound
from callboard.base.settings import KubernetesSettings, Settings
from callboard.catalog.validate import Validation
from callboard.catalog.validate import validate_paths as validate_catalog
from callboard.extend.parts import Supplied
from callboard.fleet.tools.check import ClusterCheck, FleetCheck, Permission, check_clusters
from callboard.fleet.tools.rbac import features_of, manifests
from callboard.fleet.wiring.wiring import WiredFleet
from callboard.kube.connection.connection import Connections
from callboard.model.caller import Caller
from callboard.model.permission import Action, Resource, ResourceKind

__all__ = [
    "ClusterCheck",
    "FleetCheck",
    "FleetOperations",
    "OperatorTools",
    "Permission",
    "Validation",
    "least_privilege",
    "validate_catalog",
]


_CLUSTERS = Resource(kind=ResourceKind.CLUSTER)


class OperatorTools(Protocol):
    """Tools on a wired portal, for the terminal."""

    async def clusters(self, caller: Caller) -> Supplied:
        """All clusters that the configuration supplies, and what went wrong on the way. No cluster is asked."""
        ...

    async def check(
        self, caller: Caller, *, namespaces: Sequence[str] = (), only: frozenset[str] = frozenset()
    ) -> FleetCheck:
        """Ask every cluster (or those named) who we are and what we may read, everywhere or in these namespaces.

        Raises NotFound for a name that no cluster has."""
        ...


class FleetOperations:
    """Implements `OperatorTools` on the fleet in force, which may be replaced at any time."""

    def __init__(
        self,
        fleet: Callable[[], WiredFleet],
        *,
        connections: Connections,
        settings: Callable[[], Settings],
        decide: Decide = decide,
    ) -> None:
        self._fleet = fleet
        self._connections = connections
        self._settings = settings
        self._decide = decide

    async def clusters(self, caller: Caller) -> Supplied:
        """All clusters that the configuration supplies."""
        require(self._decide, caller, Action.CLUSTERS_READ, _CLUSTERS)
        supplied = await self._fleet().suppliers.supplied(caller)
        known = tuple(c for c in supplied.clusters if self._knows(caller, c.name))
        notices = tuple(n for n in supplied.notices if not n.cluster or self._knows(caller, n.cluster))
        return Supplied(known, notices)

    async def check(
        self, caller: Caller, *, namespaces: Sequence[str] = (), only: frozenset[str] = frozenset()
    ) -> FleetCheck:
        """Ask the clusters themselves."""
        require(self._decide, caller, Action.CLUSTERS_READ, _CLUSTERS)
        found = await check_clusters(
            self._fleet().parts,
            self._connections,
            self._settings(),
            caller,
            namespaces=namespaces,
            only=only,
        )
        found = msgspec.structs.replace(
            found, clusters=tuple(c for c in found.clusters if self._knows(caller, c.cluster.name))
        )
        unknown = sorted(only - {cluster.name for cluster in found.supplied.clusters})
        if unknown:
            raise NotFound(f"There is no cluster {', '.join(map(repr, unknown))}.", code="no-such-cluster")
        return msgspec.structs.replace(found, clusters=tuple(self._viewed(c, caller) for c in found.clusters))

    def _knows(self, caller: Caller, name: str) -> bool:
        cluster = Resource(kind=ResourceKind.CLUSTER, cluster=name)
        return self._decide(caller, Action.CLUSTERS_READ, cluster).allowed

    def _viewed(self, found: ClusterCheck, caller: Caller) -> ClusterCheck:
        """With who decides what the caller sees of the cluster, and as whom it knows them."""
        settings = self._settings().callboard
        if settings.clusters.visibility_of(found.cluster.name) != "cluster":
            return found
        subject = subject_of(caller, settings.access)
        return msgspec.structs.replace(
            found,
            decides="cluster",
            viewer=caller.subject,
            viewer_user=subject.user if subject else "",
            viewer_groups=subject.groups if subject else (),
        )


def least_privilege(
    settings: Settings, *, namespaces: Sequence[str], features: Sequence[str], name: str, namespace: str
) -> str:
    """The ServiceAccount, roles and bindings as YAML, for what the settings ask for; no namespaces means the whole cluster.

    Raises UsageError for an unknown feature or an impossible name.
    """
    return manifests(
        settings.kubernetes or KubernetesSettings(),
        namespaces=namespaces,
        features=features_of(features),
        name=name,
        namespace=namespace,
    )
