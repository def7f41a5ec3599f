"""Labels → services: which services a changed object belongs to, in the time its labels take, however many services there are.

One index serves all streams of all clusters, because a service's selector is the same in each of them.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

import msgspec

from callboard.fleet.hub.holdings.index import BY_VALUE, best_requirement
from callboard.model.selector import LabelSelector, Operator

__all__ = ["Interest", "ServiceIndex"]

T = TypeVar("T", bound=Hashable)


class Interest(msgspec.Struct, frozen=True):
    """What one service selects. No namespaces means all of them."""

    selector: LabelSelector
    namespaces: tuple[str, ...] = ()


class _Entry(Generic[T]):
    """One interest of one service. `plain`: whoever is found by the one label needs no second look."""

    __slots__ = ("interest", "plain", "service")

    def __init__(self, service: T, interest: Interest) -> None:
        self.service = service
        self.interest = interest
        requirements = interest.selector.requirements
        self.plain = (
            len(requirements) == 1
            and requirements[0].operator in (*BY_VALUE, Operator.EXISTS)
            and not interest.namespaces
        )

    def matches(self, labels: Mapping[str, str], namespace: str) -> bool:
        interest = self.interest
        return (not interest.namespaces or namespace in interest.namespaces) and interest.selector.matches(
            labels
        )


class ServiceIndex(Generic[T]):
    """Interests by the one label that tells most. `examined` counts interests looked at, for tests."""

    def __init__(self) -> None:
        self._entries: dict[T, list[_Entry[T]]] = {}
        self._by_value: dict[str, dict[str, dict[_Entry[T], None]]] = {}
        self._by_key: dict[str, dict[_Entry[T], None]] = {}
        self._rest: dict[_Entry[T], None] = {}
        """Selectors that ask for no label to be there: looked at for every object."""
        self.examined = 0

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, service: T, interests: Iterable[Interest]) -> None:
        """From now on the service has exactly these interests."""
        self.drop(service)
        entries = self._entries[service] = [_Entry(service, each) for each in dict.fromkeys(interests)]
        for entry in entries:
            best = best_requirement(entry.interest.selector, ())
            if best is None:
                self._rest[entry] = None
            elif best.operator in BY_VALUE:
                values = self._by_value.setdefault(best.key, {})
                for value in best.values:
                    values.setdefault(value, {})[entry] = None
            else:
                self._by_key.setdefault(best.key, {})[entry] = None

    def drop(self, service: T) -> None:
        """The service is no more."""
        for entry in self._entries.pop(service, ()):
            best = best_requirement(entry.interest.selector, ())
            if best is None:
                del self._rest[entry]
            elif best.operator in BY_VALUE:
                values = self._by_value[best.key]
                for value in best.values:
                    _remove(values, value, entry)
                if not values:
                    del self._by_value[best.key]
            else:
                _remove(self._by_key, best.key, entry)

    def touched(self, labels: Mapping[str, str], namespace: str) -> Collection[T]:
        """The services that an object with these labels belongs to."""
        found: dict[T, None] = {}
        by_value, by_key = self._by_value, self._by_key
        for key, value in labels.items():
            values = by_value.get(key)
            if values is not None and (entries := values.get(value)) is not None:
                self._examine(entries, labels, namespace, found)
            if by_key and (entries := by_key.get(key)) is not None:
                self._examine(entries, labels, namespace, found)
        if self._rest:
            self._examine(self._rest, labels, namespace, found)
        return found.keys()

    def _examine(
        self,
        entries: Mapping[_Entry[T], None],
        labels: Mapping[str, str],
        namespace: str,
        found: dict[T, None],
    ) -> None:
        self.examined += len(entries)
        for entry in entries:
            if entry.plain or entry.matches(labels, namespace):
                found[entry.service] = None


def _remove(held: dict[str, dict[_Entry[T], None]], key: str, entry: _Entry[T]) -> None:
    held[key].pop(entry, None)
    if not held[key]:
        del held[key]
