"""Parts out of hook registrations: every extension's, ours first, each under the key that configuration names it by."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from callboard.base.errors import BadInput, Conflict, Problem
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
from callboard.fleet.nearest import expected_one_of, nearest_hint

__all__ = ["Registrations", "Registry", "choose"]


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


K = TypeVar("K", bound=_Keyed)


class Registrations(Protocol):
    """What every extension registered, joined, ours first."""

    def cluster_suppliers(self) -> Sequence[Registration[ClusterSupplier]]: ...

    def service_locators(self) -> Sequence[Registration[ServiceLocator]]: ...

    def auth_strategies(self) -> Sequence[Registration[AuthStrategy]]: ...

    def custom_resource_suppliers(self) -> Sequence[Registration[CustomResourceSupplier]]: ...

    def fetchers(self) -> Sequence[Registration[Fetcher]]: ...

    def objects_providers(self) -> Sequence[ProviderRegistration[ObjectsProvider]]: ...

    def proxies(self) -> Sequence[Registration[Proxy]]: ...


class Registry(msgspec.Struct, frozen=True, kw_only=True):
    """Who can make which part, by key."""

    cluster_suppliers: Mapping[str, Registration[ClusterSupplier]]
    service_locators: Mapping[str, Registration[ServiceLocator]]
    auth_strategies: Mapping[str, Registration[AuthStrategy]]
    custom_resource_suppliers: Mapping[str, Registration[CustomResourceSupplier]]
    fetchers: Mapping[str, Registration[Fetcher]]
    objects_providers: Mapping[str, ProviderRegistration[ObjectsProvider]]
    proxies: Mapping[str, Registration[Proxy]]

    @classmethod
    def of(cls, registered: Registrations) -> "Registry":
        """Collect what all extensions registered.

        Raises Conflict when two register one key: a plugin adds to the built-in parts and never replaces one by accident.
        """
        return cls(
            cluster_suppliers=_by_key("cluster supplier", registered.cluster_suppliers()),
            service_locators=_by_key("service locator", registered.service_locators()),
            auth_strategies=_by_key("auth strategy", registered.auth_strategies()),
            custom_resource_suppliers=_by_key(
                "custom resource supplier", registered.custom_resource_suppliers()
            ),
            fetchers=_by_key("fetcher", registered.fetchers()),
            objects_providers=_by_key("objects provider", registered.objects_providers()),
            proxies=_by_key("proxy", registered.proxies()),
        )


def choose(registered: Mapping[str, K], key: str, *, what: str, where: str) -> K:
    """The registration of that key. Raises BadInput that names the known ones and the nearest."""
    found = registered.get(key)
    if found is None:
        raise BadInput(
            Problem(
                f"there is no {what} of that name",
                where=where,
                found=repr(key[:100]),
                expected=expected_one_of(registered),
                hint=nearest_hint(key, registered),
            ),
            code="unknown-part",
        )
    return found


def _by_key(what: str, registrations: Iterable[K]) -> dict[str, K]:
    by_key: dict[str, K] = {}
    for registration in registrations:
        if registration.key in by_key:
            raise Conflict(
                f"two extensions register the {what} {registration.key!r}; one of them needs another name",
                code="duplicate-part",
            )
        by_key[registration.key] = registration
    return by_key
