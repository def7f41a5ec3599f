"""Settings and registrations become one fleet, or an error that names every place that is wrong."""

from collections.abc import Sequence
from typing import Any

import pytest

from callboard.app.plugins import Plugins
from callboard.base.clock import SystemClock
from callboard.base.errors import BadInputs, CallboardError
from callboard.base.secret import Secret
from callboard.base.settings import (
    CallboardSettings,
    ClusterSettings,
    ConfigLocator,
    GkeLocator,
    KubernetesSettings,
    Opaque,
    OtherLocator,
    PartsSettings,
    ServiceLocatorMethod,
    Settings,
)
from callboard.extend import AUTH_PROVIDER, AuthStrategy, ClusterSupplier, Fetcher, Registration, hookimpl
from callboard.fleet.plugin import FleetPlugin
from callboard.fleet.wiring.registry import Registry
from callboard.fleet.wiring.wiring import WiredFleet, wire
from support.fake_fleet import CALLER, FakeFetcher, FixedSupplier, TestStrategy, cluster
from support.wired_fleet import NoEntities


class Vault:
    """An extension with a strategy, a supplier and a fetcher of its own."""

    def __init__(self) -> None:
        self.fetcher = FakeFetcher()

    @hookimpl
    def callboard_auth_strategies(self) -> Sequence[Registration[AuthStrategy]]:
        return [Registration("vault", lambda _: TestStrategy())]

    @hookimpl
    def callboard_cluster_suppliers(self) -> Sequence[Registration[ClusterSupplier]]:
        made = cluster("v-1", auth_metadata={AUTH_PROVIDER: "vault"})
        return [Registration("vault", lambda _: FixedSupplier(made))]

    @hookimpl
    def callboard_fetchers(self) -> Sequence[Registration[Fetcher]]:
        return [Registration("vault", lambda _: self.fetcher)]


class Twice:
    @hookimpl
    def callboard_auth_strategies(self) -> Sequence[Registration[AuthStrategy]]:
        return [Registration("serviceAccount", lambda _: TestStrategy())]


def wired(*extensions: object, parts: PartsSettings | None = None, **kubernetes: Any) -> WiredFleet:
    settings = Settings(
        kubernetes=KubernetesSettings(**kubernetes),
        callboard=CallboardSettings(parts=parts or PartsSettings()),
    )
    ours = FleetPlugin(settings, fetcher=FakeFetcher(), proxy=None, clock=SystemClock(), environ={})  # type: ignore[arg-type]
    plugins = Plugins([("callboard.fleet", ours), *((f"other {i}", e) for i, e in enumerate(extensions))])
    return wire(Registry.of(plugins), settings, clock=SystemClock(), entities=NoEntities(), base_dir="/")


def of(name: str, provider: str = "serviceAccount", token: str = "t") -> ClusterSettings:
    return ClusterSettings(
        name=name,
        url=f"https://{name}",
        auth_provider=provider,
        service_account_token=Secret(token) if token else None,
    )


async def test_an_extension_adds_parts_and_the_built_in_ones_stay() -> None:
    vault = Vault()
    fleet = wired(
        vault,
        parts=PartsSettings(fetcher="vault"),
        cluster_locator_methods=(
            OtherLocator(type="vault"),
            ConfigLocator(clusters=(of("c-1"), of("c-2", "vault"))),
        ),
    )
    assert await fleet.check(CALLER) == []
    clusters = (await fleet.parts.clusters.supplied(CALLER)).clusters
    assert [c.name for c in clusters] == ["v-1", "c-1", "c-2"]
    identities = [(await fleet.parts.auth.credential(c, CALLER)).identity for c in clusters]
    assert identities == ["test at v-1", "serviceAccount at c-1", "test at c-2"]
    asked = fleet.parts.fetcher.ask(clusters[0], await fleet.parts.auth.credential(clusters[0], CALLER), ())
    assert [o async for o in asked] == []
    assert len(vault.fetcher.credentials) == 1


async def test_of_two_parts_of_one_key_the_first_stays_and_the_other_is_told() -> None:
    fleet = wired(Twice(), cluster_locator_methods=(ConfigLocator(clusters=(of("a"),)),))
    (notice,) = await fleet.check(CALLER)
    assert "extension other 0: the auth strategy 'serviceAccount' is left out" in notice.message
    (found,) = (await fleet.parts.clusters.supplied(CALLER)).clusters
    assert (await fleet.parts.auth.credential(found, CALLER)).identity == "serviceAccount at a"


def test_every_part_that_cannot_be_made_is_named_at_once() -> None:
    with pytest.raises(BadInputs) as raised:
        wired(
            cluster_locator_methods=(
                OtherLocator(type="kubeconfg"),
                ConfigLocator(clusters=(ClusterSettings(name="a", url="x"),)),
            ),
            service_locator_method=ServiceLocatorMethod(type="multitenant", options=Opaque({})),
        )
    text = raised.value.message
    assert "kubernetes.clusterLocatorMethods[0].type" in text
    assert "did you mean kubeconfig?" in text
    assert "did you mean multiTenant?" in text


async def test_a_cluster_whose_auth_cannot_work_is_told_and_costs_itself_alone() -> None:
    fleet = wired(
        cluster_locator_methods=(
            ConfigLocator(clusters=(of("a", "serviceacount"), of("b", token=""), of("c"))),
        )
    )
    told = await fleet.check(CALLER)
    assert [(n.code, n.cluster) for n in told] == [("cluster-credential", "a"), ("cluster-credential", "b")]
    assert "did you mean serviceAccount?" in told[0].message
    assert "clusters[1]" in told[1].message
    found = {c.name: c for c in (await fleet.parts.clusters.supplied(CALLER)).clusters}
    assert (await fleet.parts.auth.credential(found["c"], CALLER)).identity == "serviceAccount at c"
    for name in ("a", "b"):
        with pytest.raises(CallboardError):
            await fleet.parts.auth.credential(found[name], CALLER)


async def test_a_locator_of_backstages_that_is_not_supported_is_told_and_no_error() -> None:
    fleet = wired(
        cluster_locator_methods=(
            GkeLocator(options=Opaque({"projectId": "p"})),
            ConfigLocator(clusters=(of("a"),)),
        )
    )
    (notice,) = await fleet.check(CALLER)
    assert notice.code == "cluster-supplier-unsupported"
    assert "kubernetes.clusterLocatorMethods[0]" in notice.message
    assert [c.name for c in (await fleet.parts.clusters.supplied(CALLER)).clusters] == ["a"]


async def test_without_any_kubernetes_section_there_are_no_clusters_and_no_error() -> None:
    assert await wired().check(CALLER) == []
