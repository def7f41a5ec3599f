"""Which custom resources to ask a cluster for: the configured ones, and all suppliers merged."""

from collections.abc import Iterable, Sequence

from callboard.base.settings import KubernetesSettings
from callboard.extend.parts import CustomResourceSupplier
from callboard.fleet.suppliers.config import custom_resources_of
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.resource import CustomResource, ResourceType

__all__ = ["ConfiguredCustomResources", "MergedCustomResources", "merged"]


class ConfiguredCustomResources:
    """`kubernetes.customResources` and the cluster's own, merged (upstream: the cluster's replace the global ones)."""

    def __init__(self, kubernetes: KubernetesSettings) -> None:
        self._common = custom_resources_of(kubernetes.custom_resources)

    async def custom_resources(self, cluster: Cluster, caller: Caller) -> Sequence[ResourceType]:
        """Global ones first. Kind and scope are for discovery to tell."""
        return merged(_type(c) for c in (*self._common, *cluster.custom_resources))


class MergedCustomResources:
    """Several suppliers as one."""

    def __init__(self, suppliers: Sequence[CustomResourceSupplier]) -> None:
        self._suppliers = tuple(suppliers)

    async def custom_resources(self, cluster: Cluster, caller: Caller) -> Sequence[ResourceType]:
        """All of them, each type once. Raises what a supplier raises."""
        return merged([t for s in self._suppliers for t in await s.custom_resources(cluster, caller)])


def merged(types: Iterable[ResourceType]) -> tuple[ResourceType, ...]:
    """Each type once, where it first stood; of two versions of one type the later (more specific) wins."""
    by_key: dict[str, ResourceType] = {}
    for resource in types:
        by_key[resource.key] = resource
    return tuple(by_key.values())


def _type(resource: CustomResource) -> ResourceType:
    return ResourceType(resource.group, resource.api_version, resource.plural)
