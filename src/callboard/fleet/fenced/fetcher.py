"""A fetcher of an extension behind its fence. Ours is built to give values whatever a cluster does."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing

from callboard.base.errors import CallboardError
from callboard.base.fence import Fence, WrongAnswer
from callboard.base.fenced_steps import each
from callboard.base.part_calls import Given
from callboard.base.shape import misfit_in, shown_type
from callboard.extend.parts import Fetcher
from callboard.model.cluster import Cluster, Credential
from callboard.model.outcome import Answer, Failure, FailureCode, Malformed, Outcome, Question
from callboard.model.selection import Selection

__all__ = ["FencedFetcher"]


class FencedFetcher:
    """Gives one outcome for each question whatever the fetcher does: where that breaks off, the rest is broken and says why. Its
    time is bounded by whoever asks: each cluster has a deadline of its own."""

    def __init__(self, fetcher: Fetcher, fence: Fence) -> None:
        self._fetcher = fetcher
        self._fence = fence

    async def fetch(
        self, cluster: Cluster, credential: Credential, selection: Selection
    ) -> AsyncGenerator[Outcome, None]:
        """One outcome for each question of the selection."""
        given = self._given(
            cluster, selection.questions(), lambda: self._fetcher.fetch(cluster, credential, selection)
        )
        async with aclosing(given):
            async for outcome in given:
                yield outcome

    async def ask(
        self, cluster: Cluster, credential: Credential, questions: Sequence[Question]
    ) -> AsyncGenerator[Outcome, None]:
        """One outcome for each question."""
        given = self._given(cluster, questions, lambda: self._fetcher.ask(cluster, credential, questions))
        async with aclosing(given):
            async for outcome in given:
                yield outcome

    async def _given(
        self, cluster: Cluster, questions: Sequence[Question], begin: Callable[[], AsyncIterator[Outcome]]
    ) -> AsyncGenerator[Outcome, None]:
        open_ = {_key(q): q for q in questions}
        try:
            told = Given(cluster, [q.type.key for q in questions[:10]])
            steps = each(self._fence, "ask a cluster", begin, _outcome, given=told)
            async with aclosing(steps):
                async for outcome in steps:
                    if open_.pop(_key(outcome.question), None) is None:
                        break  # one that was answered, or was not asked: there may be no end of them
                    yield outcome
                    await asyncio.sleep(0)
        except CallboardError as error:
            failure = Failure(code=FailureCode.INTERNAL, message=error.message)
        else:
            failure = Failure(
                code=FailureCode.INTERNAL, message=f"{self._fence.part} gave no answer to this question"
            )
        for question in open_.values():
            yield Outcome(question=question, answer=Answer.BROKEN, failure=failure)


def _key(question: Question) -> tuple[str, str, str, str, str]:
    """A question, whatever discovery has since filled in about its type."""
    return (
        question.type.key,
        question.namespace,
        question.label_selector,
        question.field_selector,
        question.name,
    )


def _outcome(value: object) -> Outcome:
    if not isinstance(value, Outcome):
        raise WrongAnswer(f"expected Outcome, got {shown_type(value)}")
    if found := misfit_in(
        value, question=Question, answer=Answer, objects=tuple, malformed=tuple[Malformed, ...]
    ):
        raise WrongAnswer(found)
    return value
