"""What asking one cluster has come to so far, and the snapshot made of it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from callboard.model.belonging import belonging
from callboard.model.cluster import Cluster
from callboard.model.notice import NoticeCode
from callboard.model.outcome import Answer, Failure, FailureCode, Outcome, Question
from callboard.model.resource import DECISIVE
from callboard.model.selection import Selection
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice

__all__ = ["Progress", "whole_failure"]

K = TypeVar("K")


class Progress:
    """Collects answers. `changed` is called after every change; `snapshot` is made when asked for, so that a burst of
    answers costs one sorting."""

    def __init__(self, cluster: Cluster, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._cluster = cluster.name
        self._snapshot = ClusterSnapshot(cluster=cluster.info)
        self._outcomes: dict[tuple[str, str, str], Outcome] = {}
        self._references: dict[Question, Outcome] = {}
        self._withheld: tuple[Outcome, ...] = ()
        self._undecided: set[tuple[str, str, str]] = set()
        self._found = False
        self._stale = False

    @property
    def state(self) -> ClusterState:
        return self._snapshot.state

    @property
    def telling(self) -> bool:
        """Whether all is known that a verdict is made of, and something of it is there."""
        return self._found and not self._undecided

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The selection's, in the order of its questions."""
        return tuple(self._outcomes.values())

    @property
    def references(self) -> tuple[Outcome, ...]:
        """As they came, neighbours included."""
        return tuple(self._references.values())

    @property
    def snapshot(self) -> ClusterSnapshot:
        """What is known by now."""
        if self._stale:
            self._stale = False
            self._snapshot = msgspec.structs.replace(
                self._snapshot,
                outcomes=self.outcomes,
                references=(*belonging(self.outcomes, self.references), *self._withheld),
            )
        return self._snapshot

    def asked_as(self, identity: str) -> None:
        self._change(asked_as=identity)

    def expect(self, selection: Selection) -> None:
        """Every question of the selection stands open from now on."""
        for question in selection.questions():
            key = _key(question)
            self._outcomes[key] = Outcome(question=question, answer=Answer.AWAITED)
            if question.type.key in DECISIVE:
                self._undecided.add(key)
        self._change()

    def take(self, outcome: Outcome, now: datetime, clock_offset: float | None) -> None:
        """An answer to one of the selection's questions, and how far the cluster's clock is ahead, where that is known."""
        key = _key(outcome.question)
        self._outcomes[key] = outcome
        self._undecided.discard(key)
        self._found = self._found or (bool(outcome.objects) and outcome.question.type.key in DECISIVE)
        self._change(state=ClusterState.PARTIAL, as_of=outcome.as_of or now, clock_offset=clock_offset)

    def close(self, answer: Answer, failure: Failure) -> tuple[Outcome, ...]:
        """Questions of the selection still open get this answer; returns them."""
        closed = _close(self._outcomes, answer, failure)
        if closed:
            self._change()
        return closed

    def answered(self, took: float) -> None:
        self._change(state=ClusterState.ANSWERED, took=took, notices=self._without(NoticeCode.LATE))

    def failed(self, failure: Failure, now: datetime, took: float) -> None:
        self._change(
            state=ClusterState.FAILED,
            failure=failure,
            as_of=now,
            took=took,
            notices=self._without(NoticeCode.LATE),
        )

    def withhold(self, references: Sequence[Outcome]) -> None:
        """References not asked for on purpose."""
        if references:
            self._withheld = tuple(references)
            self._change()

    def expect_references(self, questions: Iterable[Question]) -> None:
        for question in questions:
            self._references[question] = Outcome(question=question, answer=Answer.AWAITED)
        self._change()

    def take_reference(self, outcome: Outcome) -> None:
        self._references[outcome.question] = outcome
        self._change()

    def close_references(self, answer: Answer, failure: Failure, among: Iterable[Question]) -> None:
        """Those of these questions that are still open get this answer."""
        open_ = {q: self._references[q] for q in among if q in self._references}
        if _close(open_, answer, failure):
            self._references.update(open_)
            self._change()

    def references_complete(self) -> None:
        self._change(references_complete=True)

    def tell(self, code: str, message: str) -> None:
        """A notice about this cluster, once."""
        notice = Notice(code, message, cluster=self._cluster)
        if notice not in self._snapshot.notices:
            self._change(notices=(*self._snapshot.notices, notice))

    def _without(self, code: NoticeCode) -> tuple[Notice, ...]:
        return tuple(n for n in self._snapshot.notices if n.code != code)

    def _change(self, **changes: object) -> None:
        if changes:
            self._snapshot = msgspec.structs.replace(self._snapshot, **changes)
        self._stale = True
        self._changed()


def whole_failure(outcomes: Iterable[Outcome]) -> Failure | None:
    """Why the whole cluster counts as failed, or None: nothing was answered, and nothing was refused type by type (403 and
    404 are each a question's own answer). Of several reasons it is the one most questions share."""
    failures: dict[tuple[str, str], list[Failure]] = {}
    for outcome in outcomes:
        if outcome.answer is Answer.NOT_ASKED:
            continue
        if not outcome.answer.failed or outcome.answer in (Answer.FORBIDDEN, Answer.ABSENT):
            return None
        failure = outcome.failure or Failure(code=FailureCode.INTERNAL, message="no reason given")
        failures.setdefault((failure.code, failure.message), []).append(failure)
    return max(failures.values(), key=len)[0] if failures else None


def _key(question: Question) -> tuple[str, str, str]:
    """A selection's question, whatever discovery has since filled in about its type."""
    return (question.type.key, question.namespace, question.name)


def _close(open_: dict[K, Outcome], answer: Answer, failure: Failure) -> tuple[Outcome, ...]:
    closed = {
        key: msgspec.structs.replace(outcome, answer=answer, failure=failure)
        for key, outcome in open_.items()
        if outcome.answer is Answer.AWAITED
    }
    open_.update(closed)
    return tuple(closed.values())
