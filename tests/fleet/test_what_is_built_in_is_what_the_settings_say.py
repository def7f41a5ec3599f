"""Names that the configuration knows as built in are those that are registered, no more and no fewer."""

import typing

from callboard.base.clock import FakeClock
from callboard.base.settings import ClusterLocator, ClusterSettings, ServiceLocatorMethod, Settings
from callboard.fleet.plugin import FleetPlugin
from support.fake_fleet import FakeFetcher


def plugin() -> FleetPlugin:
    return FleetPlugin(Settings(), fetcher=FakeFetcher(), proxy=None, clock=FakeClock(), environ={})  # type: ignore[arg-type]


def test_service_locators() -> None:
    assert {r.key for r in plugin().callboard_service_locators()} == set(ServiceLocatorMethod.BUILT_IN)


def test_auth_strategies() -> None:
    registered = {r.key for r in plugin().callboard_auth_strategies()}
    assert registered == {*ClusterSettings.AUTH_BUILT_IN, "kubeconfig"}, (
        "kubeconfig's is for its own contexts"
    )
    assert not registered & set(ClusterSettings.AUTH_OF_BACKSTAGE)


def test_cluster_locators() -> None:
    structs = typing.get_args(ClusterLocator)
    used = {s.__struct_config__.tag for s in structs if not hasattr(s, "NOT_USED")} - {None}
    assert {r.key for r in plugin().callboard_cluster_suppliers()} == used
