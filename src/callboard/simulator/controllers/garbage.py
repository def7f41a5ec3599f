"""Garbage collection: what an owner leaves behind goes too; a namespace on its way out takes everything along."""

from callboard.simulator.controllers.engine import World
from callboard.simulator.machinery.collection import Change, Collection
from callboard.simulator.machinery.refusal import ApiRefusal

__all__ = ["GarbageCollector"]

_SKIPPED = frozenset([("", "namespaces"), ("", "events")])


class GarbageCollector:
    """Deletes dependents in the background, a moment after their owner."""

    def __init__(self, world: World) -> None:
        self.store = world.store
        self.engine = world.engine
        self.store.observe(self._seen)
        world.watch("", "namespaces", self, lambda record: [record.key])

    def _seen(self, collection: Collection, change: Change) -> None:
        if change.type == "DELETED":
            uid = change.record.tree["metadata"]["uid"]
            if self.store.dependents(uid):
                self.engine.after(0.1, lambda: self._collect(uid))
        elif (
            collection.kind.key == ("", "persistentvolumeclaims")
            and "deletionTimestamp" in change.record.tree["metadata"]
        ):
            namespace, name = change.record.key
            self.engine.after(0.5, lambda: self._release(namespace, name))

    def _release(self, namespace: str, name: str) -> None:
        if self.store.collection("", "persistentvolumeclaims").get(namespace, name) is not None:
            self.store.remove("persistentvolumeclaims", name, namespace)

    def _collect(self, uid: str) -> None:
        for key, namespace, name in self.store.dependents(uid):
            try:
                self.store.delete(self.store.registry.stored(*key), name, namespace)
            except (ApiRefusal, KeyError):
                continue  # gone meanwhile

    def reconcile(self, namespace: str, name: str) -> None:
        record = self.store.collection("", "namespaces").get("", name)
        if record is None or "deletionTimestamp" not in record.tree["metadata"]:
            return
        left = False
        for key, collection in list(self.store.collections.items()):
            if key in _SKIPPED or not collection.kind.namespaced:
                continue
            for item in list(collection.records(name)):
                left = True
                try:
                    self.store.delete(collection.kind, item.key[1], name)
                except ApiRefusal:
                    continue  # gone meanwhile
        if left:
            self.engine.after(1.0, lambda: self.engine.enqueue(self, "", name))
            return
        for item in list(self.store.collection("", "events").records(name)):
            self.store.remove("events", item.key[1], name)
        self.store.remove("namespaces", name)
