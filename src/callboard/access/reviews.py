"""What clusters say their users may see, asked once for all who want to know and remembered for a minute.

A review that fails, hangs or cannot be read allows nothing. What was decided before stands until it is a minute old: a
cluster that stumbles for a moment takes nobody's page away, and one that does not come back does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from types import TracebackType

import structlog

from callboard.access.subject import Subject
from callboard.base.bounded_map import BoundedMap
from callboard.base.errors import CallboardError
from callboard.base.task_owner import TaskOwner
from callboard.kube.connection.connection import Connection
from callboard.kube.reads.access_review import Attributes, they_may
from callboard.model.outcome import Failure

__all__ = ["Decision", "Reviews"]

LIFETIME = 60.0
"""Seconds a decision is good for, counted from when it was asked for."""
RENEWAL = 45.0
"""Age at which an open page has it asked for again, so that a healthy cluster's decisions never run out under it."""
RETRY = 5.0
"""Seconds after a failure until it is tried again."""
IN_FLIGHT = 3
"""Reviews on their way to one cluster at once: one connection fewer than a cluster gets by default, so that a cluster whose
authorizer hangs still has one for questions."""
MOST = 100_000
"""Decisions kept; beyond it those that were wanted longest ago are asked for again."""

_log = structlog.get_logger(__name__)

_Key = tuple[str, Subject, Attributes]


class Decision(Enum):
    """What is known of one review."""

    ALLOWED = "allowed"
    DENIED = "denied"
    OPEN = "open"
    """It is being asked for the first time."""
    UNDECIDED = "undecided"
    """It was asked and could not be found out."""


class _Entry:
    """One review: the last answer that was one, and how asking has gone since."""

    def __init__(self) -> None:
        self.allowed: bool | None = None
        self.asked_at = 0.0
        self.failed_at: float | None = None
        self.running = False

    def decision(self, now: float) -> Decision:
        if self.allowed is not None and now - self.asked_at < LIFETIME:
            return Decision.ALLOWED if self.allowed else Decision.DENIED
        return Decision.OPEN if self.failed_at is None else Decision.UNDECIDED

    def due(self, now: float) -> bool:
        """Whether it should be asked for now."""
        if self.running or (self.failed_at is not None and now - self.failed_at < RETRY):
            return False
        return self.allowed is None or now - self.asked_at >= RENEWAL

    def next(self, now: float) -> float:
        """When this may change by itself, or has to be asked for again; in the loop's time."""
        ends = [self.asked_at + LIFETIME] if self.allowed is not None else []
        if not self.running:
            ends.append(self.failed_at + RETRY if self.failed_at is not None else self.asked_at + RENEWAL)
        return min((e for e in ends if e > now), default=now + RETRY)


class Reviews:
    """Owns the tasks that ask. Use as an async context manager.

    `way` gives the connection of a cluster by name, with the portal's credential; `deadline` the seconds one review may take,
    waiting until it may be sent included. `asked` counts the reviews that were sent.
    """

    def __init__(self, way: Callable[[str], Awaitable[Connection]], deadline: Callable[[str], float]) -> None:
        self._way = way
        self._deadline = deadline
        self._entries: BoundedMap[_Key, _Entry] = BoundedMap(MOST)
        self._in_flight: dict[str, asyncio.Semaphore] = {}
        self._told: dict[str, float] = {}
        self._listeners: dict[tuple[str, Subject], list[Callable[[], None]]] = {}
        self._running: dict[tuple[str, Subject], int] = {}
        self._tasks = TaskOwner()
        self.asked = 0

    async def __aenter__(self) -> "Reviews":
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._tasks.__aexit__(kind, error, trace)

    def decision(self, cluster: str, subject: Subject, wanted: Attributes) -> tuple[Decision, float]:
        """What is known, and when to look again; asks where that is due. Raises Unavailable when we are shutting down."""
        key = (cluster, subject, wanted)
        entry = self._entries.of(key, _Entry)
        now = asyncio.get_running_loop().time()
        if entry.due(now):
            self._begin(key, entry, now)
        return entry.decision(now), entry.next(now)

    def listen(self, cluster: str, subject: Subject, changed: Callable[[], None]) -> None:
        """Call `changed` when what was asked of a cluster about somebody has come to something."""
        self._listeners.setdefault((cluster, subject), []).append(changed)

    def leave(self, cluster: str, subject: Subject, changed: Callable[[], None]) -> None:
        """Listen no more."""
        listeners = self._listeners[(cluster, subject)]
        listeners.remove(changed)
        if not listeners:
            del self._listeners[(cluster, subject)]

    def _begin(self, key: _Key, entry: _Entry, now: float) -> None:
        _ = self._tasks.start(self._ask(key, entry, now), f"review at {key[0]}")
        entry.running = True
        whose = key[:2]
        self._running[whose] = self._running.get(whose, 0) + 1

    async def _ask(self, key: _Key, entry: _Entry, now: float) -> None:
        cluster, subject, _ = key
        try:
            answer = await self._answer(key, now + self._deadline(cluster))
        except Exception as error:
            # A supplier or auth strategy may be a plugin's: whatever it raises allows nothing.
            _log.error(
                "asking a cluster who may see what failed unexpectedly; it counts as no, and is asked again in seconds",
                cluster=cluster,
                error=type(error).__name__,
            )
            answer = None
        finally:
            entry.running = False
            self._running[(cluster, subject)] -= 1
        loop = asyncio.get_running_loop()
        if answer is None:
            entry.failed_at = loop.time()
        else:
            entry.allowed, entry.asked_at, entry.failed_at = answer, now, None
        if not self._running[(cluster, subject)]:
            del self._running[(cluster, subject)]
            for changed in tuple(self._listeners.get((cluster, subject), ())):
                changed()

    async def _answer(self, key: _Key, until: float) -> bool | None:
        cluster, subject, wanted = key
        try:
            async with asyncio.timeout_at(until), self._permit(cluster):
                connection = await self._way(cluster)
                self.asked += 1
                answer = await they_may(connection, subject.user, subject.groups, wanted, until=until)
        except TimeoutError:
            self._tell(cluster, "no answer in time")
            return None
        except CallboardError as error:
            self._tell(cluster, error.message)
            return None
        if isinstance(answer, Failure):
            self._tell(cluster, answer.message)
            return None
        return answer.allowed

    def _tell(self, cluster: str, words: str) -> None:
        """Log that reviews fail at a cluster, once a minute: where one does, all do."""
        now = asyncio.get_running_loop().time()
        if now - self._told.get(cluster, float("-inf")) >= LIFETIME:
            self._told[cluster] = now
            _log.warning(
                "a cluster does not say who may see what; its users see nothing of it until it does, and it is asked again in "
                "seconds",
                cluster=cluster,
                why=words,
            )

    def _permit(self, cluster: str) -> asyncio.Semaphore:
        return self._in_flight.setdefault(cluster, asyncio.Semaphore(IN_FLIGHT))
