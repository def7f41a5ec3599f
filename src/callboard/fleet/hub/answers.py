"""What is known for the questions of one selection, and for the references that follow from them. Asks nothing itself."""

from collections.abc import Sequence

import msgspec

from callboard.base.settings import ClusterLimits
from callboard.fleet.asking.asking import ROUNDS
from callboard.fleet.hub.opening import OpenedUpdate
from callboard.fleet.hub.port import AnswerStatus, Held, Key
from callboard.fleet.selection.references import questions
from callboard.model.objects import KubeObject
from callboard.model.outcome import Answer, Failure, FailureCode, Outcome, Question
from callboard.model.selection import Selection

__all__ = ["SelectionAnswers"]


class SelectionAnswers:
    """`asked` are the questions of the selection, `references` those that follow from what is known now. `left_out` counts
    further references that the bounds left out. Once `expired` is set, what has no answer yet counts as late."""

    def __init__(self, selection: Selection, limits: ClusterLimits) -> None:
        self._selection = selection
        self._limits = limits
        self._known: dict[Question, _Answered] = {}
        self.asked = selection.questions()
        self.references: Sequence[Question] = ()
        self.left_out = 0
        self.behind = False
        """Whether something was taken in that `follow` has not seen."""
        self.expired = False

    @property
    def wanted(self) -> tuple[Question, ...]:
        """All that is to be asked."""
        return (*self.asked, *self.references)

    @property
    def whole(self) -> bool:
        """Whether every question of the selection itself has come to something."""
        return all(
            (known := self._known.get(q)) is not None and known.status.answer is not Answer.AWAITED
            for q in self.asked
        )

    def take(self, updates: Sequence[OpenedUpdate]) -> None:
        """Take in what the hub tells."""
        for each in updates:
            known = self._known.get(each.update.question)
            if known is None and isinstance(each.update, Held):
                known = self._known[each.update.question] = _Answered(each.update.status)
            if known is not None:
                known.take(each)
        self.behind = True

    def clear(self) -> None:
        """Nothing is known any more."""
        self._known.clear()

    def selected(self) -> tuple[Outcome, ...]:
        """The outcomes of the selection's own questions."""
        return tuple(map(self._outcome, self.asked))

    def referred(self) -> tuple[Outcome, ...]:
        """The outcomes of the references."""
        return tuple(map(self._outcome, self.references))

    def follow(self) -> None:
        """Find out what to ask next: all references that follow from what is known now. What is known of those no longer
        wanted is forgotten."""
        self.behind = False
        outcomes = self.selected()
        wanted: list[Question] = []
        for _ in range(ROUNDS):
            more = questions(self._selection, outcomes, tuple(map(self._outcome, wanted)))
            self.left_out = more.left_out
            if not more.questions:
                break
            wanted += more.questions
        self.references = wanted
        kept = {*self.asked, *wanted}
        for question in [q for q in self._known if q not in kept]:
            del self._known[question]

    def _outcome(self, question: Question) -> Outcome:
        known = self._known.get(question)
        outcome = (
            known.outcome(question)
            if known is not None
            else Outcome(question=question, answer=Answer.AWAITED)
        )
        if outcome.answer is Answer.AWAITED and self.expired:
            message = f"no whole answer within {self._limits.hard_deadline:g} seconds"
            return msgspec.structs.replace(
                outcome, answer=Answer.LATE, failure=Failure(code=FailureCode.DEADLINE, message=message)
            )
        return outcome


class _Answered:
    """What is known for one question."""

    def __init__(self, status: AnswerStatus) -> None:
        self.status = status
        self.objects: dict[Key, KubeObject] = {}
        self._outcome: Outcome | None = None

    def take(self, told: OpenedUpdate) -> None:
        self._outcome = None
        self.status = told.update.status
        if isinstance(told.update, Held):
            self.objects = told.objects
            return
        for key in told.update.deletes:
            self.objects.pop(key, None)
        self.objects.update(told.objects)

    def outcome(self, question: Question) -> Outcome:
        if self._outcome is None:
            objects = tuple(self.objects[key] for key in sorted(self.objects))
            self._outcome = self.status.outcome(question, objects)
        return self._outcome
