"""One stream: everything that one question brings at one source, kept current by a watch, or by asking again.

`kube.watch` does the protocol (resume, 410, silence); here is what its changes mean for those who read: the objects, how far
they can be trusted, and who must be told. Where watching is refused, or the budget says so, the same question is polled.
"""

import asyncio
import random
import traceback
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime
from typing import Protocol

import msgspec
import structlog

from callboard.base.clock import Clock
from callboard.base.errors import CallboardError
from callboard.fleet.hub.budget import Budget, Turn
from callboard.fleet.hub.index import ObjectIndex, ReaderIndex, key_of
from callboard.fleet.hub.port import Key, Source, Status, Watcher
from callboard.fleet.hub.scope import tier
from callboard.kube.failure import answer_of
from callboard.kube.watch import Bookmark, Change, Delete, Reset, Stale, Unreadable, Upsert
from callboard.model.cluster import Credential
from callboard.model.objects import KubeObject
from callboard.model.outcome import (
    Answer,
    Failure,
    FailureCode,
    Freshness,
    Malformed,
    Outcome,
    Question,
)

__all__ = ["Reader", "Stream"]

CHUNK = 500
"""Objects taken in before others get their turn: a page of a list, some milliseconds."""
MOST_MALFORMED = 100
REFUSED_AGAIN = 300.0
"""Seconds between two looks whether a refusal still stands: roles change seldom, and a refused request costs little."""
LONGEST_PAUSE = 60.0
"""Seconds between two polls of a cluster that does not answer, at most."""

STALE_AFTER = 2.0
"""Seconds of failing until what is shown is called stale: a stream that is cut and back at once is no news."""

_REFUSED = (FailureCode.FORBIDDEN, FailureCode.NOT_SERVED)

log = structlog.get_logger(__name__)


class Reader(Protocol):
    """Who reads a stream. All calls return at once."""

    def put(self, obj: KubeObject) -> None:
        """The object is new or has changed, and answers the reader's question."""
        ...

    def gone(self, key: Key) -> None:
        """The object no longer does."""
        ...

    def told(self) -> None:
        """The status has changed."""
        ...

    def void(self) -> None:
        """Everything known is void: read it all again."""
        ...


