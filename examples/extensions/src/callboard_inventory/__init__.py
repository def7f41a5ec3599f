"""An extension of Callboard: clusters out of an inventory file, and services placed by a file instead of the catalog."""

from collections.abc import Sequence

from callboard.extend import ClusterSupplier, Registration, ServiceLocator, hookimpl
from callboard_inventory.locator import PlacementLocator
from callboard_inventory.supplier import InventorySupplier

CALLBOARD_API = "1.2"


@hookimpl
def callboard_cluster_suppliers() -> Sequence[Registration[ClusterSupplier]]:
    """`type: inventory`."""
    return [Registration("inventory", InventorySupplier.made)]


@hookimpl
def callboard_service_locators() -> Sequence[Registration[ServiceLocator]]:
    """`type: placement`."""
    return [Registration("placement", PlacementLocator.made)]
