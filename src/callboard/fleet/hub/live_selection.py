"""One selection on one source, live: composed once for each change, however many read it.

Many clusters are many looks, which may all have something to compose at one moment: each waits for its turn.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec

from callboard.base.clock import Clock
from callboard.base.settings import ClusterLimits
from callboard.fleet.asking.asking import ROUNDS, USAGE
from callboard.fleet.asking.progress import whole_failure
from callboard.fleet.hub.holdings.holdings import Turning
from callboard.fleet.hub.port import Held, HubPort, Key, Source, Subscription, Update
from callboard.fleet.selection.references import questions, withheld
from callboard.model.belonging import belonging
from callboard.model.notice import NoticeCode
from callboard.model.objects import KubeObject
from callboard.model.outcome import Answer, Failure, FailureCode, Freshness, Outcome, Question
from callboard.model.resource import POD_METRICS
from callboard.model.selection import Selection
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice

__all__ = ["LiveSelection", "moment_of", "state_of"]

RENEWED = 30.0
"""Seconds between two looks at the clock while something means another thing once time has passed, such as a pod that has
crashed often and runs at the moment. Nothing else is made anew without a change."""


class _Answered:
    """What is known for one question."""

    def __init__(self, update: Held) -> None:
        self.status = update.status
        self.objects: dict[Key, KubeObject] = {(o.namespace, o.name): o for o in update.objects}
        self._outcome: Outcome | None = None

    def take(self, update: Update) -> None:
        self._outcome = None
        self.status = update.status
        if isinstance(update, Held):
            self.objects = {(o.namespace, o.name): o for o in update.objects}
            return
        for key in update.deletes:
            self.objects.pop(key, None)
        for obj in update.upserts:
            self.objects[(obj.namespace, obj.name)] = obj

    def outcome(self, question: Question) -> Outcome:
        if self._outcome is None:
            objects = tuple(self.objects[key] for key in sorted(self.objects))
            self._outcome = self.status.outcome(question, objects)
        return self._outcome


class LiveSelection:
    """`run` it in a task of its owner. `snapshot` is the newest state; who listens is told when it is replaced."""

    def __init__(
        self,
        hub: HubPort,
        source: Source,
        selection: Selection,
        limits: ClusterLimits,
        clock: Clock,
        *,
        clock_offset: Callable[[], float | None],
        coalesce: float,
        turn: Turning,
    ) -> None:
        self._hub = hub
        self.source = source
        self.selection = selection
        self._limits = limits
        self._clock = clock
        self._clock_offset = clock_offset
        self._coalesce = coalesce
        self._turn = turn
        self._asked = selection.questions()
        self._references: Sequence[Question] = ()
        self._answers: dict[Question, _Answered] = {}
        self._subscription: Subscription | None = None
        self._began = 0.0
        self._took = 0.0
        self._settled = False
        self._usage_due: float | None = None
        """Until when what the pods use is awaited, once it is all that is."""
        self._usage_over = False
        self._expired = False
        self._late = False
        self._left_out = 0
        self._listened = asyncio.Event()
        self._listeners: dict[int, Callable[[], None]] = {}
        self._joined = 0
        self._made_of: tuple[object, ...] = ()
        """What the snapshot was made of, to compare with: the same is not made anew."""
        self._turns: datetime | None = None
        """When it means another thing without a change, by the cluster's time."""
        self.composed = 0
        """How often a snapshot was made, for tests and figures."""
        self.snapshot = ClusterSnapshot(cluster=source.cluster.info, asked_as=source.identity)

    @property
    def idle(self) -> bool:
        """Whether nobody listens: then nothing is composed, and what changes waits, bounded, at the hub."""
        return not self._listeners

    @property
    def promising(self) -> bool:
        """Whether something may be held that has not been looked at yet: nothing of the cluster was told, and this has not
        begun, or what is on disk is on its way."""
        if self.snapshot.state is not ClusterState.AWAITED:
            return False
        return not self.composed or (self._subscription is not None and self._subscription.imminent)

    def listen(self, changed: Callable[[], None]) -> int:
        """Call `changed` whenever the snapshot is replaced, until `leave` is called with the number returned. The snapshot is
        current from here on, also if nobody has listened for a while; it is the same object where nothing has changed."""
        if self._joined and self._subscription is not None:
            self._subscription.look_again()
        if self.idle and self._subscription is not None:
            self._subscription.want((*self._asked, *self._references))
            if not self._refresh(self._subscription):
                self._compose()
        self._joined += 1
        self._listeners[self._joined] = changed
        self._listened.set()
        return self._joined

    def leave(self, number: int) -> None:
        """Listen no more."""
        self._listeners.pop(number, None)
        if not self._listeners:
            self._listened.clear()
            if self._subscription is not None:
                # What cannot be watched is asked for only while somebody looks.
                wanted = (*self._asked, *self._references)
                self._subscription.want([q for q in wanted if q.type.key != POD_METRICS.key])

    async def run(self) -> None:
        """Follow the source until cancelled."""
        loop = asyncio.get_running_loop()
        self._began, deadlines = loop.time(), [self._limits.soft_deadline, self._limits.hard_deadline]
        subscription = self._subscription = self._hub.subscribe(self.source)
        try:
            subscription.want(self._asked)
            await self._turn()
            self._refresh(subscription)
            while True:
                composed = loop.time()
                if deadlines and composed >= self._began + deadlines[0]:
                    deadlines.pop(0)
                    self._late, self._expired = True, not deadlines
                    self._compose()
                due = [] if self._usage_due is None or self._usage_over else [self._usage_due]
                with suppress(TimeoutError):
                    until = [*(self._began + d for d in deadlines[:1]), *due]
                    until += [composed + RENEWED] if self._turns is not None else []
                    async with asyncio.timeout_at(min(until, default=None)):
                        await subscription.wait()
                await self._listened.wait()
                # The first change is shown at once, those that follow on its heels together.
                await asyncio.sleep(max(0.0, composed + self._coalesce - loop.time()))
                await self._turn()
                self._usage_over = self._usage_over or (bool(due) and loop.time() >= due[0])
                if not self._refresh(subscription):
                    self._compose()
        finally:
            self._subscription = None
            subscription.close()

    def _refresh(self, subscription: Subscription) -> bool:
        """Take what has changed, ask for what follows from it, and compose if there was anything; whether there was."""
        taken = False
        for _ in range(ROUNDS + 1):
            updates = subscription.take()
            if not updates:
                break
            taken = True
            for update in updates:
                self._take(update)
            self._references = self._follow()
            subscription.want((*self._asked, *self._references))
        if taken:
            if not self._took and all(self._known(q) for q in self._asked):
                self._took = asyncio.get_running_loop().time() - self._began
            self._compose()
        return taken

    def fail(self, message: str) -> None:
        """Nothing can be told at present."""
        failure = Failure(code=FailureCode.INTERNAL, message=message)
        self.snapshot = msgspec.structs.replace(
            self.snapshot, state=ClusterState.FAILED, failure=failure, as_of=self._clock.now()
        )
        self._answers.clear()
        self._made_of, self._turns = (), None
        self._tell()

    def _tell(self) -> None:
        for listener in tuple(self._listeners.values()):
            listener()

    def _take(self, update: Update) -> None:
        answered = self._answers.get(update.question)
        if answered is not None:
            answered.take(update)
        elif isinstance(update, Held):
            self._answers[update.question] = _Answered(update)

    def _known(self, question: Question) -> bool:
        answered = self._answers.get(question)
        return answered is not None and answered.status.answer is not Answer.AWAITED

    def _follow(self) -> list[Question]:
        """All references that follow from what is known now, those no longer wanted left out."""
        outcomes = self._outcomes(self._asked)
        wanted: list[Question] = []
        for _ in range(ROUNDS):
            more = questions(self.selection, outcomes, self._outcomes(wanted))
            self._left_out = more.left_out
            if not more.questions:
                break
            wanted += more.questions
        kept = {*self._asked, *wanted}
        for question in [q for q in self._answers if q not in kept]:
            del self._answers[question]
        return wanted

    def _outcomes(self, asked: Sequence[Question]) -> tuple[Outcome, ...]:
        return tuple(self._outcome(q) for q in asked)

    def _outcome(self, question: Question) -> Outcome:
        answered = self._answers.get(question)
        outcome = (
            answered.outcome(question)
            if answered is not None
            else Outcome(question=question, answer=Answer.AWAITED)
        )
        if outcome.answer is Answer.AWAITED and self._expired:
            message = f"no whole answer within {self._limits.hard_deadline:g} seconds"
            return msgspec.structs.replace(
                outcome, answer=Answer.LATE, failure=Failure(code=FailureCode.DEADLINE, message=message)
            )
        return outcome

    def _compose(self) -> None:
        """Make the snapshot anew, where anything it is made of has changed, or what it means."""
        outcomes = self._outcomes(self._asked)
        state, failure = state_of(outcomes)
        found = self._outcomes(self._references)
        self._settled = self._settled or (state is ClusterState.ANSWERED and self._complete(found))
        notices: list[Notice] = []
        if self._late and state in (ClusterState.AWAITED, ClusterState.PARTIAL):
            soft = self._limits.soft_deadline
            notices.append(
                self._notice(
                    NoticeCode.LATE, f"no whole answer within {soft:g} seconds; it is still being asked"
                )
            )
        if self._left_out:
            words = f"{self._left_out} further nodes, namespaces or claims of this service were not looked at"
            notices.append(self._notice(NoticeCode.REFERENCES_BOUNDED, words))
        as_of, offset = moment_of(outcomes, self._clock.now()), self._clock_offset()
        there = as_of + timedelta(seconds=offset or 0.0) if as_of is not None else None
        turned = self._turns is not None and there is not None and there >= self._turns
        made_of = (outcomes, found, self._settled, tuple(notices), self._took)
        if made_of == self._made_of and not turned:
            return
        self._made_of = made_of
        self.snapshot = ClusterSnapshot(
            cluster=self.source.cluster.info,
            state=state,
            outcomes=outcomes,
            references=(*belonging(outcomes, found), *withheld(self.selection)),
            references_complete=self._settled,
            failure=failure,
            notices=tuple(notices),
            asked_as=self.source.identity,
            as_of=as_of,
            took=self._took,
            clock_offset=offset,
        )
        self._turns = self._hub.turns(self.snapshot) if there is not None else None
        self.composed += 1
        self._tell()

    def _complete(self, references: Sequence[Outcome]) -> bool:
        """Whether all references are known, or only what the pods use is still awaited and has been for long enough."""
        awaited = [o for o in references if o.answer is Answer.AWAITED]
        if any(o.question.type.key != POD_METRICS.key for o in awaited):
            return False
        if awaited and self._usage_due is None:
            self._usage_due = asyncio.get_running_loop().time() + USAGE
        return not awaited or self._usage_over

    def _notice(self, code: NoticeCode, message: str) -> Notice:
        return Notice(code, message, cluster=self.source.cluster.name)


def moment_of(outcomes: Sequence[Outcome], now: datetime) -> datetime | None:
    """The moment all that is known is true of: now, where everything is live; None where nothing is known."""
    known = [o for o in outcomes if o.answer is not Answer.AWAITED]
    if not known:
        return None
    old = [
        o.as_of
        for o in known
        if o.as_of and o.answer.known and (o.freshness is not Freshness.LIVE or o.stale_since)
    ]
    return min(old, default=now)


def state_of(outcomes: Sequence[Outcome]) -> tuple[ClusterState, Failure | None]:
    """How far a cluster's selection has come, and why nothing of it can be told, where that is so."""
    awaited = sum(o.answer is Answer.AWAITED for o in outcomes)
    if awaited:
        return (ClusterState.AWAITED if awaited == len(outcomes) else ClusterState.PARTIAL), None
    failure = whole_failure(outcomes)
    return (ClusterState.ANSWERED, None) if failure is None else (ClusterState.FAILED, failure)
