"""One stream: everything that one question brings at one source, kept current by a watch, or by asking again.

`kube/watching/watch.py` does the protocol (resume, 410 Gone, silence), `holdings` what its changes mean for those who read.

    restoring ──▶ watching ◀──────────▶ polling      which of the two, and when: `schedule` and `budget`
     what a        list, then changes;   the list,
     checkpoint    410: listed anew      at intervals,
     holds         by `watch`            while anybody reads

    either one fails ──▶ what was seen last stays, stale ──▶ pause, doubled up to a minute ──▶ the same again
    nobody reads any more ──▶ the hub waits `keep` seconds and cancels `run`
"""

import asyncio
import random
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import aclosing, suppress
from datetime import datetime

import msgspec

from callboard.base.clock import Clock
from callboard.base.errors import CallboardError, Unavailable
from callboard.fleet.defect import defect
from callboard.fleet.hub.checkpoint.checkpoints import Checkpoints, Moment
from callboard.fleet.hub.checkpoint.form import Header
from callboard.fleet.hub.checkpoint.reading import Place
from callboard.fleet.hub.holdings.holdings import NO_OBJECT, Holdings, HoldingsReader, NextStep, ObjectChanged
from callboard.fleet.hub.holdings.index import ObjectIndex
from callboard.fleet.hub.holdings.room import Room
from callboard.fleet.hub.port import Source, Watcher
from callboard.fleet.hub.scope import tier
from callboard.fleet.hub.streams.budget import Budget, ListPermit
from callboard.fleet.hub.streams.pulse import Pulse
from callboard.fleet.hub.streams.schedule import Schedule
from callboard.fleet.observer import Observer
from callboard.kube.failure import answer_of
from callboard.kube.ingest.packing import Packer, Packings
from callboard.kube.watching.watch import Bookmark, Change, Delete, Reset, Stale, Unreadable, Upsert
from callboard.model.cluster import Credential
from callboard.model.objects import PackedObject
from callboard.model.outcome import Answer, Failure, FailureCode, Freshness, Malformed, Outcome, Question
from callboard.model.outline import Well, nothing_is_well

__all__ = ["Stream"]

LONGEST_PAUSE = 60.0
"""Seconds between two polls of a cluster that does not answer, at most."""

_REFUSED = (FailureCode.FORBIDDEN, FailureCode.NOT_SERVED)


