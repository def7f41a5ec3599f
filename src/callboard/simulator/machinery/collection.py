"""All objects of one stored resource type: key order, one counter behind every resourceVersion, a bounded history for watches."""

import bisect
from collections.abc import Callable, Iterator
from operator import attrgetter

import msgspec

from callboard.simulator.machinery.refusal import already_exists, conflict, expired, not_found
from callboard.simulator.machinery.resources import ServedResource
from callboard.simulator.machinery.tree import Tree, encode

__all__ = ["Change", "Collection", "Key", "Record", "Versions"]

Key = tuple[str, str]
"""Namespace ("" for cluster-scoped objects) and name."""


class Record:
    """One object at one resourceVersion. `raw` is encoded once, when somebody first asks."""

    __slots__ = ("_raw", "tree", "version")

    def __init__(self, tree: Tree, version: int) -> None:
        self.tree = tree
        self.version = version
        self._raw: bytes | None = None

    @property
    def raw(self) -> bytes:
        if self._raw is None:
            self._raw = encode(self.tree)
        return self._raw

    @property
    def key(self) -> Key:
        metadata = self.tree["metadata"]
        return metadata.get("namespace", ""), metadata["name"]


class Change(msgspec.Struct, frozen=True):
    """One step of history. `type` is ADDED, MODIFIED or DELETED; `previous` is what stood before, if anything."""

    version: int
    type: str
    record: Record
    previous: Record | None


class Versions:
    """The cluster-wide counter behind every resourceVersion."""

    def __init__(self, start: int = 1) -> None:
        self.current = start

    def next(self) -> int:
        self.current += 1
        return self.current


class Collection:
    """All objects of one stored resource type, in key order, with the changes of the recent past.

    `keep` bounds the history: older versions can no longer be watched or listed from (410).
    """

    def __init__(
        self,
        kind: ServedResource,
        versions: Versions,
        keep: int,
        notify: Callable[["Collection", Change], None] | None = None,
    ) -> None:
        self.kind = kind
        self._notify = notify
        self._versions = versions
        self._keep = keep
        self._records: dict[Key, Record] = {}
        self._keys: list[Key] = []
        self._history: list[Change] = []
        self.compacted = versions.current
        """Versions before this one are gone."""
        self._listeners: set[Callable[[], None]] = set()

    def __len__(self) -> int:
        return len(self._records)

    def get(self, namespace: str, name: str) -> Record | None:
        return self._records.get((namespace, name))

    def need(self, namespace: str, name: str) -> Record:
        """Like `get`, with the 404 of an API server."""
        record = self._records.get((namespace, name))
        if record is None:
            raise not_found(self.kind.group, self.kind.plural, name)
        return record

    def records(self, namespace: str = "") -> Iterator[Record]:
        """Every object (of one namespace), in key order."""
        if not namespace:
            return iter([self._records[key] for key in self._keys])
        low = bisect.bisect_left(self._keys, (namespace, ""))
        high = bisect.bisect_left(self._keys, (namespace + "\0", ""))
        return iter([self._records[key] for key in self._keys[low:high]])

    def at(self, version: int, namespace: str = "") -> list[Record]:
        """The objects as they stood at `version`. Raises 410 when that is compacted."""
        if version < self.compacted:
            raise expired("The resourceVersion for the provided list is too old.")
        if not self._history or self._history[-1].version <= version:
            return list(self.records(namespace))
        state = dict(self._records)
        for change in reversed(self._history):
            if change.version <= version:
                break
            if change.previous is None:
                state.pop(change.record.key, None)
            else:
                state[change.record.key] = change.previous
        return [state[key] for key in sorted(state) if not namespace or key[0] == namespace]

    def since(self, version: int) -> list[Change] | None:
        """The changes after `version`, oldest first; None when that is compacted."""
        if version < self.compacted:
            return None
        start = bisect.bisect_right(self._history, version, key=attrgetter("version"))
        return self._history[start:]

    def add(self, tree: Tree) -> Record:
        metadata = tree["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        if key in self._records:
            raise already_exists(self.kind.group, self.kind.plural, key[1])
        record = self._stamp(tree)
        self._records[key] = record
        bisect.insort(self._keys, key)
        self._remember(Change(record.version, "ADDED", record, None))
        return record

    def replace(self, tree: Tree, *, expect: str = "") -> Record:
        """Put a new state in the place of the old one. `expect` is the resourceVersion the writer saw, if it cares."""
        metadata = tree["metadata"]
        old = self.need(metadata.get("namespace", ""), metadata["name"])
        if expect and expect != str(old.version):
            raise conflict(self.kind.group, self.kind.plural, metadata["name"])
        record = self._stamp(tree)
        self._records[record.key] = record
        self._remember(Change(record.version, "MODIFIED", record, old))
        return record

    def remove(self, namespace: str, name: str) -> Record:
        """Take an object out. Its last state carries the version of its removal."""
        old = self.need(namespace, name)
        record = self._stamp(old.tree)
        del self._records[(namespace, name)]
        del self._keys[bisect.bisect_left(self._keys, (namespace, name))]
        self._remember(Change(record.version, "DELETED", record, old))
        return record

    def compact(self, keep: int = 0) -> None:
        """Forget history but for the last `keep` changes, as etcd's compaction does."""
        if len(self._history) > keep:
            cut = len(self._history) - keep
            self.compacted = self._history[cut - 1].version if keep else self._versions.current
            del self._history[:cut]
            for listener in tuple(self._listeners):
                listener()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change; the returned function ends it."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def _stamp(self, tree: Tree) -> Record:
        version = self._versions.next()
        metadata = {**tree["metadata"], "resourceVersion": str(version)}
        return Record({**tree, "metadata": _ordered(metadata)}, version)

    def _remember(self, change: Change) -> None:
        self._history.append(change)
        if len(self._history) > 2 * self._keep:
            cut = len(self._history) - self._keep
            self.compacted = self._history[cut - 1].version
            del self._history[:cut]
        if self._notify is not None:
            self._notify(self, change)
        for listener in tuple(self._listeners):
            listener()


_METADATA_ORDER = (
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
)


def _ordered(metadata: Tree) -> Tree:
    known = {
        field: metadata[field] for field in _METADATA_ORDER if metadata.get(field) not in (None, {}, [], "")
    }
    for field, value in metadata.items():
        if field not in known and field not in _METADATA_ORDER:
            known[field] = value
    return known
