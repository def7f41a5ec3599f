"""Callboard's own fleet parts, registered through the hooks that any extension uses.

Take a registration away and its feature is gone, and nothing else. Only the fetcher and the proxy come from outside: they
are `kube`'s, made by the composition root, which also closes their connections.
"""

import os
from collections.abc import Callable, Mapping, Sequence

from callboard.base.clock import Clock
from callboard.base.settings import (
    ConfigLocator,
    InClusterLocator,
    KubeconfigLocator,
    KubernetesSettings,
    Settings,
)
from callboard.extend.hooks import hookimpl
from callboard.extend.parts import (
    AuthStrategy,
    ClusterSupplier,
    CustomResourceSupplier,
    Fetcher,
    ObjectsProvider,
    Proxy,
    ServiceLocator,
)
from callboard.extend.registration import PartConfig, Parts, ProviderRegistration, Registration
from callboard.fleet.asking.breaker import Breakers
from callboard.fleet.asking.fan_out import FanOut
from callboard.fleet.auth.kubeconfig import KubeconfigStrategy
from callboard.fleet.auth.local_kubectl_proxy import LocalKubectlProxyStrategy
from callboard.fleet.auth.service_account import ServiceAccountStrategy
from callboard.fleet.hub.hub import Hub
from callboard.fleet.hub.provider.provider import HubProvider
from callboard.fleet.kubeconfigs import Kubeconfigs
from callboard.fleet.locators.catalog_relation import CatalogRelation
from callboard.fleet.locators.multi_tenant import MultiTenant
from callboard.fleet.locators.single_tenant import SingleTenant
from callboard.fleet.observer import Observer
from callboard.fleet.pod_identity import PodIdentity
from callboard.fleet.selection.custom_resources import ConfiguredCustomResources
from callboard.fleet.suppliers.config import ConfigSupplier
from callboard.fleet.suppliers.in_cluster import InClusterSupplier
from callboard.fleet.suppliers.kubeconfig import KubeconfigSupplier
from callboard.fleet.suppliers.local_kubectl_proxy import LocalKubectlProxySupplier
from callboard.fleet.wiring.sections import section_of
from callboard.model.cluster import Cluster

__all__ = ["FleetPlugin"]


class FleetPlugin:
    """The built-in parts for one set of settings. A changed configuration makes a new plugin; `breakers` may be handed on,
    so that a cluster known to be down stays known. Without a `hub` the provider of that name is not registered."""

    def __init__(
        self,
        settings: Settings,
        *,
        fetcher: Fetcher,
        proxy: Proxy,
        clock: Clock,
        observer: Observer | None = None,
        breakers: Breakers | None = None,
        hub: Hub | None = None,
        clock_offset: Callable[[Cluster], float | None] = lambda _: None,
        environ: Mapping[str, str] | None = None,
        pod: PodIdentity | None = None,
    ) -> None:
        self._kubernetes = settings.kubernetes or KubernetesSettings()
        self._clusters = settings.callboard.clusters
        self._fetcher = fetcher
        self._proxy = proxy
        self._clock = clock
        self._observer = observer
        self._breakers = breakers
        self._hub = hub
        self._clock_offset = clock_offset
        self._environ = os.environ if environ is None else environ
        self._pod = pod or PodIdentity(environ=self._environ)
        self._kubeconfigs = Kubeconfigs(settings.callboard.kubeconfig, clock)

    @hookimpl
    def callboard_cluster_suppliers(self) -> Sequence[Registration[ClusterSupplier]]:
        """`config`, `kubeconfig`, `inCluster`, `localKubectlProxy`."""
        return (
            Registration("config", self._config_supplier),
            Registration("kubeconfig", self._kubeconfig_supplier),
            Registration("inCluster", self._in_cluster_supplier),
            Registration("localKubectlProxy", lambda config: LocalKubectlProxySupplier(where=config.where)),
        )

    @hookimpl
    def callboard_service_locators(self) -> Sequence[Registration[ServiceLocator]]:
        """`multiTenant`, `singleTenant`, `catalogRelation`."""
        return (
            Registration("multiTenant", lambda _: MultiTenant()),
            Registration("singleTenant", lambda _: SingleTenant()),
            Registration("catalogRelation", lambda _: CatalogRelation()),
        )

    @hookimpl
    def callboard_auth_strategies(self) -> Sequence[Registration[AuthStrategy]]:
        """`serviceAccount`, `kubeconfig`, `localKubectlProxy`."""
        return (
            Registration("serviceAccount", lambda _: ServiceAccountStrategy(self._pod)),
            Registration("kubeconfig", lambda _: KubeconfigStrategy(self._kubeconfigs)),
            Registration("localKubectlProxy", lambda _: LocalKubectlProxyStrategy()),
        )

    @hookimpl
    def callboard_custom_resource_suppliers(self) -> Sequence[Registration[CustomResourceSupplier]]:
        """What the configuration names."""
        return (Registration("config", lambda _: ConfiguredCustomResources(self._kubernetes)),)

    @hookimpl
    def callboard_fetchers(self) -> Sequence[Registration[Fetcher]]:
        """`direct`."""
        return (Registration("direct", lambda _: self._fetcher),)

    @hookimpl
    def callboard_proxies(self) -> Sequence[Registration[Proxy]]:
        """`direct`."""
        return (Registration("direct", lambda _: self._proxy),)

    @hookimpl
    def callboard_objects_providers(self) -> Sequence[ProviderRegistration[ObjectsProvider]]:
        """`fanOut`, and `hub` where there is one."""
        ours = [ProviderRegistration[ObjectsProvider]("fanOut", self._fan_out)]
        if (hub := self._hub) is not None:
            ours.append(ProviderRegistration("hub", lambda config, parts: self._listening(hub, parts)))
        return ours

    def _config_supplier(self, config: PartConfig) -> ClusterSupplier:
        locator = section_of(config.options, ConfigLocator, config.where)
        return ConfigSupplier(locator, where=config.where, base_dir=config.base_dir, pod=self._pod)

    def _kubeconfig_supplier(self, config: PartConfig) -> ClusterSupplier:
        locator = section_of(config.options, KubeconfigLocator, config.where)
        return KubeconfigSupplier(
            locator,
            where=config.where,
            base_dir=config.base_dir,
            environ=self._environ,
            kubeconfigs=self._kubeconfigs,
        )

    def _in_cluster_supplier(self, config: PartConfig) -> ClusterSupplier:
        locator = section_of(config.options, InClusterLocator, config.where)
        return InClusterSupplier(locator, where=config.where, pod=self._pod)

    def _listening(self, hub: Hub, parts: Parts) -> ObjectsProvider:
        return HubProvider(
            hub,
            parts,
            self._asking_anew(parts),
            kubernetes=self._kubernetes,
            clusters=self._clusters,
            clock=self._clock,
            clock_offset=self._clock_offset,
        )

    def _fan_out(self, config: PartConfig, parts: Parts) -> ObjectsProvider:
        return self._asking_anew(parts)

    def _asking_anew(self, parts: Parts) -> FanOut:
        return FanOut(
            parts,
            kubernetes=self._kubernetes,
            clusters=self._clusters,
            clock=self._clock,
            observer=self._observer,
            breakers=self._breakers,
            clock_offset=self._clock_offset,
        )