class Stream:
    """`run` it in a task of its owner. `misfit` is called when the stream turns out not to answer its readers' questions."""

    def __init__(
        self,
        source: Source,
        question: Question,
        *,
        watcher: Watcher,
        budget: Budget,
        pulse: Pulse,
        clock: Clock,
        watched: bool,
        misfit: Callable[["Stream"], None],
        observer: Observer,
        changed: ObjectChanged | None = None,
        checkpoints: Checkpoints | None = None,
        next_step: NextStep | None = None,
        room: Room | None = None,
        jitter: Callable[[], float] = random.random,
        well: Well = nothing_is_well,
    ) -> None:
        self.source = source
        self.question = question
        self.tier = tier(question)
        self.held = Holdings(question, clock, lambda: misfit(self), changed, next_step, room)
        self._watcher = watcher
        self._budget = budget
        self._pulse = pulse
        self._observer = observer
        self._checkpoints = checkpoints
        self._record = _Record(opening=checkpoints is not None)
        self._jitter = jitter
        self._keep = Packer(Packings(well))
        self._permit: ListPermit | None = None
        self._watching: asyncio.Timeout | None = None
        self._schedule = Schedule(watched=watched, jitter=jitter)

    # ---- for the hub

    def attach(self, reader: HoldingsReader, question: Question) -> None:
        """`reader` is told of every change that concerns `question` from now on; it reads what is there itself."""
        was_idle = not len(self.held.readers)
        self.held.readers.add(reader, question)
        if was_idle:
            self._schedule.wake.set()  # nothing is polled while nobody looks

    def detach(self, reader: HoldingsReader) -> None:
        self.held.readers.remove(reader)

    def look_again(self) -> None:
        """Somebody wants to know now whether a refusal still stands."""
        held = self.held
        self._schedule.look_again(_now(), refused=held.refused or held.doubted, known=held.known)

    # ---- for checkpoints

    @property
    def opening(self) -> bool:
        """Whether what was written of it may still come."""
        return self._record.opening

    @property
    def place(self) -> Place:
        if self._record.place is None:
            self._record.place = Place.of(self.source.key, self.question)
        return self._record.place

    @property
    def changes(self) -> int:
        return self.held.changes

    @property
    def void(self) -> bool:
        return self.held.answer in (Answer.FORBIDDEN, Answer.ABSENT)

    def moment(self) -> Moment | None:
        held = self.held
        if self._record.replacing or not held.known or not held.whole or held.as_of is None:
            return None
        return Moment(
            version=self._record.version,
            as_of=held.as_of,
            objects=held.objects.all(),
            malformed=held.malformed,
            truncated=held.truncated,
        )

    @property
    def as_of(self) -> datetime | None:
        return self.held.as_of

    def wanted(self) -> Collection[Question]:
        return {q for q in self.held.readers.questions() if q.name != NO_OBJECT}

    def restored(self, header: Header, objects: ObjectIndex) -> None:
        self._record.version = header.version
        self.held.restored(objects, header.as_of, header.malformed, header.truncated)

    def taken_in(self, objects: ObjectIndex) -> None:
        self.held.taken_in(objects)

    def not_restored(self) -> None:
        self._record.version = ""
        self.held.not_restored()

    # ---- for the budget

    def demote(self) -> None:
        """Let the watch go and poll."""
        if self._watching is not None:
            self._watching.reschedule(asyncio.get_running_loop().time())
            self._watching = None

    def promote(self) -> None:
        """A watch has become free."""
        self._schedule.promote()

    # ---- for the pulse

    def reopen(self) -> None:
        if self._watching is not None:
            self._watching.reschedule(asyncio.get_running_loop().time())

    # ---- running

    async def run(self) -> None:
        """Keep the objects current until cancelled."""
        pause = 1.0
        try:
            if self._checkpoints is not None:
                await self._checkpoints.restore(self.place, self)
                self._record.opening = False
            while True:
                try:
                    if self._schedule.may_watch(_now()) and self._budget.admit(self):
                        await self._watch()
                    else:
                        await self._poll()
                    pause = 1.0
                    continue
                except CallboardError as error:
                    failure = Failure(code=FailureCode.CREDENTIAL, message=error.message)
                except Exception as error:
                    words = "reading a type of a cluster failed unexpectedly; what was seen last stays, and it is listed anew"
                    where = {"cluster": self.source.cluster.name, "type": self.question.type.key}
                    failure = defect("listening", error, told=words, **where)
                finally:
                    self._budget.leave(self)
                    self._give_back()
                self._failed(failure)
                await asyncio.sleep(pause * (0.5 + self._jitter() / 2))
                pause = min(LONGEST_PAUSE, pause * 2)
        finally:
            self.held.close()
            self._budget.leave(self)
            self._give_back()

    async def _watch(self) -> None:
        """Watch until it is refused or the watch is needed elsewhere; then poll."""
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._watching = limit
                await self._admitted()
                resolved = await self._watcher.resolve(self.source, self.question.type)
                if isinstance(resolved, Failure):
                    self._budget.reach.failed(resolved)
                    self._refuse(resolved)
                    return
                self.held.resolved(resolved)
                question = msgspec.structs.replace(self.question, type=resolved)
                since = self._record.version if self.held.known else ""
                watching = self._watcher.watch(self.source, question, self._credential, since, self._progress)
                async with aclosing(watching):
                    async for changes in watching:
                        self._give_back()
                        last = changes[-1]
                        if not isinstance(last, Stale):
                            self._budget.reach.answered()
                            self._pulse.stands(self)
                            self._schedule.answered(watch=True)
                        if isinstance(last, Stale) and _refuses(last.failure):
                            self._budget.reach.answered()
                            self._refuse(last.failure)
                            return
                        began = time.perf_counter()
                        await self._take(changes)
                        lasted = time.perf_counter() - began
                        self._observer.taken(self.source.cluster.name, len(changes), lasted)
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            self._watching = None
            self._pulse.falls(self)

    async def _credential(self) -> Credential:
        """Called before every request of the watch: the moment to wait for a turn."""
        self._pulse.falls(self)
        await self._admitted()
        return await self.shared_credential()

    async def _admitted(self) -> None:
        """Wait until the cluster may be asked: it answers, or this stream is the one that tries, and its turn has come."""
        if self._permit is None:
            await self._budget.reach.leave(self.held.failed, patient=self.held.known)
            self._permit = await self._budget.permit(self.tier)

    async def shared_credential(self) -> Credential:
        """The source's credential, and a second look that it is nobody's own: what it reads is shared, and kept."""
        credential = await self.source.credential()
        if credential.own:
            raise Unavailable(
                "the credential is a caller's own, and must not be shared", code="own-credential"
            )
        return credential

    def _progress(self) -> None:
        self._budget.reach.heard()
        if self._permit is not None:
            self._permit.progress()

    def _give_back(self) -> None:
        if self._permit is not None:
            permit, self._permit = self._permit, None
            permit.over()

    def _refuse(self, failure: Failure) -> None:
        """Watching is refused. Listing may be allowed: that is tried at once, unless the type is not there at all."""
        gone = failure.code is FailureCode.NOT_SERVED
        self._schedule.watch_refused(_now(), looked_at=bool(self.wanted()), listing_too=gone)
        if gone:
            self._failed(failure)

    async def _poll(self) -> None:
        """Ask at an interval while somebody looks, until the question may be watched (again)."""
        schedule = self._schedule
        while True:
            schedule.wake.clear()
            if schedule.back_to_watching(_now()):
                return
            if not len(self.held.readers):
                await schedule.wake.wait()
                continue
            left = schedule.next_at() - _now()
            if left > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await schedule.wake.wait()
                continue
            await self._ask()
            interval = self.source.settings.poll_interval * (0.8 + 0.4 * self._jitter())
            if self.void or self.held.doubted:
                schedule.refused(_now(), looked_at=bool(self.wanted()))
                continue
            if self.held.failures:
                interval = max(interval, min(LONGEST_PAUSE, interval * 2 ** (self.held.failures - 1)))
            schedule.ask_in(interval, _now())

    async def _ask(self) -> None:
        await self._admitted()
        try:
            credential = await self.shared_credential()
            outcomes = [
                o async for o in self.source.fetcher.ask(self.source.cluster, credential, [self.question])
            ]
        finally:
            self._give_back()
        outcome = outcomes[0] if outcomes else Outcome(question=self.question, answer=Answer.BROKEN)
        if outcome.failure is not None:
            self._budget.reach.failed(outcome.failure)
        elif outcome.answer is not Answer.NOT_ASKED:
            self._budget.reach.answered()
        if outcome.answer is Answer.NOT_ASKED or outcome.answer.known:
            self._schedule.answered()
        if outcome.answer is Answer.NOT_ASKED:
            self.held.not_asked()
        elif outcome.answer.known or outcome.malformed:
            kept = map(self._keep.of, outcome.objects)
            await self._replace(
                kept, outcome.malformed, Freshness.POLLED, outcome.truncated, outcome.resource_version
            )
            self._observe()
        else:
            self._failed(outcome.failure or Failure(code=FailureCode.INTERNAL, message="no answer came"))

    async def _take(self, changes: Sequence[Change]) -> None:
        held = self.held
        for change in changes:
            match change:
                case Upsert(obj):
                    held.put(obj)
                    self._record.version = obj.resource_version
                case Delete(obj):
                    held.delete(obj)
                    self._record.version = obj.resource_version
                case Reset():
                    version = change.resource_version
                    await self._replace(
                        change.objects, change.malformed, Freshness.LIVE, change.truncated, version
                    )
                    self._observe()
                case Unreadable(malformed):
                    held.unreadable(malformed)
                case Stale(failure):
                    self._pulse.falls(self)
                    if failure.code is FailureCode.UNAUTHORIZED:
                        self._pulse.refused(self)
                    self._budget.reach.failed(failure)
                    self._failed(failure)
                    return
                case Bookmark(version):
                    self._record.version = version
        if not isinstance(changes[-1], Reset):
            held.seen()

    async def _replace(
        self,
        objects: Iterable[PackedObject],
        malformed: tuple[Malformed, ...],
        freshness: Freshness,
        truncated: bool,
        version: str,
    ) -> None:
        """While it lasts, what is held is of no one moment."""
        self._record.version, self._record.replacing = "", True
        await self.held.replace(objects, malformed, freshness, truncated)
        self._record.version, self._record.replacing = version, False

    def _failed(self, failure: Failure) -> None:
        """A refusal of what was readable a moment ago is not believed at once; one of what was read before a restart is."""
        self.held.failed(failure, doubted=self._schedule.doubted(_now()))
        self._observe(failure)

    def _observe(self, failure: Failure | None = None) -> None:
        """Lists and failures are counted like the fan-out's; single changes are not."""
        answer = answer_of(failure) if failure else Answer.OBJECTS if len(self.held.objects) else Answer.EMPTY
        self._observer.asked(
            self.source.cluster.name, Outcome(question=self.question, answer=answer, failure=failure)
        )


class _Record:
    """How far a stream has come, as its checkpoint has it. `version` is the resourceVersion to go on from, "" for none;
    while it is `replacing`, what is held is of no one moment; `opening` says that what was written may still come."""

    def __init__(self, *, opening: bool) -> None:
        self.opening = opening
        self.place: Place | None = None
        self.version = ""
        self.replacing = False


def _now() -> float:
    return asyncio.get_running_loop().time()


def _refuses(failure: Failure) -> bool:
    """Whether there is nothing to watch here; 405 where the type has no such verb."""
    return failure.code in _REFUSED or failure.status == 405
