"""What was made of an object, found by that very object, and gone with it."""

import sys
import weakref
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from callboard.base.bounded_map import BoundedMap

__all__ = ["ObjectCache"]

T = TypeVar("T")

_Key = tuple[int, Hashable]


class ObjectCache(Generic[T]):
    """Values by (object, variant). A value must not hold its object, or both stay for good.

    By identity, because an equal object is not found faster than a new value is made: comparing walks through all of it. With
    `most`, values go beyond so many of what `weigh` counts, those first that were used longest ago.
    """

    def __init__(self, most: int = sys.maxsize, weigh: Callable[[T], int] = lambda _: 1) -> None:
        self._entries: BoundedMap[_Key, tuple[weakref.ref[object], T]] = BoundedMap(
            most, lambda entry: weigh(entry[1])
        )

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, of: object, variant: Hashable = ()) -> T | None:
        """The value kept for this very object, if one is."""
        known = self._entries.get((id(of), variant))
        return known[1] if known is not None and known[0]() is of else None

    def put(self, of: object, value: T, variant: Hashable = ()) -> T:
        """Keep a value in place of what was kept before; of an object that cannot be watched, nothing is kept."""
        key = (id(of), variant)
        # forgotten before another object can have its identity
        entries = weakref.ref(self._entries)

        def forget(_: object) -> None:
            if (still := entries()) is not None:
                still.drop(key)

        try:
            self._entries.put(key, (weakref.ref(of, forget), value))
        except TypeError:
            return value
        return value

    def clear(self) -> None:
        """Keep nothing."""
        self._entries.clear()
