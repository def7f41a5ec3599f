"""Extensions: Callboard's own and those found by entry point, through one pluggy manager."""

from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import cast

import pluggy

from callboard.base.errors import BadInput, Problem
from callboard.extend.hooks import NAMESPACE, Hooks
from callboard.extend.pages import Card, Tab

__all__ = ["ENTRY_POINT_GROUP", "Plugins"]

ENTRY_POINT_GROUP = "callboard"


class Plugins:
    """All registered extensions: ours first, in their order, then entry points by name."""

    def __init__(self, built_in: Iterable[tuple[str, object]]) -> None:
        self._manager = pluggy.PluginManager(NAMESPACE)
        self._manager.add_hookspecs(Hooks)
        for name, plugin in built_in:
            self.add(name, plugin)
        for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda e: e.name):
            self.add(entry.name, _load(entry))

    def add(self, name: str, plugin: object) -> None:
        """Register one. Raises BadInput when it implements a hook that does not exist."""
        self._manager.register(plugin, name)
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise BadInput(Problem(str(error), where=f"extension {name}")) from None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all extensions, in order."""
        return tuple(name for name, _ in self._manager.list_name_plugin())

    @property
    def manager(self) -> pluggy.PluginManager:
        """The manager itself, for `fleet.registry`."""
        return self._manager

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
