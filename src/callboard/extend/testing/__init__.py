"""What an extension's own tests stand on: simulated clusters, Callboard with this extension alone, and what parts must hold to.

    async with simulated_clusters("eu", "us") as clusters:
        async with extension_alone("prices", callboard_prices, clusters=clusters, services=("dice-roller",)) as alone:
            assert alone.problems == ()
            assert "3 euro" in await alone.tab("component:default/dice-roller", "prices")
            reply = await alone.get("/api/ext/prices/all", by=Visitor.STRANGER)
            assert reply.status == 403

    async def test_my_locator_holds_to_its_contract() -> None:
        await check_service_locator(MyLocator())

Nothing is patched: the clusters are API servers on loopback sockets, the application is wired as `callboard serve` wires it,
requests go through its door. It needs no test runner; coroutines are awaited by whichever you use. It must never be imported
by what runs in production: it loads the whole of Callboard and the simulator. Callers: tests, of extensions and ours.
"""

from callboard.extend.testing.alone import ExtensionAlone, Reply, Visitor, extension_alone
from callboard.extend.testing.clusters import SimulatedClusters, simulated_clusters
from callboard.extend.testing.contracts.auth_strategy import check_auth_strategy
from callboard.extend.testing.contracts.cluster_supplier import check_cluster_supplier
from callboard.extend.testing.contracts.custom_resources import check_custom_resource_supplier
from callboard.extend.testing.contracts.fetcher import check_fetcher
from callboard.extend.testing.contracts.laws import ContractBroken
from callboard.extend.testing.contracts.objects_provider import check_objects_provider
from callboard.extend.testing.contracts.service_locator import check_service_locator
from callboard.extend.testing.contracts.sign_in import check_sign_in_way
from callboard.extend.testing.samples import sample_cluster, sample_entity

__all__ = [
    "ContractBroken",
    "ExtensionAlone",
    "Reply",
    "SimulatedClusters",
    "Visitor",
    "check_auth_strategy",
    "check_cluster_supplier",
    "check_custom_resource_supplier",
    "check_fetcher",
    "check_objects_provider",
    "check_service_locator",
    "check_sign_in_way",
    "extension_alone",
    "sample_cluster",
    "sample_entity",
    "simulated_clusters",
]
