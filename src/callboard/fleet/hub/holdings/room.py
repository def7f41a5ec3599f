"""How much of one cluster is held, over all that is followed there."""

from typing import Final

from callboard.fleet.hub.holdings.index import ObjectIndex
from callboard.kube.limits import Limits

__all__ = ["MOST_OBJECTS", "Room", "RoomShare"]

MOST_OBJECTS: Final = Limits().max_objects
"""Of one stream, as of one list: what a watch adds to it counts as what it began with."""
MOST_BYTES: Final = 256 * 1024 * 1024
"""Of one cluster: twenty thousand pods, packed, and as much of everything else, are half of it."""
AROUND: Final = 1024
"""Bytes that hold an object, beside what it says."""


class Room:
    """One cluster's. `taken` are bytes."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.most = most
        self.taken = 0


class RoomShare:
    """What one stream takes of it; counted anew after every change."""

    def __init__(self, room: Room | None, most_objects: int) -> None:
        self._room = room or Room()
        self._most_objects = most_objects
        self._mine = 0

    def fits(self, objects: ObjectIndex, packed: int, instead_of: int | None) -> bool:
        """Whether an object of so many packed bytes may be held, in the place of one of `instead_of` where there is one."""
        if instead_of is None:
            return len(objects) < self._most_objects and self._room.taken + packed + AROUND <= self._room.most
        return packed <= instead_of or self._room.taken + packed - instead_of <= self._room.most

    def count(self, objects: ObjectIndex | None) -> None:
        """These are held now; None where nothing is any more."""
        mine = 0 if objects is None else objects.bytes + AROUND * len(objects)
        self._room.taken += mine - self._mine
        self._mine = mine
