"""One selection on one source, live: composed once for each change, however many read it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
import structlog

from callboard.base.clock import Clock
from callboard.base.settings import ClusterLimits
from callboard.fleet.asking import ROUNDS
from callboard.fleet.belonging import belonging
from callboard.fleet.hub.port import Held, HubPort, Key, Source, Update
from callboard.fleet.progress import whole_failure
from callboard.fleet.references import questions, withheld
from callboard.model.objects import KubeObject
from callboard.model.outcome import Answer, Failure, FailureCode, Freshness, Outcome, Question
from callboard.model.selection import Selection
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice

__all__ = ["Look"]

log = structlog.get_logger(__name__)


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


class Look:
    """`run` it in a task of its owner. `snapshot` is the newest state; every listener is called when it is replaced."""

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
    ) -> None:
        self._hub = hub
        self._source = source
        self._selection = selection
        self._limits = limits
        self._clock = clock
        self._clock_offset = clock_offset
        self._coalesce = coalesce
        self._answers: dict[Question, _Answered] = {}
        self._took = 0.0
        self._settled = False
        self._expired = False
        self._late = False
        self._left_out = 0
        self.listeners: set[Callable[[], None]] = set()
        self.composed = 0
        """How often a snapshot was made, for tests and figures."""
        self.snapshot = ClusterSnapshot(cluster=source.cluster.info, asked_as=source.identity)

    async def run(self) -> None:
        """Follow the source until cancelled."""
        loop = asyncio.get_running_loop()
        began, deadlines = loop.time(), [self._limits.soft_deadline, self._limits.hard_deadline]
        subscription = self._hub.subscribe(self._source)
        asked = self._selection.questions()
        try:
            subscription.want(asked)
            while True:
                references: Sequence[Question] = ()
                for _ in range(ROUNDS):
                    for update in subscription.take():
                        self._take(update)
                    references = self._references(asked)
                    subscription.want((*asked, *references))
                    if not references or all(q in self._answers for q in references):
                        break
                if not self._took and all(self._known(q) for q in asked):
                    self._took = loop.time() - began
                self._compose(asked, references)
                composed = loop.time()
                if deadlines and composed - began < deadlines[0]:
                    try:
                        async with asyncio.timeout_at(began + deadlines[0]):
                            await subscription.wait()
                    except TimeoutError:
                        pass
                else:
                    await subscription.wait()
                # The first change is shown at once, those that follow on its heels together.
                await asyncio.sleep(max(0.0, composed + self._coalesce - loop.time()))
                if deadlines and loop.time() - began >= deadlines[0]:
                    deadlines.pop(0)
                    self._late, self._expired = True, not deadlines
        finally:
            subscription.close()

    def _take(self, update: Update) -> None:
        answered = self._answers.get(update.question)
        if answered is not None:
            answered.take(update)
        elif isinstance(update, Held):
            self._answers[update.question] = _Answered(update)

    def _known(self, question: Question) -> bool:
        answered = self._answers.get(question)
        return answered is not None and answered.status.answer is not Answer.AWAITED

    def _references(self, asked: Sequence[Question]) -> list[Question]:
        """All references that follow from what is known now, those no longer wanted left out."""
        outcomes = self._outcomes(asked)
        wanted: list[Question] = []
        for _ in range(ROUNDS):
            more = questions(self._selection, outcomes, self._outcomes(wanted))
            self._left_out = more.left_out
            if not more.questions:
                break
            wanted += more.questions
        kept = {*asked, *wanted}
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

    def _compose(self, asked: Sequence[Question], references: Sequence[Question]) -> None:
        outcomes = self._outcomes(asked)
        state, failure = _state(outcomes)
        found = self._outcomes(references)
        complete = state is ClusterState.ANSWERED and all(o.answer is not Answer.AWAITED for o in found)
        self._settled = self._settled or complete
        notices: list[Notice] = []
        if self._late and state in (ClusterState.AWAITED, ClusterState.PARTIAL):
            soft = self._limits.soft_deadline
            notices.append(
                self._notice("late", f"no whole answer within {soft:g} seconds; it is still being asked")
            )
        if self._left_out:
            words = f"{self._left_out} further nodes, namespaces or claims of this service were not looked at"
            notices.append(self._notice("references-bounded", words))
        self.snapshot = ClusterSnapshot(
            cluster=self._source.cluster.info,
            state=state,
            outcomes=outcomes,
            references=(*belonging(outcomes, found), *withheld(self._selection)),
            references_complete=self._settled,
            failure=failure,
            notices=tuple(notices),
            asked_as=self._source.identity,
            as_of=self._as_of(outcomes),
            took=self._took,
            clock_offset=self._clock_offset(),
        )
        self.composed += 1
        for listener in tuple(self.listeners):
            listener()

    def _as_of(self, outcomes: Sequence[Outcome]) -> datetime | None:
        """The moment all that is known is true of: now, where everything is live."""
        known = [o for o in outcomes if o.answer is not Answer.AWAITED]
        if not known:
            return None
        old = [o.as_of for o in known if o.as_of and (o.freshness is not Freshness.LIVE or o.stale_since)]
        return min(old, default=self._clock.now())

    def _notice(self, code: str, message: str) -> Notice:
        return Notice(code, message, cluster=self._source.cluster.name)


def _state(outcomes: Sequence[Outcome]) -> tuple[ClusterState, Failure | None]:
    awaited = sum(o.answer is Answer.AWAITED for o in outcomes)
    if awaited:
        return (ClusterState.AWAITED if awaited == len(outcomes) else ClusterState.PARTIAL), None
    failure = whole_failure(outcomes)
    return (ClusterState.ANSWERED, None) if failure is None else (ClusterState.FAILED, failure)
