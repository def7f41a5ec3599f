"""A mapping with a bound: what was used longest ago goes first."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["BoundedMap"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def _one(_: object) -> int:
    return 1


class BoundedMap(Generic[K, V]):
    """At most `most` of whatever `weigh` counts, entries where nothing else is said. What alone is
    more than that is not held."""

    def __init__(self, most: int, weigh: Callable[[V], int] = _one) -> None:
        self._most = most
        self._weigh = weigh
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self.weight = 0
        """Of all that is held."""

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: K) -> bool:
        return key in self._entries

    def get(self, key: K) -> V | None:
        """The value, which counts as used now; None where there is none."""
        found = self._entries.get(key)
        if found is None:
            return None
        self._entries.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V) -> V:
        """Hold the value in place of what was held before; others go where there is too much."""
        self.drop(key)
        weight = self._weigh(value)
        self._entries[key] = (value, weight)
        self.weight += weight
        while self.weight > self._most:
            self.drop(next(iter(self._entries)))
        return value

    def of(self, key: K, make: Callable[[], V]) -> V:
        """The value, made now where there is none."""
        found = self._entries.get(key)
        if found is None:
            return self.put(key, make())
        self._entries.move_to_end(key)
        return found[0]

    def drop(self, key: K) -> V | None:
        """Hold it no more; what was held, if anything was."""
        gone = self._entries.pop(key, None)
        if gone is None:
            return None
        self.weight -= gone[1]
        return gone[0]

    def clear(self) -> None:
        """Hold nothing."""
        self._entries.clear()
        self.weight = 0
