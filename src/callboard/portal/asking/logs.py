"""Logs for whoever may read them: read once, of one container or of many merged by time."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from callboard.base.clock import Clock
from callboard.base.errors import UsageError
from callboard.base.giving_way import giving_way
from callboard.extend.parts import Proxy
from callboard.kube.limits import Limits
from callboard.kube.reads.log_stamps import Cursor, stamped
from callboard.kube.reads.logs import Log, LogRequest, read_log, read_newest
from callboard.model.cluster import Cluster, Credential
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Pod
from callboard.model.outcome import Failure, FailureCode
from callboard.model.snapshot import ClusterSnapshot
from callboard.portal.arranging.pods import container_rows
from callboard.portal.logs.filtering import LogFilter
from callboard.portal.logs.merging import merged_rows
from callboard.portal.logs.rows import line_name, rows_of
from callboard.portal.logs.sources import LogContainer, WantedLogs, over, wanted_logs, why_none
from callboard.portal.protocol import SINCE, LogQuery
from callboard.portal.views import LogRow, LogSource, LogView, ObjectKey

__all__ = ["WayTo", "log_view", "may_follow", "since_of", "wanted_of", "why_unread"]

AT_ONCE: Final = 8
"""Containers of one log that are read at once."""
LEAST_OF_ONE: Final = 100
"""Lines read of each container of a log of many, at least."""
LEAST_BYTES: Final = 64 * 1024
FILTERED_OF: Final = 10_000
"""Lines that are looked through for those that a filter lets through."""
AROUND: Final = (30.0, 0.0)
"""Seconds before a line that was asked for from which on the log is read: less where that is too much."""

_AT_ONCE: Final = 500
"""Lines that are merged and looked at in one step: a millisecond or two."""

WayTo = Callable[[], Awaitable[tuple[Proxy, Cluster, Credential, Limits]]]


class _Read(msgspec.Struct, frozen=True):
    """What came of one container."""

    source: LogSource
    rows: list[LogRow]
    earlier: bool = False
    later: bool = False
    bounded: bool = False
    read: int = 0


def wanted_of(part: ClusterSnapshot, obj: KubeObject, query: LogQuery) -> WantedLogs:
    """Which containers are meant. Raises UsageError."""
    rows = [(pod, container_rows(pod.body)) for pod in over(part, obj) if isinstance(pod.body, Pod)]
    return wanted_logs(part, obj, rows, query)


def since_of(query: LogQuery, now: datetime) -> str:
    """The moment from which on lines are wanted, as a request has it; "" for any. Raises UsageError."""
    if not query.since:
        return ""
    if query.since in SINCE:
        return _moment(now - timedelta(seconds=SINCE[query.since]))
    at, rest = stamped(query.since)
    if not at or rest:
        raise UsageError(
            f"“since” in the address is one of {', '.join(SINCE)}, or a moment like 2026-12-01T08:00:00Z.",
            code="bad-since",
        )
    return at[:19] + "Z"


async def log_view(
    part: ClusterSnapshot,
    obj: KubeObject,
    key: ObjectKey,
    wanted: WantedLogs,
    query: LogQuery,
    way: WayTo,
    clock: Clock,
) -> LogView:
    """Read them all, and say of each that could not be read why. Raises UsageError for a filter or moment that is none."""
    chosen = LogFilter(query.text, pattern=query.pattern, level=query.level)
    since = since_of(query, clock.now())
    view = LogView(
        key=key,
        cluster=part.cluster,
        kind=obj.type.title,
        container=wanted.container,
        containers=wanted.containers,
        previous=query.previous,
        omitted=wanted.omitted,
        filtered=chosen.any,
        crashed_at=_crashed_at(wanted.wanted),
        follows=may_follow(wanted.wanted, query, obj),
        as_of=clock.now(),
    )
    readable = [each for each in wanted.wanted if not why_none(each.pod, each.row, previous=query.previous)]
    if not readable:
        first = wanted.wanted[0] if wanted.wanted else None
        why = (
            why_none(first.pod, first.row, previous=query.previous)
            if first
            else f"{obj.type.title} {obj.name} has no pods at the moment, and so there is no log."
        )
        sources = tuple(msgspec.structs.replace(each.source, missing=why) for each in wanted.wanted)
        return msgspec.structs.replace(view, sources=sources, failure=why)
    proxy, cluster, credential, limits = await way()
    lines = FILTERED_OF if chosen.any else query.tail_lines
    bounds = _each(limits, len(readable))
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, each: LogContainer) -> _Read:
        if why := why_none(each.pod, each.row, previous=query.previous):
            return _Read(msgspec.structs.replace(each.source, missing=why), [])
        request = LogRequest(
            namespace=each.pod.namespace,
            pod=each.pod.name,
            container=each.row.name,
            previous=query.previous,
            tail_lines=lines if len(readable) == 1 else max(LEAST_OF_ONE, 4 * lines // len(readable)),
            timestamps=True,
            since=since,
        )
        async with slots:
            log = await _read(proxy, cluster, credential, request, bounds, query.line)
        return await _as_rows(log, each, number, query)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(n, each)) for n, each in enumerate(wanted.wanted)]
    found = [task.result() for task in tasks]
    begins = max((each.rows[0].at for each in found if each.earlier and each.rows), default="")
    rows = await giving_way(_let_through(merged_rows([each.rows for each in found], begins), chosen))
    return _put_together(view, found, rows, query, bounds)


async def _read(
    proxy: Proxy, cluster: Cluster, credential: Credential, request: LogRequest, limits: Limits, line: str
) -> Log:
    """The newest lines, or those around one."""
    at, _ = stamped(line.partition("~")[0])
    if not at:
        return await read_newest(proxy, cluster, credential, request, limits)
    wanted = datetime.fromisoformat(at[:19] + "+00:00")
    log = Log()
    for before in AROUND:
        from_ = msgspec.structs.replace(
            request, since=_moment(wanted - timedelta(seconds=before)), forward=True
        )
        log = await read_log(proxy, cluster, credential, from_, limits)
        if log.failure is not None or not log.later or any(each.at >= at for each in log.lines):
            break
    return log


async def _as_rows(log: Log, each: LogContainer, number: int, query: LogQuery) -> _Read:
    cursor = Cursor()
    for line in log.lines:
        cursor.is_new(line.at)
    source = msgspec.structs.replace(each.source, cursor=str(cursor))
    if log.failure is not None:
        missing, words = why_unread(log.failure, each, query, begun=bool(log.lines))
        source = msgspec.structs.replace(source, missing=missing, words=words)
    rows = await giving_way(rows_of(log.lines, number, as_written=query.as_written))
    return _Read(source, rows, log.earlier, log.later, log.bounded, len(rows))


def _let_through(rows: Iterable[LogRow], chosen: LogFilter) -> Generator[None, None, list[LogRow]]:
    """Those that the filter lets through, in steps."""
    passed: list[LogRow] = []
    for number, row in enumerate(rows):
        if number % _AT_ONCE == 0:
            yield
        if chosen.passes(row):
            passed.append(row)
    return passed


def _put_together(
    view: LogView, found: Sequence[_Read], rows: Sequence[LogRow], query: LogQuery, limits: Limits
) -> LogView:
    came = sum(each.read for each in found)
    name = query.line
    line = next((n for n, row in enumerate(rows) if row.at and line_name(row) == name), -1) if name else -1
    first = max(0, len(rows) - query.tail_lines)
    if line >= 0:
        first = max(0, min(first, line - query.tail_lines // 2))
        line -= first
    elif name:
        first = 0
    shown = rows[first : first + query.tail_lines]
    cut = len(rows) - first - len(shown)
    failed = [each for each in found if each.source.missing]
    alone = failed[0].source if len(failed) == len(found) else None
    if alone is None and len(found) == 1 and failed:
        alone = failed[0].source
    return msgspec.structs.replace(
        view,
        sources=tuple(each.source for each in found),
        rows=tuple(shown),
        read=came,
        earlier=first > 0 or any(each.earlier for each in found),
        later=cut > 0 or any(each.later for each in found),
        bounded=limits.max_log if any(each.bounded for each in found) else 0,
        line=line,
        line_gone=_why_gone(query, found) if name and line < 0 else "",
        failure=alone.missing if alone else "",
        failure_words=alone.words if alone else "",
        follows=view.follows and cut <= 0 and not any(each.later for each in found),
    )


def _why_gone(query: LogQuery, found: Sequence[_Read]) -> str:
    at = stamped(query.line.partition("~")[0])[0]
    first = min((row.at for each in found for row in each.rows if row.at), default="")
    if not at:
        return "The address does not name a line of this log."
    if not first or first > at:
        return "The line this link leads to is gone: the log does not reach back to it any more."
    if query.text or query.level:
        return "The line this link leads to is not among those that the filter lets through."
    return "The line this link leads to is not in this log: it may be from another run of the container."


def why_unread(failure: Failure, each: LogContainer, query: LogQuery, *, begun: bool) -> tuple[str, str]:
    """Why a log could not be read, in plain words, and the cluster's own."""
    words = failure.message
    what = f"{'previous log' if query.previous else 'log'} of container {each.row.name}"
    said = words.lower()
    if begun:
        return f"The {what} breaks off: this is what was read.", words
    if "previous terminated container" in said:
        return (
            f"The {what} is gone: a node keeps the log of one run before, and removes it when it needs the room.",
            words,
        )
    if "waiting to start" in said or "not available" in said:
        return f"Container {each.row.name} has not started yet, and so there is no log.", words
    if failure.status == 404:
        return f"Pod {each.source.pod} is gone, and its log with it.", words
    if failure.code is FailureCode.SERVER_ERROR and any(
        sign in said for sign in (":10250", "dial tcp", "i/o timeout", "no route", "node not found")
    ):
        return f"The {what} could not be read: the node that runs it does not answer.", words
    return f"The {what} could not be read.", words


def may_follow(wanted: Sequence[LogContainer], query: LogQuery, obj: KubeObject) -> bool:
    """Whether more may come: of the present run, of a pod that has not ended."""
    if query.previous:
        return False
    if not isinstance(obj.body, Pod):
        return True
    return obj.body.status.phase not in ("Succeeded", "Failed") and bool(wanted)


def _crashed_at(wanted: Sequence[LogContainer]) -> datetime | None:
    ends = []
    for each in wanted:
        if isinstance(each.pod.body, Pod):
            for status in (
                *each.pod.body.status.init_container_statuses,
                *each.pod.body.status.container_statuses,
            ):
                over_ = status.last_state.terminated or status.state.terminated
                if status.name == each.row.name and over_ is not None and over_.finished_at is not None:
                    ends.append(over_.finished_at)
    return max(ends, default=None)


def _each(limits: Limits, count: int) -> Limits:
    return msgspec.structs.replace(
        limits, max_log=max(min(limits.max_log, LEAST_BYTES), limits.max_log // count)
    )


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
