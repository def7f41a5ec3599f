"""Logs followed for whoever may read them: each container's from where it was left, over its restarts, until nobody reads."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from typing import Final

from callboard.base.errors import CallboardError
from callboard.base.task_owner import TaskOwner
from callboard.extend.parts import Proxy
from callboard.kube.limits import Limits
from callboard.kube.reads.log_stamps import Cursor
from callboard.kube.reads.logs import LogLine, LogRequest, follow_log
from callboard.model.cluster import Cluster, Credential
from callboard.model.objects import KubeObject
from callboard.model.objects.pod import Pod
from callboard.model.outcome import Failure, FailureCode
from callboard.portal.asking.logs import WayTo, why_unread
from callboard.portal.logs.buffer import LogBuffer
from callboard.portal.logs.filtering import LogFilter
from callboard.portal.logs.follows import Follows
from callboard.portal.logs.sources import MOST_SOURCES, LogContainer, WantedLogs, why_none
from callboard.portal.protocol import LogFollow, LogQuery

__all__ = ["LogFollowing", "Look"]

ASK_AGAIN: Final = 10.0
"""Seconds after which it is asked again whether the caller may read this."""
QUIET: Final = 0.5
"""Seconds without a line after which what was there to come has come."""
BETWEEN: Final = (1.0, 2.0, 4.0, 8.0)
"""Seconds until a log is asked for again that ended or could not be read; after the last of them, that long again and again."""
UNTOLD: Final = 30.0
"""Seconds after which a log of which nothing is told that it goes on is asked for all the same."""
QUIETLY: Final = frozenset({FailureCode.BODY_TIMEOUT, FailureCode.RESPONSE_TIMEOUT})
"""What is no trouble: a kubelet does not begin to answer before there is a line, and a quiet log is asked for anew."""
PACE: Final = 0.1
MOST_AT_ONCE: Final = 2_000
"""Lines of one container that are taken in each `PACE` seconds: what writes more is read more slowly than it writes."""

Look = Callable[[], AsyncGenerator[WantedLogs | None, None]]
"""Which containers there are, and again whenever that changes; None where the object is gone."""


class _State:
    """How one container is, as far as is known."""

    def __init__(self, container: LogContainer) -> None:
        self.container: LogContainer | None = container
        self.changed = asyncio.Event()

    def now(self, container: LogContainer | None) -> None:
        if container is None or self.container is None or container.row != self.container.row:
            self.container = container
            self.changed.set()


class LogFollowing:
    """One log that one caller follows. `again` raises where they may not read it any more; it is asked every few seconds."""

    def __init__(
        self,
        query: LogQuery,
        cursors: Mapping[str, str],
        way: WayTo,
        look: Look,
        again: Callable[[], Awaitable[None]],
        follows: Follows,
        identity: str,
    ) -> None:
        self._query = query
        self._cursors = cursors
        self._way = way
        self._look = look
        self._again = again
        self._follows = follows
        self._identity = identity
        self._states: dict[str, _State] = {}
        self._over: set[str] = set()
        chosen = LogFilter(query.text, pattern=query.pattern, level=query.level)
        self._buffer = LogBuffer(chosen, as_written=query.as_written)

    async def views(self) -> AsyncGenerator[LogFollow, None]:
        """The same again and again, whenever there is something to take of it."""
        buffer = self._buffer
        loop = asyncio.get_running_loop()
        asked, quiet = loop.time(), loop.time() + QUIET
        async with TaskOwner() as tasks:
            _ = tasks.start(self._keep_up(tasks), "containers of a followed log")
            while True:
                until = asked + ASK_AGAIN if buffer.settled else min(asked + ASK_AGAIN, quiet)
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(until):
                        await buffer.news.wait()
                if loop.time() >= asked + ASK_AGAIN:
                    await self._again()
                    asked = loop.time()
                fresh = not buffer.settled and loop.time() >= quiet
                buffer.settled = buffer.settled or fresh
                if buffer.news.is_set() or fresh:
                    buffer.news.clear()
                    yield buffer
                if buffer.ended:
                    return

    async def _keep_up(self, tasks: TaskOwner) -> None:
        """Follow each container that there is, and those that come."""
        async with aclosing(self._look()) as looks:
            async for wanted in looks:
                if wanted is None:
                    for state in self._states.values():
                        state.now(None)
                    self._buffer.say("What this log is of was deleted: nothing more will come.")
                    self._buffer.end()
                    return
                present = {each.source.id: each for each in wanted.wanted}
                for name, state in self._states.items():
                    state.now(present.get(name))
                for name, each in present.items():
                    if name not in self._states and len(self._running) < MOST_SOURCES:
                        state = self._states[name] = _State(each)
                        self._buffer.source(each.source)
                        _ = tasks.start(
                            self._one(name, state), f"log of {each.source.pod}/{each.source.container}"
                        )
                if not present and not self._running:
                    self._buffer.wait_for(
                        "There are no pods at the moment: their lines come here when there are."
                    )
                elif len(present) > 1:
                    self._buffer.wait_for("")

    @property
    def _running(self) -> set[str]:
        return self._states.keys() - self._over

    async def _one(self, name: str, state: _State) -> None:
        first = state.container
        assert first is not None  # noqa: S101 - as it was made
        with self._follows.container(self._identity, first.source.key.cluster) as may:
            if may:
                await self._over_restarts(first, state, Cursor.read(self._cursors.get(name, "")))
            else:
                self._buffer.say(f"So many logs are followed that that of {_called(first)} is not.")
        self._over.add(name)
        if not self._running and state.container is not None and not _may_come_back(state.container.pod):
            self._buffer.end()

    async def _over_restarts(self, container: LogContainer, state: _State, cursor: Cursor) -> None:
        failures, told = 0, ""
        while True:
            present = state.container
            if present is None:
                self._buffer.say(f"Pod {container.source.pod} is gone.")
                return
            state.changed.clear()
            if why := why_none(present.pod, present.row, previous=False):
                if len(self._states) == 1:
                    self._buffer.wait_for(why)
                await _until(state.changed, None)
                continue
            if len(self._states) == 1:
                self._buffer.wait_for("")
            ran = _goes_on(present)
            came, failure = await self._read(present, cursor)
            failures = failures + 1 if failure is not None and not came else 0
            if failure is not None and failure.code not in QUIETLY:
                words, own = why_unread(failure, present, self._query, begun=False)
                said = f"{words} ({own})" if own else words
                if said != told and failures:
                    self._buffer.say(f"{said} It is tried again.")
                    told = said
            elif failure is None:
                told = ""
            if failure is None:
                # it ended where the container did; what becomes of it is known a moment later
                await _until(state.changed, BETWEEN[0])
                now = state.container
                if now is not None and not _goes_on(now):
                    if ran or len(self._states) == 1:  # of many, what was over before is no news
                        self._buffer.say(f"{_called(now)}: {now.row.state}.")
                    if not _may_come_back(now.pod):
                        return
                    await _until(state.changed, UNTOLD)
                continue
            await _until(state.changed, BETWEEN[min(failures, len(BETWEEN) - 1)])

    async def _read(self, container: LogContainer, cursor: Cursor) -> tuple[int, Failure | None]:
        """Until it ends: how many lines came, and why it ended where that was not its own end."""
        try:
            proxy, cluster, credential, limits = await self._way()
        except CallboardError as error:
            return 0, Failure(code=FailureCode.CREDENTIAL, message=error.message)
        request = LogRequest(
            namespace=container.pod.namespace,
            pod=container.pod.name,
            container=container.row.name,
            tail_lines=self._query.tail_lines,
            timestamps=True,
            since=f"{cursor.at[:19]}Z" if cursor.at else "",
        )
        cursor.again()
        return await self._taken(container, cursor, proxy, cluster, credential, request, limits)

    async def _taken(
        self,
        container: LogContainer,
        cursor: Cursor,
        proxy: Proxy,
        cluster: Cluster,
        credential: Credential,
        request: LogRequest,
        limits: Limits,
    ) -> tuple[int, Failure | None]:
        loop = asyncio.get_running_loop()
        came, in_pace, began = 0, 0, loop.time()
        async with aclosing(follow_log(proxy, cluster, credential, request, limits)) as pieces:
            async for lines in pieces:
                if isinstance(lines, Failure):
                    return came, lines
                for start in range(0, len(lines), 200):
                    some: tuple[LogLine, ...] = lines[start : start + 200]
                    came += self._buffer.add(container.source, some, cursor)
                    await asyncio.sleep(0)
                in_pace += len(lines)
                if in_pace >= MOST_AT_ONCE:
                    await asyncio.sleep(max(0.0, began + PACE - loop.time()))
                    in_pace, began = 0, loop.time()
        return came, None


async def _until(changed: asyncio.Event, seconds: float | None) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await changed.wait()


def _called(container: LogContainer) -> str:
    return f"{container.source.pod}/{container.source.container}"


def _goes_on(container: LogContainer) -> bool:
    return container.row.state.startswith("running")


def _may_come_back(pod: KubeObject) -> bool:
    return isinstance(pod.body, Pod) and pod.body.status.phase not in ("Succeeded", "Failed")
