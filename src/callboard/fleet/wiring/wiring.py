"""The parts of a fleet joined: from settings and registrations to one object of each kind. Sends nothing, reads no cluster."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from callboard.base.clock import Clock
from callboard.base.errors import BadInput, BadInputs, NotFound, Problem
from callboard.base.fence import Fence, PartFailed
from callboard.base.settings import CatalogLocator, GkeLocator, KubernetesSettings, Settings
from callboard.extend.parts import (
    AuthStrategy,
    ClusterSupplier,
    CustomResourceSupplier,
    EntityReader,
    Fetcher,
    ObjectsProvider,
    Proxy,
    ServiceLocator,
)
from callboard.extend.registration import Offered, PartConfig, Parts
from callboard.fleet.auth.dispatch import DispatchingStrategy
from callboard.fleet.fenced.fetcher import FencedFetcher
from callboard.fleet.fenced.locator import FencedLocator
from callboard.fleet.fenced.provider import fenced_provider
from callboard.fleet.fenced.proxy import FencedProxy
from callboard.fleet.fenced.strategy import FencedStrategy
from callboard.fleet.selection.custom_resources import MergedCustomResources
from callboard.fleet.suppliers.combined import CombinedSupplier, NamedSupplier
from callboard.fleet.wiring.living import LivingPart
from callboard.fleet.wiring.making import Missing, made
from callboard.fleet.wiring.registry import Registry, choose
from callboard.fleet.wiring.sections import locator_type, options_of
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Credential
from callboard.model.notice import NoticeCode
from callboard.model.snapshot import Notice

__all__ = ["WiredFleet", "wire"]

CUSTOM_RESOURCES = 3.0
"""Seconds a custom resource supplier may take: the questions to a cluster wait for it."""


class WiredFleet(msgspec.Struct, frozen=True, kw_only=True):
    """A wired fleet. `suppliers` is `parts.clusters`. `problems` is what is wrong with extensions, one sentence each: what they
    offer is left out where that is so."""

    parts: Parts
    provider: ObjectsProvider
    proxy: Proxy
    suppliers: CombinedSupplier
    auth: DispatchingStrategy
    living: tuple[LivingPart, ...] = ()
    problems: tuple[str, ...] = ()

    async def way(self, name: str, caller: Caller) -> tuple[Cluster, Credential]:
        """The cluster of that name, and as whom to ask it for this caller. Raises NotFound where there is none for them, and
        what auth strategies raise."""
        clusters = await self.parts.clusters.clusters(caller)
        cluster = next((c for c in clusters if c.name == name), None)
        if cluster is None:
            raise NotFound(f"There is no cluster {name!r}.", code="no-such-cluster")
        return cluster, await self.parts.auth.credential(cluster, caller)

    async def check(self, caller: Caller) -> Sequence[Notice]:
        """What is wrong with the clusters as they are configured: sources that give none, names claimed twice, sign-ins that
        cannot work. Each costs itself alone, and is told where it is missing."""
        supplied = await self.suppliers.check(caller)
        notices = [*(Notice(NoticeCode.EXTENSION_PROBLEM, p) for p in self.problems), *supplied.notices]
        for cluster in supplied.clusters:
            notices += [
                Notice(NoticeCode.CLUSTER_CREDENTIAL, str(p), cluster=cluster.name)
                for p in self.auth.problems(cluster)
            ]
        return notices

    async def start(self) -> None:
        """Begin what has a beginning, side by side. What cannot is told in the log, and fails where it is called."""
        await asyncio.gather(*(part.start() for part in self.living))

    async def close(self) -> None:
        """End it all; nothing of this fleet is called any more."""
        await asyncio.gather(
            *(part.close() for part in self.living), *(fence.close() for fence in self.suppliers.fences)
        )


def wire(
    registry: Registry, settings: Settings, *, clock: Clock, entities: EntityReader, base_dir: str
) -> WiredFleet:
    """Make every part that the settings name. Raises BadInputs that tell all of them that the settings name in vain. It may wait
    for factories of extensions: call it in a thread where others must go on."""
    return _Wiring(registry, settings, clock=clock, entities=entities, base_dir=base_dir).fleet()


class _Wiring:
    def __init__(
        self, registry: Registry, settings: Settings, *, clock: Clock, entities: EntityReader, base_dir: str
    ) -> None:
        self._registry = registry
        self._settings = settings
        self._kubernetes = settings.kubernetes or KubernetesSettings()
        self._clock = clock
        self._entities = entities
        self._base_dir = base_dir
        self._problems: list[Problem] = []
        self._living: list[LivingPart] = []

    def fleet(self) -> WiredFleet:
        registry, chosen, method = (
            self._registry,
            self._settings.callboard.parts,
            self._kubernetes.service_locator_method,
        )
        combined = self._suppliers()
        locator, locator_fence = self._part(
            registry.service_locators,
            method.type,
            "service locator",
            ServiceLocator,
            "kubernetes.serviceLocatorMethod.type",
            ("kubernetes.serviceLocatorMethod", options_of(method)),
        )
        fetcher, fetcher_fence = self._part(
            registry.fetchers,
            chosen.fetcher,
            "fetcher",
            Fetcher,
            "callboard.parts.fetcher",
        )
        proxy, proxy_fence = self._part(
            registry.proxies,
            chosen.proxy,
            "proxy",
            Proxy,
            "callboard.parts.proxy",
        )
        auth = DispatchingStrategy(self._strategies())
        parts = Parts(
            clusters=combined,
            locator=FencedLocator(locator, locator_fence),
            auth=auth,
            fetcher=FencedFetcher(fetcher, fetcher_fence) if _foreign(fetcher, fetcher_fence) else fetcher,
            custom_resources=MergedCustomResources(self._custom_resources()),
        )
        provider, provider_fence = self._part(
            registry.objects_providers,
            chosen.objects_provider or "fanOut",
            "objects provider",
            ObjectsProvider,
            "callboard.parts.objectsProvider",
            further=(parts,),
        )
        if self._problems:
            raise BadInputs(self._problems)
        return WiredFleet(
            parts=parts,
            provider=fenced_provider(provider, provider_fence)
            if _foreign(provider, provider_fence)
            else provider,
            proxy=FencedProxy(proxy, proxy_fence) if _foreign(proxy, proxy_fence) else proxy,
            suppliers=combined,
            auth=auth,
            living=tuple(self._living),
            problems=registry.problems,
        )

    def _config(
        self,
        where: str,
        options: Mapping[str, object] | None = None,
        other: Callable[..., Any] | None = None,
    ) -> PartConfig:
        without: dict[str, Any] = {} if other is None else {"other": other}
        return PartConfig(
            **without,
            options=options or {},
            where=where,
            base_dir=self._base_dir,
            clock=self._clock,
            entities=self._entities,
        )

    def _part(
        self,
        registered: Mapping[str, Offered[Any]],
        key: str,
        what: str,
        wanted: type,
        where: str,
        config: tuple[str, Mapping[str, object]] | None = None,
        *,
        further: tuple[object, ...] = (),
    ) -> tuple[Any, Fence]:
        """The part that the settings name, and its fence."""
        options = config or (where, {})
        other = self._other(registered, what, wanted, options, further, (key,))
        section = self._config(*options, other)
        try:
            offered = choose(registered, key, what=what, where=where)
        except BadInput as error:
            fence = Fence(f"the {what} {key[:100]!r}")
            if not self._registry.problems:
                self._problems.append(error.problem)
            return Missing(PartFailed(fence.part, self._unknown(error))), fence
        fence = Fence(f"the {what} {key[:100]!r}", offered.extension)
        return self._made(offered, lambda: offered.item.make(section, *further), wanted, fence), fence

    def _other(
        self,
        registered: Mapping[str, Offered[Any]],
        what: str,
        wanted: type,
        section: tuple[str, Mapping[str, object]],
        further: tuple[object, ...],
        within: tuple[str, ...],
    ) -> Callable[..., Any]:
        """How a part that is made gets another of its kind. `within` are the keys of those that are being made around it."""

        def make(key: str, options: Mapping[str, object] | None = None) -> Any:
            where = section[0]
            if key in within:
                words = f"it is made around itself: {' around '.join((*within, key))[:300]}"
                raise BadInput(Problem(words, where=where))
            offered = choose(registered, key, what=what, where=where)
            inner = (where, section[1] if options is None else options)
            other = self._other(registered, what, wanted, inner, further, (*within, key))
            fence = Fence(f"the {what} {key[:100]!r} within {within[0][:100]!r}", offered.extension)
            return self._made(
                offered, lambda: offered.item.make(self._config(*inner, other), *further), wanted, fence
            )

        return make

    def _made(self, offered: Offered[Any], make: Callable[[], object], wanted: type, fence: Fence) -> Any:
        """What is wrong with the settings is put beside what else is."""
        try:
            part = made(offered, make, wanted, fence)
        except BadInputs as error:
            self._problems += error.problems
            return Missing(PartFailed(fence.part, f"could not be made: {error.message}"))
        except BadInput as error:
            self._problems.append(error.problem)
            return Missing(PartFailed(fence.part, f"could not be made: {error.message}"))
        self._living.append(LivingPart(part, fence))
        return part

    def _unknown(self, error: BadInput) -> str:
        return f"is not there ({error.problem}); what is wrong with extensions: {'; '.join(self._registry.problems)[:400]}"

    def _strategies(self) -> dict[str, FencedStrategy]:
        found: dict[str, FencedStrategy] = {}
        for key, offered in self._registry.auth_strategies.items():
            fence = Fence(f"the auth strategy {key[:100]!r}", offered.extension, quiet=True)
            where = f"auth strategy {key}"
            known = self._registry.auth_strategies
            other = self._other(known, "auth strategy", AuthStrategy, (where, {}), (), (key,))
            config = self._config(where, other=other)
            make = partial(offered.item.make, config)
            found[key] = FencedStrategy(self._made(offered, make, AuthStrategy, fence), fence)
        return found

    def _custom_resources(self) -> list[tuple[CustomResourceSupplier, Fence]]:
        found: list[tuple[CustomResourceSupplier, Fence]] = []
        for key, offered in self._registry.custom_resource_suppliers.items():
            fence = Fence(
                f"the custom resource supplier {key[:100]!r}", offered.extension, deadline=CUSTOM_RESOURCES
            )
            where, known = f"custom resource supplier {key}", self._registry.custom_resource_suppliers
            other = self._other(
                known, "custom resource supplier", CustomResourceSupplier, (where, {}), (), (key,)
            )
            make = partial(offered.item.make, self._config(where, other=other))
            found.append((self._made(offered, make, CustomResourceSupplier, fence), fence))
        return found

    def _suppliers(self) -> CombinedSupplier:
        suppliers: list[NamedSupplier] = []
        notices: list[Notice] = []
        for index, item in enumerate(self._kubernetes.cluster_locator_methods):
            where = f"kubernetes.clusterLocatorMethods[{index}]"
            kind = locator_type(item)
            known = self._registry.cluster_suppliers
            if isinstance(item, GkeLocator | CatalogLocator) and kind not in known:
                notices.append(
                    Notice(
                        NoticeCode.CLUSTER_SUPPLIER_UNSUPPORTED,
                        f"clusters of {where} are missing: cluster locators of type {kind!r} are not supported yet",
                    )
                )
                continue
            supplier, fence = self._part(
                known,
                kind,
                "cluster supplier",
                ClusterSupplier,
                f"{where}.type",
                (where, options_of(item)),
            )
            suppliers.append(NamedSupplier(where, supplier, fence.extension))
        return CombinedSupplier(
            suppliers,
            overrides=self._settings.callboard.clusters.by_name,
            continue_on_error=self._kubernetes.cluster_locator_continue_on_error,
            notices=notices,
            clock=self._clock,
        )


def _foreign(part: object, fence: Fence) -> bool:
    return bool(fence.extension) or isinstance(part, Missing)
