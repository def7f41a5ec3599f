"""The parts of a fleet joined: from settings and registrations to one object of each kind. Sends nothing, reads no cluster."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from callboard.base.clock import Clock
from callboard.base.errors import BadInput, BadInputs, NotFound, Problem
from callboard.base.settings import CatalogLocator, GkeLocator, KubernetesSettings, Settings
from callboard.extend.parts import EntityReader, ObjectsProvider, Proxy
from callboard.extend.registration import PartConfig, Parts
from callboard.fleet.auth.dispatch import DispatchingStrategy
from callboard.fleet.custom_resources import MergedCustomResources
from callboard.fleet.registry import Registry, choose
from callboard.fleet.sections import locator_type, options_of
from callboard.fleet.suppliers.combined import CombinedSupplier, NamedSupplier
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Credential
from callboard.model.notice import NoticeCode
from callboard.model.snapshot import Notice

__all__ = ["Fleet", "wire"]


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """A wired fleet. `suppliers` is `parts.clusters` with its check for names claimed twice."""

    parts: Parts
    provider: ObjectsProvider
    proxy: Proxy
    suppliers: CombinedSupplier
    auth: DispatchingStrategy

    async def way(self, name: str, caller: Caller) -> tuple[Cluster, Credential]:
        """The cluster of that name, and as whom to ask it for this caller. Raises NotFound where there is none for them, and
        what suppliers and auth strategies raise."""
        clusters = await self.parts.clusters.clusters(caller)
        cluster = next((c for c in clusters if c.name == name), None)
        if cluster is None:
            raise NotFound(f"There is no cluster {name!r}.", code="no-such-cluster")
        return cluster, await self.parts.auth.credential(cluster, caller)

    async def check(self, caller: Caller) -> Sequence[Notice]:
        """To be called before a configuration is put to use: reads the suppliers once.

        Raises Conflict when two clusters have one name, BadInputs when the configuration gives a cluster auth metadata that
        will not do. A kubeconfig is somebody else's file: a context of it that cannot be asked is told, and no reason to stop.
        """
        supplied = await self.suppliers.check(caller)
        problems: list[Problem] = []
        notices = list(supplied.notices)
        for cluster in supplied.clusters:
            found = self.auth.problems(cluster)
            if cluster.auth_provider == "kubeconfig":
                notices += [
                    Notice(NoticeCode.CLUSTER_CREDENTIAL, str(p), cluster=cluster.name) for p in found
                ]
            else:
                problems += found
        if problems:
            raise BadInputs(problems)
        return notices


def wire(
    registry: Registry, settings: Settings, *, clock: Clock, entities: EntityReader, base_dir: str
) -> Fleet:
    """Make every part that the settings name. Raises BadInputs that tell all of them that cannot be made, or Conflict."""
    kubernetes = settings.kubernetes or KubernetesSettings()
    chosen = settings.callboard.parts

    def config(where: str, options: Mapping[str, object] | None = None) -> PartConfig:
        return PartConfig(
            options=options or {}, where=where, base_dir=base_dir, clock=clock, entities=entities
        )

    problems: list[Problem] = []
    suppliers, notices = _suppliers(registry, kubernetes, config, problems)
    method = kubernetes.service_locator_method
    try:
        locator = choose(
            registry.service_locators,
            method.type,
            what="service locator",
            where="kubernetes.serviceLocatorMethod.type",
        ).make(config("kubernetes.serviceLocatorMethod", options_of(method)))
        fetcher = choose(
            registry.fetchers, chosen.fetcher, what="fetcher", where="callboard.parts.fetcher"
        ).make(config("callboard.parts.fetcher"))
        proxy = choose(registry.proxies, chosen.proxy, what="proxy", where="callboard.parts.proxy").make(
            config("callboard.parts.proxy")
        )
        provider = choose(
            registry.objects_providers,
            chosen.objects_provider or "fanOut",
            what="objects provider",
            where="callboard.parts.objectsProvider",
        )
    except BadInputs as error:
        raise BadInputs([*problems, *error.problems]) from None
    except BadInput as error:
        raise BadInputs([*problems, error.problem]) from None
    if problems:
        raise BadInputs(problems)
    combined = CombinedSupplier(
        suppliers,
        overrides=settings.callboard.clusters.by_name,
        continue_on_error=kubernetes.cluster_locator_continue_on_error,
        notices=notices,
    )
    auth = DispatchingStrategy(
        {key: r.make(config(f"auth strategy {key}")) for key, r in registry.auth_strategies.items()}
    )
    parts = Parts(
        clusters=combined,
        locator=locator,
        auth=auth,
        fetcher=fetcher,
        custom_resources=MergedCustomResources(
            [
                r.make(config(f"custom resource supplier {key}"))
                for key, r in registry.custom_resource_suppliers.items()
            ]
        ),
    )
    return Fleet(
        parts=parts,
        provider=provider.make(config("callboard.parts.objectsProvider"), parts),
        proxy=proxy,
        suppliers=combined,
        auth=auth,
    )


class _MakeConfig(Protocol):
    def __call__(self, where: str, options: Mapping[str, object] | None = None) -> PartConfig: ...


def _suppliers(
    registry: Registry, kubernetes: KubernetesSettings, config: _MakeConfig, problems: list[Problem]
) -> tuple[list[NamedSupplier], list[Notice]]:
    suppliers: list[NamedSupplier] = []
    notices: list[Notice] = []
    for index, item in enumerate(kubernetes.cluster_locator_methods):
        where = f"kubernetes.clusterLocatorMethods[{index}]"
        kind = locator_type(item)
        if isinstance(item, GkeLocator | CatalogLocator) and kind not in registry.cluster_suppliers:
            notices.append(
                Notice(
                    NoticeCode.CLUSTER_SUPPLIER_UNSUPPORTED,
                    f"clusters of {where} are missing: cluster locators of type {kind!r} are not supported yet",
                )
            )
            continue
        try:
            registration = choose(
                registry.cluster_suppliers, kind, what="cluster supplier", where=f"{where}.type"
            )
            suppliers.append(NamedSupplier(where, registration.make(config(where, options_of(item)))))
        except BadInputs as error:
            problems += error.problems
        except BadInput as error:
            problems.append(error.problem)
    return suppliers, notices
