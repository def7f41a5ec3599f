"""The end of a crashed container's log: read once for all who may read it, kept while it is looked at, bounded.

What a run wrote before it ended does not change any more, so that what was read stands until the container ends again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

from callboard.base.clock import Clock
from callboard.base.giving_way import giving_way
from callboard.extend.parts import Proxy
from callboard.kube.limits import Limits
from callboard.kube.reads.logs import Log, LogRequest, read_log
from callboard.model.cluster import Cluster, Credential
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Pod
from callboard.portal.logs.alike import likeness
from callboard.portal.logs.masking import masked
from callboard.portal.logs.reading import cleaned_lines
from callboard.portal.logs.telling import said_by, telling_lines
from callboard.portal.views import CrashLog

__all__ = ["CrashLogs"]

LINES: Final = 200
"""Lines read of each: a stack with its causes, and what came before."""
MOST_OF_ONE: Final = 256 * 1024
"""Bytes read of each."""
FEW: Final = 20
"""Lines that are read instead where so many are too large: the end is what tells."""
MOST_KEPT: Final = 8 * 1024 * 1024
"""Characters of all logs kept."""
FAILURE_HOLDS: Final = 30.0
"""Seconds for which a log that could not be read is not asked for again."""
AT_ONCE: Final = 8
"""Logs on their way at once, over all clusters."""
MOST_LINE: Final = 500
"""Characters of the line that tells."""

_Key = tuple[str, ...]


def _places(cluster: Cluster, pod: KubeObject) -> tuple[str, ...]:
    node = pod.body.spec.node_name if isinstance(pod.body, Pod) else ""
    return (cluster.name, cluster.title, *cluster.labels.values(), pod.namespace, pod.name, node)


class _Kept(msgspec.Struct, frozen=True):
    log: Log
    size: int
    until: float | None


class CrashLogs:
    """Reads and keeps them. What it is asked for, its caller has found to be readable for somebody."""

    def __init__(self, clock: Clock, limits_of: Callable[[str], Limits]) -> None:
        self._clock = clock
        self._limits_of = limits_of
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._size = 0
        self._reading: dict[_Key, asyncio.Lock] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def read(
        self, head: CrashLog, pod: KubeObject, proxy: Proxy, cluster: Cluster, credential: Credential
    ) -> CrashLog:
        """`head` with its lines, and what they tell. Never raises for what the cluster does."""
        found = await self._log(head, pod, proxy, cluster, credential)
        lines = await giving_way(cleaned_lines(found.log))
        telling = telling_lines(lines)
        said = said_by(lines[telling.told]) if telling.told >= 0 else ""
        failure = words = ""
        if found.log.failure is not None:
            failure = "It could not be read to its end." if lines else "It could not be read."
            words = found.log.failure.message
        return msgspec.structs.replace(
            head,
            lines=lines,
            earlier=found.log.earlier,
            told=telling.told,
            certain=telling.certain,
            first=telling.first,
            last=telling.last,
            line=masked(said.strip()[: 2 * MOST_LINE])[:MOST_LINE],
            alike=likeness(lines, telling, _places(cluster, pod)),
            failure=failure,
            failure_words=words,
        )

    async def _log(
        self, head: CrashLog, pod: KubeObject, proxy: Proxy, cluster: Cluster, credential: Credential
    ) -> _Kept:
        request = LogRequest(
            namespace=pod.namespace,
            pod=pod.name,
            container=head.container,
            previous=head.previous,
            tail_lines=LINES,
        )
        if credential.own:  # what a user's own token reads is shared with nobody
            return await self._ask(request, proxy, cluster, credential)
        key = (
            cluster.name,
            credential.identity,
            pod.namespace,
            pod.name,
            pod.meta.uid,
            head.container,
            str(head.previous),
            str(head.restarts),
        )
        lock = self._reading.setdefault(key, asyncio.Lock())
        try:
            async with lock:  # whoever comes second finds what the first has read
                kept = self._known(key)
                if kept is None:
                    kept = await self._ask(request, proxy, cluster, credential)
                    self._keep(key, kept)
                return kept
        finally:
            if not lock.locked() and self._reading.get(key) is lock:
                del self._reading[key]

    async def _ask(
        self, request: LogRequest, proxy: Proxy, cluster: Cluster, credential: Credential
    ) -> _Kept:
        limits = self._limits_of(cluster.name)
        limits = msgspec.structs.replace(limits, max_log=min(limits.max_log, MOST_OF_ONE))
        async with self._slots:
            log = await read_log(proxy, cluster, credential, request, limits)
            if log.later and log.failure is None:  # so much was written that its end was cut off
                fewer = msgspec.structs.replace(request, tail_lines=FEW)
                log = await read_log(proxy, cluster, credential, fewer, limits)
        until = None if log.failure is None else self._clock.monotonic() + FAILURE_HOLDS
        return _Kept(log, sum(len(line.text) for line in log.lines) + 1_000, until)

    def _known(self, key: _Key) -> _Kept | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.until is not None and kept.until <= self._clock.monotonic():
            return None
        self._kept.move_to_end(key)
        return kept

    def _keep(self, key: _Key, kept: _Kept) -> None:
        before = self._kept.pop(key, None)
        self._size += kept.size - (before.size if before else 0)
        self._kept[key] = kept
        while self._size > MOST_KEPT and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._size -= gone.size
