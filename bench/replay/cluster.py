"""One cluster of the replay: its objects, built once, and the changes of its pods."""

import datetime
from random import Random
from typing import Final

from bench.replay.collection import Collection, Kind
from bench.replay.others import Made, Maker
from bench.replay.pods import LETTERS, pods_of
from bench.replay.services import Service, services
from bench.replay.template import uid

__all__ = ["KINDS", "ReplayCluster"]

KINDS: Final = (
    Kind("", "v1", "pods", "Pod"),
    Kind("", "v1", "services", "Service"),
    Kind("", "v1", "configmaps", "ConfigMap"),
    Kind("", "v1", "limitranges", "LimitRange"),
    Kind("", "v1", "resourcequotas", "ResourceQuota"),
    Kind("apps", "v1", "deployments", "Deployment"),
    Kind("apps", "v1", "replicasets", "ReplicaSet"),
    Kind("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
    Kind("batch", "v1", "jobs", "Job"),
    Kind("batch", "v1", "cronjobs", "CronJob"),
    Kind("networking.k8s.io", "v1", "ingresses", "Ingress"),
    Kind("apps", "v1", "statefulsets", "StatefulSet"),
    Kind("apps", "v1", "daemonsets", "DaemonSet"),
    Kind("", "v1", "nodes", "Node", namespaced=False),
    Kind("", "v1", "events", "Event"),
)
"""What is served: the types a portal asks for by default, and nodes and (no) events."""

_PODS_PER_NODE: Final = 110
_FIRST_VERSION: Final = 2_000_000_000
"""Above that of every object, with ten digits for as long as a benchmark can run."""
_REPLACED: Final = 0.1
"""Of all changes to pods, so many are a pod that goes and one that comes in its place."""
_READY: Final = (
    (b'"ready":true', b'"ready":false'),
    (b'"type":"Ready","status":"True"', b'"type":"Ready","status":"False"'),
    (b'"type":"ContainersReady","status":"True"', b'"type":"ContainersReady","status":"False"'),
)


class ReplayCluster:
    """A cluster tests and benchmarks can hold: `name`, `url` (plain http), `tls_url`, `services`, `collections`."""

    def __init__(self, name: str, *, seed: str, pods: int, keep: int, now: datetime.datetime) -> None:
        self.name = name
        self.url = ""
        self.tls_url = ""
        self.version = _FIRST_VERSION
        self.services = tuple(services(pods))
        self._random = Random(f"{seed}/{name}")  # noqa: S311 - so that a seed gives the same fleet
        when = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        made: dict[str, list[Made]] = {kind.plural: [] for kind in KINDS}
        maker = Maker(self._random, when)
        nodes = -(-pods // _PODS_PER_NODE)
        for item in maker.nodes(nodes):
            made[item.plural].append(item)
        for namespace in dict.fromkeys(service.namespace for service in self.services):
            for item in maker.namespaced(namespace):
                made[item.plural].append(item)
        for service in self.services:
            owners, owner = maker.owner(service)
            for item in (*owners, *maker.beside(service)):
                made[item.plural].append(item)
            made["pods"] += self._pods(service, owner, nodes, when)
        self.collections = {
            (kind.group, kind.version, kind.plural): Collection(
                kind, made.pop(kind.plural), self.version, keep
            )
            for kind in KINDS
        }
        self.pods = self.collections["", "v1", "pods"]
        self._quiet: frozenset[int] = frozenset()

    def _pods(self, service: Service, owner: tuple[str, str], nodes: int, when: str) -> list[Made]:
        found = dict(pods_of(service, owner, self._random, nodes, when))
        return [Made("pods", service.namespace, name, service.name, json) for name, json in found.items()]

    def change(self) -> int:
        """Let one random pod change: it turns unready, ready again with one restart more, or another takes its place.
        Returns how many events that made."""
        random = self._random
        position = random.randrange(len(self.pods.items))
        if position in self._quiet:
            return 0
        item = self.pods.items[position]
        if random.random() < _REPLACED:
            self.version += 1
            self.pods.change(position, "DELETED", _versioned(item, self.version), self.version)
            self.version += 1
            old = _text(item, b'"name":"')
            new = old[:-5] + "".join(random.choices(LETTERS, k=5)).encode()
            item = item.replace(old, new).replace(_text(item, b'"uid":"'), uid(random).encode(), 1)
            self.pods.change(position, "ADDED", _versioned(item, self.version), self.version, new.decode())
            return 2
        self._toggle(position)
        return 1

    def touch(self, service: str) -> bool:
        """Turn the first pod of a service unready, or ready again. From now on nothing else changes this service, so that
        whoever sees a change of it knows which. False where there is no such service."""
        positions = self.pods.select("", service)
        if not positions:
            return False
        self._quiet |= frozenset(positions)
        self._toggle(positions[0])
        return True

    def expire(self) -> None:
        """Forget all that happened: whoever resumes from before is told 410."""
        for collection in self.collections.values():
            collection.history.clear()
            collection.forgotten = self.version + 1
        self.version += 1

    def _toggle(self, position: int) -> None:
        item = self.pods.items[position]
        self.version += 1
        start = item.rindex(b'"status":{"phase"')
        spec, status = item[:start], item[start:]
        ready = b'"ready":false' not in status
        for true, false in _READY:
            status = status.replace(true, false) if ready else status.replace(false, true)
        if not ready:
            count = _number(status, b'"restartCount":')
            status = status.replace(b'"restartCount":%d,' % count, b'"restartCount":%d,' % (count + 1), 1)
        self.pods.change(position, "MODIFIED", _versioned(spec, self.version) + status, self.version)


def _versioned(item: bytes, version: int) -> bytes:
    start = item.index(b'"resourceVersion":"') + 19
    return b"%b%d%b" % (item[:start], version, item[item.index(b'"', start) :])


def _text(item: bytes, key: bytes) -> bytes:
    start = item.index(key) + len(key)
    return item[start : item.index(b'"', start)]


def _number(item: bytes, key: bytes) -> int:
    start = item.index(key) + len(key)
    return int(item[start : item.index(b",", start)])
