"""Something kept for as long as the object it was made of lives, found by that object's identity."""

import weakref
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Kept"]

T = TypeVar("T")


class Kept(Generic[T]):
    """Values by (object, variant). A value must not hold its object, or both stay for good.

    By identity, because an equal object is not found faster than a new value is made: comparing walks through all of it.
    """

    def __init__(self) -> None:
        self._entries: dict[tuple[int, Hashable], tuple[weakref.ref[object], T]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, of: object, variant: Hashable = ()) -> T | None:
        """The value kept for this very object, if one is."""
        known = self._entries.get((id(of), variant))
        return known[1] if known is not None and known[0]() is of else None

    def put(self, value: T, of: object, variant: Hashable = ()) -> None:
        """Keep a value; of an object that cannot be watched, nothing is kept."""
        key = (id(of), variant)

        def forget(_: object) -> None:  # before another object can have its identity
            self._entries.pop(key, None)

        try:
            self._entries[key] = (weakref.ref(of, forget), value)
        except TypeError:
            return