class Stream:
    """`run` it in a task of its owner. `misfit` is called when the stream turns out not to answer its readers' questions."""

    def __init__(
        self,
        source: Source,
        question: Question,
        *,
        watcher: Watcher,
        budget: Budget,
        clock: Clock,
        watched: bool,
        misfit: Callable[["Stream"], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.source = source
        self.question = question
        self.tier = tier(question)
        self.objects = ObjectIndex()
        self.readers: ReaderIndex[Reader] = ReaderIndex()
        self._watcher = watcher
        self._budget = budget
        self._clock = clock
        self._watched = watched
        self._misfit = misfit
        self._jitter = jitter
        self._status = Status()
        self._malformed: dict[str, Malformed] = {}
        self._seen: datetime | None = None
        self._type = question.type
        self._turn: Turn | None = None
        self._watching: asyncio.Timeout | None = None
        self._wake = asyncio.Event()
        self._no_watch_until = 0.0
        self._watch_refused = False
        self._promoted = False
        self._ask_at = 0.0
        self._failures = 0
        self._stale: Failure | None = None
        self._stale_timer: asyncio.TimerHandle | None = None

    # ---- for the hub

    @property
    def known(self) -> bool:
        """Whether it was ever known what is there."""
        return self._status.answer is Answer.EMPTY

    @property
    def freshness(self) -> Freshness:
        return self._status.freshness

    def status(self, question: Question) -> Status:
        """How far the answer to a reader's question can be trusted."""
        status = self._status
        if question.namespace and self._type.namespaced is False:
            return Status(answer=Answer.NOT_ASKED, as_of=self._seen)
        return msgspec.structs.replace(status, as_of=self._seen, malformed=self._malformed_for(question))

    def fits(self, question: Question) -> bool:
        """Whether it answers a question narrower than its own. Not where it is refused, or where what it cannot read or
        has not read may be what the question is about: then the API server must tell them apart."""
        own = self.question
        if (question.namespace, question.label_selector, question.name) == (
            own.namespace,
            own.label_selector,
            own.name,
        ):
            return True
        return not self.refused and not self._status.truncated and not self._malformed_for(question)

    @property
    def refused(self) -> bool:
        return self._status.answer is Answer.FORBIDDEN

    def attach(self, reader: Reader, question: Question) -> None:
        """`reader` is told of every change that concerns `question` from now on; it reads what is there itself."""
        was_idle = not len(self.readers)
        self.readers.add(reader, question)
        if was_idle:
            self._wake.set()  # nothing is polled while nobody looks

    def detach(self, reader: Reader) -> None:
        self.readers.remove(reader)

    def read(self, question: Question) -> tuple[KubeObject, ...]:
        """What is there for the question, by namespace and name."""
        return self.objects.select(question)

    # ---- for the budget

    def demote(self) -> None:
        """Let the watch go and poll."""
        if self._watching is not None:
            self._watching.reschedule(asyncio.get_running_loop().time())
            self._watching = None

    def promote(self) -> None:
        """A watch has become free."""
        self._promoted = True
        self._wake.set()

    # ---- running

    async def run(self) -> None:
        """Keep the objects current until cancelled."""
        pause = 1.0
        try:
            while True:
                try:
                    if self._may_watch() and self._budget.admit(self):
                        await self._watch()
                    else:
                        await self._poll()
                    pause = 1.0
                    continue
                except CallboardError as error:
                    failure = Failure(code=FailureCode.CREDENTIAL, message=error.message)
                except Exception as error:
                    failure = self._defect(error)
                finally:
                    self._budget.leave(self)
                    self._turn_over()
                self._failed(failure)
                await asyncio.sleep(pause * (0.5 + self._jitter() / 2))
                pause = min(LONGEST_PAUSE, pause * 2)
        finally:
            self._recovered()
            self._budget.leave(self)
            self._turn_over()

    def _may_watch(self) -> bool:
        return self._watched and asyncio.get_running_loop().time() >= self._no_watch_until

    async def _watch(self) -> None:
        """Watch until it is refused or the watch is needed elsewhere; then poll."""
        resolved = await self._watcher.resolve(self.source, self.question.type)
        if isinstance(resolved, Failure):
            self._refuse(resolved)
            return
        self._type = resolved
        question = msgspec.structs.replace(self.question, type=resolved)
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._watching = limit
                async with aclosing(self._watcher.watch(self.source, question, self._credential)) as changes:
                    async for change in changes:
                        self._turn_over()
                        if isinstance(change, Stale) and change.failure.code in _REFUSED:
                            self._refuse(change.failure)
                            return
                        await self._take(change)
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            self._watching = None

    async def _credential(self) -> Credential:
        """Called before every request of the watch: the moment to wait for a turn."""
        if self._turn is None:
            self._turn = await self._budget.turn(self.tier)
        return await self.source.credential()

    def _turn_over(self) -> None:
        if self._turn is not None:
            turn = self._turn
            self._turn = None
            turn.over()

    def _refuse(self, failure: Failure) -> None:
        """Watching is refused. Listing may be allowed: that is tried at once, unless the type is not there at all."""
        self._watch_refused = True
        self._no_watch_until = asyncio.get_running_loop().time() + REFUSED_AGAIN
        if failure.code is FailureCode.NOT_SERVED:
            self._ask_at = self._no_watch_until
            self._failed(failure)

    async def _poll(self) -> None:
        """Ask at an interval while somebody looks, until the question may be watched (again)."""
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            if self._promoted or (self._watch_refused and self._may_watch()):
                self._promoted = self._watch_refused = False
                return
            if not len(self.readers):
                await self._wake.wait()
                continue
            left = self._ask_at - loop.time()
            if left > 0:
                try:
                    async with asyncio.timeout(left):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                continue
            await self._ask()
            interval = self.source.settings.poll_interval * (0.8 + 0.4 * self._jitter())
            if self._status.answer in (Answer.FORBIDDEN, Answer.ABSENT):
                interval = REFUSED_AGAIN
            elif self._failures:
                interval = max(interval, min(LONGEST_PAUSE, interval * 2 ** (self._failures - 1)))
            self._ask_at = loop.time() + interval

    async def _ask(self) -> None:
        self._turn = await self._budget.turn(self.tier)
        try:
            credential = await self.source.credential()
            outcomes = [
                o async for o in self.source.fetcher.ask(self.source.cluster, credential, [self.question])
            ]
        finally:
            self._turn_over()
        outcome = outcomes[0] if outcomes else Outcome(question=self.question, answer=Answer.BROKEN)
        if outcome.answer is Answer.NOT_ASKED:
            self._seen = self._clock.now()
            self._tell(Status(answer=Answer.NOT_ASKED))
        elif outcome.answer.known or outcome.malformed:
            await self._replace(outcome.objects, outcome.malformed, Freshness.POLLED, outcome.truncated)
        else:
            self._failed(outcome.failure or Failure(code=FailureCode.INTERNAL, message="no answer came"))

    # ---- taking in

    async def _take(self, change: Change) -> None:
        match change:
            case Reset():
                await self._replace(change.objects, change.malformed, Freshness.LIVE, change.truncated)
                return
            case Upsert(obj):
                self._put(obj)
            case Delete(obj):
                held = self.objects.get(key_of(obj))
                if held is not None and held.meta.uid == obj.meta.uid:
                    self._drop(key_of(obj))
                self._malformed.pop(_where(obj), None)
            case Unreadable(malformed):
                if len(self._malformed) < MOST_MALFORMED:
                    self._malformed[malformed.where] = malformed
                    self._void()
                    self._misfit(self)
            case Stale(failure):
                self._failed(failure)
                return
            case Bookmark():
                pass
        self._seen = self._clock.now()
        self._current(Freshness.LIVE, self._status.truncated)

    async def _replace(
        self,
        objects: tuple[KubeObject, ...],
        malformed: tuple[Malformed, ...],
        freshness: Freshness,
        truncated: bool,
    ) -> None:
        """These are all there are. Readers are told the difference; the first time, everything."""
        missing = self.objects.keys()
        for number, obj in enumerate(objects, 1):
            missing.discard(key_of(obj))
            self._put(obj)
            if number % CHUNK == 0:
                await asyncio.sleep(0)
        for key in missing:
            self._drop(key)
        self._malformed = {m.where: m for m in malformed[:MOST_MALFORMED]}
        self._seen = self._clock.now()
        self._current(freshness, truncated)
        if malformed or truncated:
            self._void()
            self._misfit(self)

    def _put(self, obj: KubeObject) -> None:
        held = self.objects.get(key_of(obj))
        if (
            held is not None
            and held.meta.uid == obj.meta.uid
            and held.meta.resource_version == obj.meta.resource_version
            and held.meta.resource_version
        ):
            return
        old = self.objects.put(obj)
        if self._malformed:
            self._malformed.pop(_where(obj), None)
        if self.known:
            for reader, has in self.readers.touched(old, obj):
                reader.put(obj) if has else reader.gone(key_of(obj))

    def _drop(self, key: Key) -> None:
        old = self.objects.drop(key)
        if self.known and old is not None:
            for reader, _ in self.readers.touched(old, None):
                reader.gone(key)

    def _current(self, freshness: Freshness, truncated: bool) -> None:
        first = not self.known
        self._failures = 0
        self._recovered()
        self._tell(Status(answer=Answer.EMPTY, freshness=freshness, truncated=truncated))
        if first:
            self._void()

    def _failed(self, failure: Failure) -> None:
        """The newest attempt failed: what was known is stale, or nothing is known and that is why."""
        self._failures += 1
        answer = answer_of(failure)
        if self.known and answer not in (Answer.FORBIDDEN, Answer.ABSENT):
            self._stale = failure
            if self._status.stale_since is not None:
                self._say_stale()
            elif self._stale_timer is None:
                loop = asyncio.get_running_loop()
                self._stale_timer = loop.call_later(STALE_AFTER, self._say_stale)
            return
        self._recovered()
        # What may no longer be seen is not shown as it was.
        for key in tuple(self.objects.keys()):
            self._drop(key)
        self._tell(Status(answer=answer, freshness=Freshness.POLLED, failure=failure))
        self._void()
        if answer is Answer.FORBIDDEN:
            self._misfit(self)

    def _say_stale(self) -> None:
        if self._stale is not None:
            since = self._status.stale_since or self._seen or self._clock.now()
            self._tell(msgspec.structs.replace(self._status, stale_since=since, failure=self._stale))

    def _recovered(self) -> None:
        self._stale = None
        if self._stale_timer is not None:
            self._stale_timer.cancel()
            self._stale_timer = None

    def _tell(self, status: Status) -> None:
        if status != self._status:
            self._status = status
            for reader in self.readers:
                reader.told()

    def _void(self) -> None:
        for reader in self.readers:
            reader.void()

    def _malformed_for(self, question: Question) -> tuple[Malformed, ...]:
        """Those that may answer the question, as far as their names tell."""
        if not self._malformed:
            return ()
        return tuple(
            m
            for where, m in self._malformed.items()
            if not question.namespace or "/" not in where or where.startswith(question.namespace + "/")
        )

    def _defect(self, error: Exception) -> Failure:
        """Log where it happened and of what class; not what it says: that may quote a token or a body."""
        frames = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
        log.error(
            "a stream failed",
            cluster=self.source.cluster.name,
            type=self.question.type.key,
            error=type(error).__name__,
            frames=frames[-8:],
        )
        return Failure(
            code=FailureCode.INTERNAL,
            message=f"listening failed unexpectedly ({type(error).__name__}); the log tells where",
        )


def _where(obj: KubeObject) -> str:
    return f"{obj.namespace}/{obj.name}" if obj.namespace else obj.name
