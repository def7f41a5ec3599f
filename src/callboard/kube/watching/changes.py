"""What a watch tells: everything there is, then one change after the other, and when it does not see."""

import msgspec

from callboard.model.objects import PackedObject
from callboard.model.outcome import Failure, Malformed

__all__ = ["Bookmark", "Change", "Delete", "InitialEvents", "Reset", "Stale", "Unreadable", "Upsert"]


class Reset(msgspec.Struct, frozen=True, kw_only=True):
    """Everything there is, as of `resource_version`; what was known before is void."""

    objects: tuple[PackedObject, ...]
    malformed: tuple[Malformed, ...] = ()
    resource_version: str = ""
    truncated: bool = False


class Upsert(msgspec.Struct, frozen=True):
    """An object is new or has changed."""

    object: PackedObject


class Delete(msgspec.Struct, frozen=True):
    """An object is gone; this is its last state."""

    object: PackedObject


class Unreadable(msgspec.Struct, frozen=True):
    """An object changed into something that cannot be read."""

    malformed: Malformed


class Bookmark(msgspec.Struct, frozen=True):
    """Nothing was missed up to `resource_version`: all that is known is current. Ends a Stale."""

    resource_version: str


class Stale(msgspec.Struct, frozen=True):
    """From here on nothing is seen until a Bookmark, a Reset or a change comes. `retry_in` is in seconds."""

    failure: Failure
    retry_in: float


Change = Reset | Upsert | Delete | Unreadable | Bookmark | Stale


class InitialEvents:
    """The objects of a streaming list, until it has ended: `most` of them, and `most_bytes` as they are kept."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._left = most_bytes
        self._objects: dict[tuple[str, str], PackedObject] = {}
        self._malformed: list[Malformed] = []
        self._truncated = False

    def __len__(self) -> int:
        """What has come so far."""
        return len(self._objects) + len(self._malformed)

    def take(self, change: Change) -> None:
        match change:
            case Upsert(found):
                key = (found.namespace, found.name)
                old = self._objects.get(key)
                size = len(found.packed) - (len(old.packed) if old is not None else 0)
                if size <= self._left and (old is not None or len(self._objects) < self._most):
                    self._objects[key] = found
                    self._left -= size
                else:
                    self._truncated = True
            case Delete(found):
                old = self._objects.pop((found.namespace, found.name), None)
                self._left += len(old.packed) if old is not None else 0
            case Unreadable(malformed) if len(self._malformed) < self._most:
                self._malformed.append(malformed)
            case _:
                pass

    def reset(self, version: str) -> Reset:
        return Reset(
            objects=tuple(self._objects.values()),
            malformed=tuple(self._malformed),
            resource_version=version,
            truncated=self._truncated,
        )
