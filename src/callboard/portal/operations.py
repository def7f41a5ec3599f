"""The operator's tools: what is configured, whether it works, and what it needs."""

from collections.abc import Callable, Sequence
from typing import Protocol

from callboard.base.settings import KubernetesSettings, Settings
from callboard.catalog.validate import Validation
from callboard.catalog.validate import validate_paths as validate_catalog
from callboard.extend.parts import Supplied
from callboard.fleet.rbac import features_of, manifests
from callboard.fleet.wiring import Fleet
from callboard.model.caller import Caller

__all__ = ["FleetOperations", "Operations", "Validation", "least_privilege", "validate_catalog"]


class Operations(Protocol):
    """Tools on a wired portal, for the terminal."""

    async def clusters(self, caller: Caller) -> Supplied:
        """All clusters that the configuration supplies, and what went wrong on the way. No cluster is asked."""
        ...


class FleetOperations:
    """Implements `Operations` on the fleet in force, which may be replaced at any time."""

    def __init__(self, fleet: Callable[[], Fleet]) -> None:
        self._fleet = fleet

    async def clusters(self, caller: Caller) -> Supplied:
        """All clusters that the configuration supplies."""
        return await self._fleet().suppliers.supplied(caller)


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
