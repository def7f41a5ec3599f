"""Parts out of hook registrations: every extension's, ours first, each under the key that configuration names it by."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from callboard.base.errors import BadInput, Problem
from callboard.extend.parts import (
    AuthStrategy,
    ClusterSupplier,
    CustomResourceSupplier,
    Fetcher,
    ObjectsProvider,
    Proxy,
    ServiceLocator,
)
from callboard.extend.registration import Offered, ProviderRegistration, Registration
from callboard.fleet.nearest import expected_one_of, nearest_hint

__all__ = ["Registrations", "Registry", "choose"]

_Part = TypeVar("_Part")
Keyed = Registration[_Part] | ProviderRegistration[_Part]
K = TypeVar("K")


class Registrations(Protocol):
    """What every extension registered, ours first. `problems` are those of extensions that are not here, or not wholly."""

    def offered(self, hook: str) -> Sequence[Offered[Any]]: ...

    @property
    def problems(self) -> Sequence[str]: ...


class Registry(msgspec.Struct, frozen=True, kw_only=True):
    """Who can make which part, by key."""

    cluster_suppliers: Mapping[str, Offered[Registration[ClusterSupplier]]]
    service_locators: Mapping[str, Offered[Registration[ServiceLocator]]]
    auth_strategies: Mapping[str, Offered[Registration[AuthStrategy]]]
    custom_resource_suppliers: Mapping[str, Offered[Registration[CustomResourceSupplier]]]
    fetchers: Mapping[str, Offered[Registration[Fetcher]]]
    objects_providers: Mapping[str, Offered[ProviderRegistration[ObjectsProvider]]]
    proxies: Mapping[str, Offered[Registration[Proxy]]]
    problems: tuple[str, ...] = ()
    """What is wrong with what extensions offer, one sentence each: that is left out."""

    @classmethod
    def of(cls, registered: Registrations) -> "Registry":
        """Collect what all extensions registered. Where two register one key the first keeps it: a plugin adds to the built-in
        parts and never replaces one by accident."""
        problems = list(registered.problems)
        return cls(
            cluster_suppliers=_by_key(
                "cluster supplier", registered, "callboard_cluster_suppliers", problems
            ),
            service_locators=_by_key("service locator", registered, "callboard_service_locators", problems),
            auth_strategies=_by_key("auth strategy", registered, "callboard_auth_strategies", problems),
            custom_resource_suppliers=_by_key(
                "custom resource supplier", registered, "callboard_custom_resource_suppliers", problems
            ),
            fetchers=_by_key("fetcher", registered, "callboard_fetchers", problems),
            objects_providers=_by_key(
                "objects provider", registered, "callboard_objects_providers", problems
            ),
            proxies=_by_key("proxy", registered, "callboard_proxies", problems),
            problems=tuple(problems),
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


def _by_key(what: str, registered: Registrations, hook: str, problems: list[str]) -> dict[str, Offered[Any]]:
    by_key: dict[str, Offered[Any]] = {}
    for offered in registered.offered(hook):
        key = offered.item.key
        if first := by_key.get(key):
            problems.append(
                f"extension {offered.extension}: the {what} {key[:100]!r} is left out, because "
                f"{f'the extension {first.extension}' if first.extension else 'Callboard itself'} has one of that name"
            )
        else:
            by_key[key] = offered
    return by_key
