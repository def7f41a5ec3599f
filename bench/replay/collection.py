"""All objects of one type in one cluster, as bytes in the order of an API server, found by service and by namespace."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from bench.replay.others import Made

__all__ = ["Collection", "Event", "Kind"]


class Kind(msgspec.Struct, frozen=True):
    """A type as paths and bodies name it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


class Event(msgspec.Struct, frozen=True):
    """One change: `line` is what a watch sends, line feed included."""

    version: int
    namespace: str
    service: str
    line: bytes


class Collection:
    """`items[i]` is an object's JSON with a comma behind, so that a list is its pieces laid end to end."""

    def __init__(self, kind: Kind, made: Iterable[Made], version: int, keep: int) -> None:
        self.kind: Final = kind
        ordered = sorted(made, key=lambda m: (m.namespace, m.name))
        self.items = [m.json + b"," for m in ordered]
        self._names = [m.name for m in ordered]
        self._of = [(m.namespace, m.service) for m in ordered]
        self._by_service = _index((m.service for m in ordered), len(ordered))
        self._by_namespace = _index((m.namespace for m in ordered), len(ordered))
        self._positions: dict[tuple[str, str], int] | None = None
        self._prefix = f'{{"kind":"{kind.kind}","apiVersion":"{kind.api_version}",'.encode()
        self.history: deque[Event] = deque(maxlen=keep)
        self.forgotten = version
        """The newest version that the history cannot reach back to."""
        self.watchers: list[Callable[[Event], None]] = []

    def select(self, namespace: str, service: str | None) -> Sequence[int]:
        """Positions of what a list asks for; `service` None means any."""
        if service is None:
            return self._by_namespace.get(namespace, ()) if namespace else range(len(self.items))
        found = self._by_service.get(service, ()) if service else ()
        return [i for i in found if self._of[i][0] == namespace] if namespace else found

    def find(self, namespace: str, name: str) -> int | None:
        """The position of one object."""
        if self._positions is None:
            self._positions = {
                (of[0], n): i for i, (of, n) in enumerate(zip(self._of, self._names, strict=True))
            }
        return self._positions.get((namespace, name))

    def pieces(self, positions: Sequence[int]) -> list[bytes]:
        """The items of a list, commas between them."""
        if not positions:
            return []
        items = self.items
        if isinstance(positions, range):
            found = items[positions.start : positions.stop]
        else:
            found = [items[i] for i in positions]
        found[-1] = found[-1][:-1]
        return found

    def whole(self, position: int) -> bytes:
        """One object as a get answers it."""
        return self._prefix + self.items[position][1:-1]

    def added(self, position: int) -> bytes:
        """The line of a streaming list for one object."""
        return self._line("ADDED", self.items[position])

    def change(self, position: int, type_: str, item: bytes, version: int, name: str = "") -> None:
        """An object becomes `item` (comma included): tell whoever watches. A DELETED leaves its place to the next ADDED."""
        namespace, service = self._of[position]
        if type_ != "DELETED":
            self.items[position] = item
        if name:
            if self._positions is not None:
                del self._positions[namespace, self._names[position]]
                self._positions[namespace, name] = position
            self._names[position] = name
        event = Event(version, namespace, service, self._line(type_, item))
        if len(self.history) == self.history.maxlen:
            self.forgotten = self.history[0].version
        self.history.append(event)
        for tell in self.watchers:
            tell(event)

    def _line(self, type_: str, item: bytes) -> bytes:
        return b'{"type":"%b","object":%b%b}\n' % (type_.encode(), self._prefix, item[1:-1])


def _index(keys: Iterable[str], size: int) -> dict[str, Sequence[int]]:
    """Positions by key; a range where they stand side by side."""
    lists: dict[str, list[int]] = {}
    for position, key in enumerate(keys):
        lists.setdefault(key, []).append(position)
    return {
        key: range(found[0], found[-1] + 1) if found[-1] - found[0] + 1 == len(found) else found
        for key, found in lists.items()
    }
