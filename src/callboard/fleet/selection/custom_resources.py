"""Which custom resources to ask a cluster for: the configured ones, and all suppliers merged."""

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from callboard.base.bounded_map import BoundedMap
from callboard.base.errors import CallboardError
from callboard.base.fence import Fence
from callboard.base.settings import KubernetesSettings
from callboard.extend.parts import CustomResourceSupplier
from callboard.extend.registration import Parts
from callboard.fleet.defect import defect
from callboard.fleet.fenced.elements import elements
from callboard.fleet.suppliers.config import custom_resources_of
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.notice import NoticeCode
from callboard.model.resource import CustomResource, ResourceType
from callboard.model.snapshot import Notice

__all__ = ["ConfiguredCustomResources", "MergedCustomResources", "SuppliedTypes", "merged", "types_for"]

MOST_TYPES = 200
"""Of one supplier for one cluster: each is a question for every service, and a stream under the hub."""
MOST_KEPT = 5000


class ConfiguredCustomResources:
    """`kubernetes.customResources` and the cluster's own, merged (upstream: the cluster's replace the global ones)."""

    def __init__(self, kubernetes: KubernetesSettings) -> None:
        self._common = custom_resources_of(kubernetes.custom_resources)

    async def custom_resources(self, cluster: Cluster, caller: Caller) -> Sequence[ResourceType]:
        """Global ones first. Kind and scope are for discovery to tell."""
        return merged(_type(c) for c in (*self._common, *cluster.custom_resources))


class SuppliedTypes(msgspec.Struct, frozen=True):
    """Custom resources, and what a person should know about how they came."""

    types: tuple[ResourceType, ...]
    notices: tuple[Notice, ...] = ()


class MergedCustomResources:
    """Several suppliers as one, asked side by side, each behind its fence. One that fails costs its own types, or gives those
    that it gave last."""

    def __init__(self, suppliers: Sequence[tuple[CustomResourceSupplier, Fence]]) -> None:
        self._suppliers = tuple(suppliers)
        self._last: BoundedMap[tuple[int, str, str], tuple[ResourceType, ...]] = BoundedMap(MOST_KEPT)

    async def custom_resources(self, cluster: Cluster, caller: Caller) -> Sequence[ResourceType]:
        """All of them, each type once. Never raises for what a supplier does."""
        return (await self.supplied(cluster, caller)).types

    async def supplied(self, cluster: Cluster, caller: Caller) -> SuppliedTypes:
        """The same, with what went wrong."""
        if len(self._suppliers) == 1:
            found = [await self._one(0, cluster, caller)]
        else:
            found = await asyncio.gather(
                *(self._one(number, cluster, caller) for number in range(len(self._suppliers)))
            )
        return SuppliedTypes(
            merged(t for each in found for t in each.types), tuple(n for each in found for n in each.notices)
        )

    async def _one(self, number: int, cluster: Cluster, caller: Caller) -> SuppliedTypes:
        supplier, fence = self._suppliers[number]
        # What a caller's own token read is kept for nobody.
        key = None if caller.tokens else (number, cluster.name, caller.identity)
        last = (self._last.get(key) if key else None) or ()
        try:
            found = await fence.call(
                "say which custom resources belong to a service",
                lambda: supplier.custom_resources(cluster, caller),
                lambda value: elements(value, ResourceType, MOST_TYPES, trusted=last, also=_nameless),
                about=cluster.name,
            )
        except CallboardError as error:
            return SuppliedTypes(last, (_untold(error.message, cluster),))
        if key:
            self._last.put(key, found.sound)
        if not found.told:
            return SuppliedTypes(found.sound)
        return SuppliedTypes(found.sound, (_untold(f"of those {fence.part} gives, {found.told}", cluster),))


async def types_for(parts: Parts, cluster: Cluster, caller: Caller) -> SuppliedTypes:
    """The custom resources to ask a cluster for, whoever supplies them."""
    supplier = parts.custom_resources
    if isinstance(supplier, MergedCustomResources):
        return await supplier.supplied(cluster, caller)
    try:
        return SuppliedTypes(tuple(await supplier.custom_resources(cluster, caller)))
    except CallboardError as error:
        return SuppliedTypes((), (_untold(error.message, cluster),))
    except Exception as error:
        why = defect("asking for custom resources", error, cluster=cluster.name).message
        return SuppliedTypes((), (_untold(why, cluster),))


def _nameless(resource: ResourceType) -> str:
    return "" if resource.plural and resource.version else "a type without a plural or a version"


def _untold(why: str, cluster: Cluster) -> Notice:
    words = f"which custom resources belong to the service could not be found out: {why}"
    return Notice(NoticeCode.CUSTOM_RESOURCES_UNKNOWN, words, cluster=cluster.name)


def merged(types: Iterable[ResourceType]) -> tuple[ResourceType, ...]:
    """Each type once, where it first stood; of two versions of one type the later (more specific) wins."""
    by_key: dict[str, ResourceType] = {}
    for resource in types:
        by_key[resource.key] = resource
    return tuple(by_key.values())


def _type(resource: CustomResource) -> ResourceType:
    return ResourceType(resource.group, resource.api_version, resource.plural)
