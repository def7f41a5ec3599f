"""All questions to one cluster, side by side within its connections; each outcome as soon as it is there."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence

import msgspec

from callboard.kube.connection.connection import Connection, Connections
from callboard.kube.failure import AnswerRefused, answer_of, failure_of_exception
from callboard.kube.reads.discovery import Discovery, known_whole
from callboard.kube.reads.lists import outcome_of
from callboard.model.cluster import Cluster, Credential
from callboard.model.outcome import Answer, FailureCode, Outcome, Question
from callboard.model.resource import DECISIVE
from callboard.model.selection import Selection

__all__ = ["DirectFetcher"]


class DirectFetcher:
    """The fetcher that asks API servers itself. Implements `extend.Fetcher`."""

    def __init__(self, connections: Connections, discovery: Discovery | None = None) -> None:
        self._connections = connections
        self._discovery = discovery or Discovery()

    def fetch(
        self, cluster: Cluster, credential: Credential, selection: Selection
    ) -> AsyncGenerator[Outcome, None]:
        """One outcome per question of the selection, in order of arrival. A type of unknown scope is looked up first;
        with namespaces given, one that turns out cluster-scoped is NOT_ASKED."""
        return self.ask(cluster, credential, selection.questions())

    def clock_offset(self, cluster: Cluster) -> float | None:
        """Seconds the cluster's clock is ahead of ours; None where no answer has told."""
        return self._connections.clock_offset(cluster)

    async def ask(
        self, cluster: Cluster, credential: Credential, questions: Sequence[Question]
    ) -> AsyncGenerator[Outcome, None]:
        """One outcome per question, in order of arrival; what a verdict is made of is asked first. Closing the iterator cancels
        what is still being asked."""
        if not questions:
            return
        connection = self._connections.to(cluster, credential)
        loop = asyncio.get_running_loop()
        arrived: deque[Outcome] = deque()
        arrival: asyncio.Future[None] | None = None
        waiting = iter(sorted(questions, key=lambda q: q.type.key not in DECISIVE))

        async def work() -> None:
            for question in waiting:
                arrived.append(await self._outcome(connection, question))
                if arrival is not None and not arrival.done():
                    arrival.set_result(None)

        workers = min(len(questions), connection.limits.connections)
        tasks = [loop.create_task(work()) for _ in range(workers)]
        try:
            for _ in questions:
                if not arrived:
                    arrival = loop.create_future()
                    await arrival
                yield arrived.popleft()
        finally:
            if left := [task for task in tasks if not task.done()]:
                for task in left:
                    task.cancel()
                await asyncio.gather(*left, return_exceptions=True)

    async def _outcome(self, connection: Connection, question: Question) -> Outcome:
        """Never raises but for cancellation."""
        known = question.type
        try:
            if not known_whole(known):
                known = await self._discovery.resolve(connection, known)
        except AnswerRefused as refused:
            if refused.failure.code is FailureCode.NOT_SERVED:
                return Outcome(
                    question=question,
                    answer=answer_of(refused.failure),
                    failure=refused.failure,
                    as_of=connection.clock.now(),
                )
            # discovery may be closed to us where the type itself is not
        except Exception as error:
            failure = failure_of_exception(error)
            return Outcome(
                question=question, answer=Answer.BROKEN, failure=failure, as_of=connection.clock.now()
            )
        if question.namespace and known.namespaced is False:
            return Outcome(question=question, answer=Answer.NOT_ASKED, as_of=connection.clock.now())
        if known is question.type:
            return await outcome_of(connection, question)
        outcome = await outcome_of(connection, msgspec.structs.replace(question, type=known))
        return msgspec.structs.replace(outcome, question=question)
