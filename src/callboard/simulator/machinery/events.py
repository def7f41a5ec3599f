"""Events as components record them: one object for repeats of the same, gone an hour after the last."""

from collections.abc import Callable

from callboard.simulator.machinery.refusal import ApiRefusal
from callboard.simulator.machinery.resources import ServedResource
from callboard.simulator.machinery.store import ObjectStore
from callboard.simulator.machinery.times import micro, parse, stamp
from callboard.simulator.machinery.tree import Tree

__all__ = ["Recorder"]

TTL = 3600.0
"""kube-apiserver's --event-ttl, seconds."""


class Recorder:
    """Writes events into the store. `later` schedules a call at a moment of the cluster's time."""

    def __init__(self, store: ObjectStore, later: Callable[[float, Callable[[], None]], None]) -> None:
        self._store = store
        self._later = later
        self._seen: dict[tuple[str, ...], tuple[str, str]] = {}

    def record(
        self,
        kind: ServedResource,
        tree: Tree,
        type_: str,
        reason: str,
        message: str,
        component: str,
        *,
        host: str = "",
        field: str = "",
    ) -> None:
        """A core event (kubelet and most controllers): repeats raise its count."""
        metadata = tree["metadata"]
        key = (metadata["uid"], type_, reason, message, component, field)
        now = self._store.now()
        known = self._seen.get(key)
        collection = self._store.collection("", "events")
        if known is not None:
            record = collection.get(*known)
            if record is not None:
                last = {"lastTimestamp": stamp(now), "count": record.tree.get("count", 1) + 1}
                collection.replace({**record.tree, **last})
                return
        source = {"component": component, **({"host": host} if host else {})}
        body: Tree = {
            "involvedObject": self._involved(kind, tree, field),
            "reason": reason,
            "message": message,
            "source": source,
            "firstTimestamp": stamp(now),
            "lastTimestamp": stamp(now),
            "count": 1,
            "type": type_,
            "eventTime": None,
            "reportingComponent": component,
            "reportingInstance": host,
        }
        name = self._add(metadata, body, component)
        if name is not None:
            self._seen[key] = name

    def record_new(
        self,
        kind: ServedResource,
        tree: Tree,
        type_: str,
        reason: str,
        message: str,
        component: str,
        action: str,
    ) -> None:
        """An event as the scheduler writes it (events.k8s.io): `eventTime` set, repeats as a `series`."""
        metadata = tree["metadata"]
        key = (metadata["uid"], type_, reason, message, component, "new")
        now = self._store.now()
        known = self._seen.get(key)
        collection = self._store.collection("", "events")
        if known is not None:
            record = collection.get(*known)
            if record is not None:
                count = (record.tree.get("series") or {}).get("count", 1) + 1
                collection.replace(
                    {**record.tree, "series": {"count": count, "lastObservedTime": micro(now)}}
                )
                return
        body: Tree = {
            "involvedObject": self._involved(kind, tree, ""),
            "reason": reason,
            "message": message,
            "source": {},
            "firstTimestamp": None,
            "lastTimestamp": None,
            "type": type_,
            "eventTime": micro(now),
            "action": action,
            "reportingComponent": component,
            "reportingInstance": f"{component}-control-plane",
        }
        name = self._add(metadata, body, component)
        if name is not None:
            self._seen[key] = name

    def _involved(self, kind: ServedResource, tree: Tree, field: str) -> Tree:
        metadata = tree["metadata"]
        involved: Tree = {"kind": kind.kind}
        if metadata.get("namespace"):
            involved["namespace"] = metadata["namespace"]
        involved.update(
            name=metadata["name"],
            uid=metadata["uid"],
            apiVersion=kind.api_version,
            resourceVersion=metadata["resourceVersion"],
        )
        if field:
            involved["fieldPath"] = field
        return involved

    def _add(self, metadata: Tree, body: Tree, component: str) -> tuple[str, str] | None:
        namespace = metadata.get("namespace") or "default"
        name = f"{metadata['name']}.{self._store.naming.hex(16)}"
        manager = {"default-scheduler": "kube-scheduler", "kubelet": "kubelet"}.get(
            component, "kube-controller-manager"
        )
        try:
            self._store.create(
                {"metadata": {"name": name, "namespace": namespace}, **body}, "events", manager=manager
            )
        except ApiRefusal:
            return None  # the namespace is gone: real components drop the event too
        self._later(self._store.now() + TTL, lambda: self._expire(namespace, name))
        return namespace, name

    def _expire(self, namespace: str, name: str) -> None:
        record = self._store.collection("", "events").get(namespace, name)
        if record is None:
            return
        tree = record.tree
        last = (
            tree.get("lastTimestamp")
            or (tree.get("series") or {}).get("lastObservedTime")
            or tree.get("eventTime")
        )
        due = parse(last) + TTL if last else 0.0
        if due <= self._store.now():
            self._store.remove("events", name, namespace)
        else:
            self._later(due, lambda: self._expire(namespace, name))
