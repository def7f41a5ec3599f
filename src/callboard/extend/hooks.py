"""Every hook an extension may implement, on one page.

An extension is a Python package with an entry point in the group `callboard`, whose target is a module (or object) with
functions of these names marked `@hookimpl`. pluggy passes only the arguments an implementation names: one that names `context`
gets its own settings, a clock, the way out and a log; hooks may gain arguments. Callboard's own parts are registered through
the same hooks (see callboard.fleet.plugin).
"""

from collections.abc import Sequence

import msgspec
import pluggy

from callboard.extend.context import ExtensionContext
from callboard.extend.deciding import DecisionEngine
from callboard.extend.pages import Card, Tab
from callboard.extend.parts import (
    AuthStrategy,
    ClusterSupplier,
    CustomResourceSupplier,
    Fetcher,
    ObjectsProvider,
    Proxy,
    ServiceLocator,
)
from callboard.extend.registration import ProviderRegistration, Registration
from callboard.extend.routes import ExtensionPage, ExtensionRoute
from callboard.extend.sign_in import RecognisesRequests, SignInWay

__all__ = ["NAMESPACE", "Hooks", "hookimpl", "hookspec"]

NAMESPACE = "callboard"

hookspec = pluggy.HookspecMarker(NAMESPACE)
hookimpl = pluggy.HookimplMarker(NAMESPACE)


class Hooks:
    """The specifications. Each returns a sequence; the results of all extensions are joined, ours first."""

    @hookspec(firstresult=True)
    def callboard_settings(self) -> type[msgspec.Struct] | None:
        """The struct of the extension's own section, `callboard.extensions.settings.<extension>`: asked first. Texts, numbers,
        switches, `Secret`, lists, mappings and structs may stand in it; what does not fit is told with its place."""
        raise NotImplementedError

    @hookspec
    def callboard_cluster_suppliers(
        self, context: ExtensionContext
    ) -> Sequence[Registration[ClusterSupplier]]:
        """Sources of clusters, by the `type` an item of `kubernetes.clusterLocatorMethods` names."""
        raise NotImplementedError

    @hookspec
    def callboard_service_locators(self, context: ExtensionContext) -> Sequence[Registration[ServiceLocator]]:
        """Service locators, by the `type` of `kubernetes.serviceLocatorMethod`."""
        raise NotImplementedError

    @hookspec
    def callboard_auth_strategies(self, context: ExtensionContext) -> Sequence[Registration[AuthStrategy]]:
        """Auth strategies, by the `authProvider` of a cluster."""
        raise NotImplementedError

    @hookspec
    def callboard_custom_resource_suppliers(
        self, context: ExtensionContext
    ) -> Sequence[Registration[CustomResourceSupplier]]:
        """Sources of custom resources; the results of all of them are merged."""
        raise NotImplementedError

    @hookspec
    def callboard_fetchers(self, context: ExtensionContext) -> Sequence[Registration[Fetcher]]:
        """Fetchers, by the name in `callboard.parts.fetcher` (ours is `direct`)."""
        raise NotImplementedError

    @hookspec
    def callboard_objects_providers(
        self, context: ExtensionContext
    ) -> Sequence[ProviderRegistration[ObjectsProvider]]:
        """Objects providers, by the name in `callboard.parts.objectsProvider` (ours are `fanOut` and `hub`)."""
        raise NotImplementedError

    @hookspec
    def callboard_proxies(self, context: ExtensionContext) -> Sequence[Registration[Proxy]]:
        """Proxies, by the name in `callboard.parts.proxy` (ours is `direct`)."""
        raise NotImplementedError

    @hookspec
    def callboard_sign_in(self) -> Sequence[Registration[SignInWay | RecognisesRequests]]:
        """Ways to sign in, by the key that `auth.providers` names them by; a way's options are what stands there."""
        raise NotImplementedError

    @hookspec
    def callboard_decide(self, context: ExtensionContext) -> Sequence[Registration[DecisionEngine]]:
        """Engines that say who may do what beside the policies, by the name in `callboard.access.policies.engine`."""
        raise NotImplementedError

    @hookspec
    def callboard_tabs(self, context: ExtensionContext) -> Sequence[Tab]:
        """Tabs of an entity's page."""
        raise NotImplementedError

    @hookspec
    def callboard_cards(self, context: ExtensionContext) -> Sequence[Card]:
        """Cards of an entity's Overview tab."""
        raise NotImplementedError

    @hookspec
    def callboard_routes(self, context: ExtensionContext) -> Sequence[ExtensionRoute]:
        """Routes of its own, below `/api/ext/<extension>/`."""
        raise NotImplementedError

    @hookspec
    def callboard_pages(self, context: ExtensionContext) -> Sequence[ExtensionPage]:
        """Pages of its own, below `/ext/<extension>/`."""
        raise NotImplementedError
