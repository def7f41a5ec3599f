"""What could not be seen in a cluster, put together by reason, so that one refusal is told once and not per type."""

from collections.abc import Iterable

import msgspec

from callboard.model.outcome import Answer, FailureCode, Outcome
from callboard.model.resource import is_custom, words_of

__all__ = ["Gap", "gaps", "not_served"]

_UNSEEN = {
    Answer.FORBIDDEN: "Callboard is not allowed to see {what}",
    Answer.UNAUTHORIZED: "the cluster does not accept our sign-in for {what}",
    Answer.ABSENT: "the cluster does not know {what}",
    Answer.THROTTLED: "the cluster asked us to come back later for {what}",
    Answer.LATE: "{what} did not arrive in time",
    Answer.BROKEN: "the answers for {what} cannot be used",
    Answer.AWAITED: "{what} still awaited",
    Answer.NOT_ASKED: "{what} not asked for",
}

_WITHHELD = {
    FailureCode.NOT_GRANTED: "you may not see {what}",
    FailureCode.UNDECIDED: "it could not be decided whether you may see {what}",
}
"""What the caller may not see; all else is what we may not."""


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Questions that failed alike. `types` are in words, in the order asked; `words` are the API server's own, each once."""

    answer: Answer
    types: tuple[str, ...]
    namespaces: tuple[str, ...]
    words: tuple[str, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def what(self) -> str:
        """The types and where: `pods, services and jobs in shop and pay`."""
        where = f" in {_joined(self.namespaces)}" if self.namespaces else ""
        return _joined(self.types) + where

    @property
    def plain(self) -> str:
        """One clause for everyone."""
        failure = self.outcomes[0].failure if self.outcomes else None
        code = failure.code if failure else None
        if failure and code is FailureCode.NO_USER:
            return failure.message  # of everything there, so naming types would say less
        words = _WITHHELD.get(code) if code else None
        return (words or _UNSEEN.get(self.answer, "{what} could not be seen")).format(what=self.what)


def gaps(outcomes: Iterable[Outcome]) -> tuple[Gap, ...]:
    """The outcomes that failed, those of one answer and failure code together, in the order in which they first occur. A
    configured type that the cluster does not have is none: there is nothing of it to be seen."""
    alike: dict[tuple[Answer, FailureCode | None], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.answer.failed and not not_served(outcome):
            code = outcome.failure.code if outcome.failure else None
            alike.setdefault((outcome.answer, code), []).append(outcome)
    return tuple(_gap(answer, found) for (answer, _), found in alike.items())


def not_served(outcome: Outcome) -> bool:
    """Whether it asked for a configured type that the cluster does not have."""
    return outcome.answer is Answer.ABSENT and is_custom(outcome.question.type)


def _gap(answer: Answer, outcomes: list[Outcome]) -> Gap:
    return Gap(
        answer=answer,
        types=tuple(dict.fromkeys(words_of(o.question.type) for o in outcomes)),
        namespaces=tuple(dict.fromkeys(o.question.namespace for o in outcomes if o.question.namespace)),
        words=tuple(dict.fromkeys(o.failure.message for o in outcomes if o.failure and o.failure.message)),
        outcomes=tuple(outcomes),
    )


def _joined(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
