"""Extensions: Callboard's own and those found by entry point, through one pluggy manager."""

from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import cast

import pluggy

from callboard.base.errors import BadInput, Problem
from callboard.extend.hooks import NAMESPACE, Hooks
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

__all__ = ["ENTRY_POINT_GROUP", "Plugins", "installed"]

ENTRY_POINT_GROUP = "callboard"


def installed() -> tuple[tuple[str, object], ...]:
    """The extensions found by entry point, by name. Raises BadInput when one cannot be loaded."""
    found = sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda e: e.name)
    return tuple((entry.name, _load(entry)) for entry in found)


class Plugins:
    """Registered extensions, in order: ours first. Raises BadInput when one implements a hook that does not exist."""

    def __init__(self, extensions: Iterable[tuple[str, object]]) -> None:
        self._manager = pluggy.PluginManager(NAMESPACE)
        self._manager.add_hookspecs(Hooks)
        for name, plugin in extensions:
            self._manager.register(plugin, name)
            try:
                self._manager.check_pending()
            except pluggy.PluginValidationError as error:
                raise BadInput(Problem(str(error), where=f"extension {name}")) from None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all extensions, in order."""
        return tuple(name for name, _ in self._manager.list_name_plugin())

    def cluster_suppliers(self) -> Sequence[Registration[ClusterSupplier]]:
        """Sources of clusters."""
        return cast(list[Registration[ClusterSupplier]], self._joined("callboard_cluster_suppliers"))

    def service_locators(self) -> Sequence[Registration[ServiceLocator]]:
        """Service locators."""
        return cast(list[Registration[ServiceLocator]], self._joined("callboard_service_locators"))

    def auth_strategies(self) -> Sequence[Registration[AuthStrategy]]:
        """Auth strategies."""
        return cast(list[Registration[AuthStrategy]], self._joined("callboard_auth_strategies"))

    def custom_resource_suppliers(self) -> Sequence[Registration[CustomResourceSupplier]]:
        """Sources of custom resources."""
        found = self._joined("callboard_custom_resource_suppliers")
        return cast(list[Registration[CustomResourceSupplier]], found)

    def fetchers(self) -> Sequence[Registration[Fetcher]]:
        """Fetchers."""
        return cast(list[Registration[Fetcher]], self._joined("callboard_fetchers"))

    def objects_providers(self) -> Sequence[ProviderRegistration[ObjectsProvider]]:
        """Objects providers."""
        found = self._joined("callboard_objects_providers")
        return cast(list[ProviderRegistration[ObjectsProvider]], found)

    def proxies(self) -> Sequence[Registration[Proxy]]:
        """Proxies."""
        return cast(list[Registration[Proxy]], self._joined("callboard_proxies"))

    def tabs(self) -> tuple[Tab, ...]:
        """All tabs in their order."""
        return tuple(sorted(cast(list[Tab], self._joined("callboard_tabs")), key=lambda t: (t.order, t.key)))

    def cards(self) -> tuple[Card, ...]:
        """All cards in their order."""
        return tuple(
            sorted(cast(list[Card], self._joined("callboard_cards")), key=lambda c: (c.order, c.key))
        )

    def _joined(self, hook: str) -> list[object]:
        # pluggy calls the last registered first.
        results: list[Sequence[object]] = getattr(self._manager.hook, hook)()
        return [item for result in reversed(results) for item in result]


def _load(entry: EntryPoint) -> object:
    try:
        return entry.load()
    except Exception as error:
        raise BadInput(
            Problem(
                f"cannot be loaded: {type(error).__name__}: {error}",
                where=f"extension {entry.name}",
                path=entry.value,
                expected="a module or object with functions marked @hookimpl",
            )
        ) from error
