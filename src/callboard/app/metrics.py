"""Figures for Prometheus. Labels are clusters and kinds of answer, never entities, objects or callers."""

import asyncio
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from callboard.fleet.hub.figures import HubFigures, StreamState
from callboard.http.limits import ConnectionEnd
from callboard.model.outcome import Answer, Failure, FailureCode, Outcome
from callboard.model.snapshot import ClusterState

__all__ = ["CONTENT_TYPE_LATEST", "LABELS", "Metrics", "watch_loop"]

_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
LOOK = 0.25
"""Seconds between two looks at the event loop."""

LABELS: Final[Mapping[str, tuple[str, type[Enum] | None]]] = {
    "cluster": ("The cluster's name, as the configuration or the kubeconfig has it.", None),
    "answer": ("What a question came to.", Answer),
    "code": ("Why there was no answer; empty where there was one.", FailureCode),
    "state": ("How far the asking of a cluster came.", ClusterState),
    "stream": ("How a stream of the hub stands.", StreamState),
    "why": ("Why we ended a connection that another had opened.", ConnectionEnd),
}
"""Every label that a figure may have: its meaning, and its values where they are few."""


class Metrics:
    """A registry of its own, so that two applications in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.counts = CollectorRegistry()
        """Of figures that count objects of clusters: not for everybody."""
        self._outcomes = Counter(
            "callboard_cluster_outcomes",
            "Questions to clusters by what they came to.",
            ["cluster", "answer", "code"],
            registry=self.registry,
        )
        self._counted: dict[tuple[str, Answer, FailureCode | None], Counter] = {}
        self._latency = Histogram(
            "callboard_cluster_answer_seconds",
            "Seconds until a cluster's selection was asked to the end.",
            ["cluster", "state"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._breaker = Gauge(
            "callboard_cluster_breaker_open",
            "1 while a cluster is left alone after repeated failures.",
            ["cluster"],
            registry=self.registry,
        )
        self._stall = Histogram(
            "callboard_event_loop_stall_seconds",
            "How late the event loop came back to a timer.",
            buckets=(0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1),
            registry=self.registry,
        )
        self._running = Gauge(
            "callboard_tasks",
            "Tasks of the event loop: streams, live selections, open pages. Bounded by what is looked at and listened to.",
            registry=self.registry,
        )
        self._database = Gauge(
            "callboard_database_up",
            "1 while the database of Callboard's own tables answers, as far as is known.",
            registry=self.registry,
        )
        self._database.set(1)
        self._ended = Counter(
            "callboard_http_connections_ended",
            "Connections to Callboard that it ended before the client did, or refused.",
            ["why"],
            registry=self.registry,
        )
        for end in ConnectionEnd:  # so that a rate can be told from the first one on
            self._ended.labels(end.value)
        self._connections = Gauge(
            "callboard_http_connections",
            "Connections to Callboard that are open, streams and half-open ones included.",
            registry=self.registry,
        )
        self._written = asyncio.Lock()
        self._hub: Callable[[], HubFigures] | None = None
        self._streams = self._of_clusters(
            "streams", "Streams of the hub: one for each type, scope and identity.", "stream"
        )
        self._watches = self._of_clusters("watches", "Watches open, or being opened.")
        self._lists = self._of_clusters("lists", "Lists and watches that have begun and not answered yet.")
        self._waiting = self._of_clusters(
            "waiting", "Streams that would watch and may not, and requests that wait for their turn."
        )
        self._objects = self._counting("objects", "Objects held.")
        self._bytes = self._counting("bytes", "Bytes of the objects held, packed as they are kept.")
        self._looks = Gauge(
            "callboard_hub_looks",
            "Services composed, each on one cluster; some outlive their last viewer by a minute.",
            registry=self.registry,
        )
        self._viewers = Gauge(
            "callboard_hub_viewers",
            "Askings that follow a service: one for each person and service, however many tabs.",
            registry=self.registry,
        )
        self._changes = Counter(
            "callboard_hub_changes",
            "Changes that watches brought and the hub took in.",
            ["cluster"],
            registry=self.counts,
        )
        self._taken: dict[str, Counter] = {}
        self._ingest = Histogram(
            "callboard_hub_ingest_seconds",
            "Seconds from what a watch brought at once having been read to its being indexed and told.",
            buckets=(0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1),
            registry=self.counts,
        )

        self._checks = Counter(
            "callboard_hub_checks",
            "Small questions to clusters from which nothing had been heard for ten seconds: are they there?",
            ["cluster", "code"],
            registry=self.registry,
        )

    def _of_clusters(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"callboard_hub_{name}", words, ["cluster", *labels], registry=self.registry)

    def _counting(self, name: str, words: str) -> Gauge:
        return Gauge(f"callboard_hub_{name}", words, ["cluster"], registry=self.counts)

    def asked(self, cluster: str, outcome: Outcome) -> None:
        """One question was answered, or was not."""
        code = outcome.failure.code if outcome.failure else None
        known = (cluster, outcome.answer, code)
        counted = self._counted.get(known)
        if counted is None:  # finding a counter by its labels costs four times what counting does
            labels = (cluster, outcome.answer.value, code.value if code else "")
            counted = self._counted[known] = self._outcomes.labels(*labels)
        counted.inc()

    def answers(self) -> dict[str, dict[str, int]]:
        """By cluster, how many questions came to what since the start."""
        found: dict[str, dict[str, int]] = {}
        for (cluster, answer, _), counted in self._counted.items():
            of = found.setdefault(cluster, {})
            of[answer.value] = of.get(answer.value, 0) + int(counted._value.get())
        return found

    def settled(self, cluster: str, state: ClusterState, seconds: float) -> None:
        """One cluster's selection has been asked to the end."""
        self._latency.labels(cluster, state.value).observe(seconds)

    def breaker(self, cluster: str, open_: bool) -> None:
        """A cluster is left alone from now on, or asked again."""
        self._breaker.labels(cluster).set(1 if open_ else 0)

    def taken(self, cluster: str, changes: int, seconds: float) -> None:
        """The hub has taken in what a watch brought at once."""
        counted = self._taken.get(cluster)
        if counted is None:
            counted = self._taken[cluster] = self._changes.labels(cluster)
        counted.inc(changes)
        self._ingest.observe(seconds)

    def checked(self, cluster: str, failure: Failure | None) -> None:
        """A cluster that had been quiet was asked whether it is there."""
        self._checks.labels(cluster, failure.code.value if failure else "").inc()

    def connection_ended(self, end: ConnectionEnd) -> None:
        """The listener ended a connection, or refused one."""
        self._ended.labels(end.value).inc()

    def read_connections(self, connections: Callable[[], int]) -> None:
        """Where the number of open connections comes from, whenever figures are asked for."""
        self._connections.set_function(connections)

    def read_database(self, answers: Callable[[], bool]) -> None:
        """Where it is known whether the database answers, whenever figures are asked for."""
        self._database.set_function(lambda: float(answers()))

    def read_hub(self, figures: Callable[[], HubFigures]) -> None:
        """Where the hub's figures come from, whenever all are asked for."""
        self._hub = figures

    def _read(self) -> HubFigures | None:
        """What is counted only when it is asked for, as of now."""
        self._running.set(_tasks())
        return self._hub() if self._hub is not None else None

    def _write(self, found: HubFigures | None, counts: bool) -> bytes:
        if found is not None:
            self._set(found)
        counted = generate_latest(self.counts) if counts else b""
        return generate_latest(self.registry) + counted

    def _set(self, found: HubFigures) -> None:
        self._looks.set(found.selections)
        self._viewers.set(found.viewers)
        by_cluster = (self._watches, self._lists, self._waiting, self._objects, self._bytes)
        for gauge in (self._streams, *by_cluster):
            gauge.clear()  # a cluster that is gone has no figures
        for name, cluster in found.clusters.items():
            for state, count in cluster.streams.items():
                self._streams.labels(name, state.value).set(count)
            values = (cluster.watches, cluster.lists, cluster.waiting, cluster.objects, cluster.bytes)
            for gauge, value in zip(by_cluster, values, strict=True):
                gauge.labels(name).set(value)

    def stalled(self, seconds: float) -> None:
        """A timer fired that much late."""
        self._stall.observe(seconds)

    def text(self) -> bytes:
        """The exposition format, of type CONTENT_TYPE_LATEST: everything."""
        return self._write(self._read(), True)

    async def written(self, counts: bool) -> bytes:
        """`text`, written beside the loop: a fleet's figures are thousands of lines. Without `counts`, nothing counts objects."""
        async with self._written:  # the figures of one moment, not half of the next
            return await asyncio.to_thread(self._write, self._read(), counts)


def _tasks() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return 0  # no loop is running: a command that has ended


async def watch_loop(metrics: Metrics, beat: Callable[[], None] = lambda: None) -> None:
    """Measure the event loop until cancelled; `beat` is called whenever it has come round."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LOOK
        await asyncio.sleep(LOOK)
        metrics.stalled(max(0.0, loop.time() - due))
        beat()
