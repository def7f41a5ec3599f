"""The contract of a source of custom resources."""

from collections.abc import Sequence

from callboard.extend.parts import CustomResourceSupplier
from callboard.extend.testing.contracts.laws import Laws, fits
from callboard.extend.testing.samples import sample_cluster
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.resource import ResourceType

__all__ = ["check_custom_resource_supplier"]


async def check_custom_resource_supplier(
    supplier: CustomResourceSupplier,
    *,
    cluster: Cluster | None = None,
    broken: CustomResourceSupplier | None = None,
    hanging: CustomResourceSupplier | None = None,
    caller: Caller | None = None,
    within: float = 3.0,
) -> tuple[ResourceType, ...]:
    """Raises ContractBroken. `cluster` is one that means something to it; `broken` is one of the kind whose source cannot be
    read, `hanging` one whose source does not answer. Gives the types, for further tests."""
    caller, of = caller or Caller.loopback(), cluster or sample_cluster()
    laws = Laws(supplier, CustomResourceSupplier, within=within)
    await laws.begin()
    found = await laws.steady(
        "custom_resources()",
        lambda: supplier.custom_resources(of, caller),
        fits(Sequence[ResourceType]),
        list,
    )
    bare = sample_cluster("bare")
    await laws.call(
        "custom_resources() of a cluster it does not know",
        lambda: supplier.custom_resources(bare, caller),
        fits(Sequence[ResourceType]),
    )
    if broken is not None:
        await laws.fails(
            "custom_resources() that cannot be read", lambda: broken.custom_resources(of, caller)
        )
    if hanging is not None:
        await laws.hangs("custom_resources() that waits", lambda: hanging.custom_resources(of, caller))
    await laws.end()
    return tuple(found or ())
