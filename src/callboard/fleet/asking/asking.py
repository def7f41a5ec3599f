"""One cluster asked once: credential, selection, then references. Whatever goes wrong ends here, as a value."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from enum import Enum
from functools import partial

import msgspec

from callboard.base.clock import Clock
from callboard.base.errors import CallboardError
from callboard.base.settings import ClusterLimits, KubernetesSettings
from callboard.extend.registration import Parts
from callboard.fleet.asking.as_whom import credential_of
from callboard.fleet.asking.breaker import Breakers, BreakerState, Permit
from callboard.fleet.asking.gate import ClusterGate
from callboard.fleet.asking.progress import Progress, whole_failure
from callboard.fleet.defect import defect
from callboard.fleet.observer import Observer
from callboard.fleet.selection.custom_resources import types_for
from callboard.fleet.selection.references import leads_on, questions, withheld
from callboard.fleet.selection.selection import cluster_scoped, select
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster, Credential
from callboard.model.entity import Entity
from callboard.model.notice import NoticeCode
from callboard.model.outcome import Answer, Failure, FailureCode, Outcome, Question
from callboard.model.resource import POD_METRICS, ResourceType
from callboard.model.selection import Selection
from callboard.model.snapshot import ClusterSnapshot, ClusterState

__all__ = ["ROUNDS", "USAGE", "Asking", "AskingTools"]

USAGE = 1.0
"""Seconds that what the pods use may take longer than all other references: it is nice to know, and a metrics API that hangs
must not hold up a page."""
ROUNDS = 5
"""References of references: ReplicaSets and pods, their first node, the other nodes and claims, and one to spare."""

_UNWELL = frozenset(
    {
        FailureCode.CONNECT_TIMEOUT,
        FailureCode.RESPONSE_TIMEOUT,
        FailureCode.BODY_TIMEOUT,
        FailureCode.DEADLINE,
        FailureCode.CONNECTION,
        FailureCode.TLS,
        FailureCode.NOT_JSON,
        FailureCode.TRUNCATED,
        FailureCode.WRONG_SHAPE,
        FailureCode.SERVER_ERROR,
    }
)
"""Failures that say the cluster itself is not well, and count for its breaker; a refusal is an answer."""

_NO_ANSWER = Failure(
    code=FailureCode.INTERNAL, message="the fetcher ended without an answer to this question"
)


class AskingTools(msgspec.Struct, frozen=True, kw_only=True):
    """What every asking shares."""

    parts: Parts
    kubernetes: KubernetesSettings
    clock: Clock
    observer: Observer
    breakers: Breakers
    gate: ClusterGate
    clock_offset: Callable[[Cluster], float | None]


class _Stage(Enum):
    """What the asking waited for when its deadline came, in the words of the page."""

    BUSY = "Callboard was busy asking other clusters"
    CREDENTIAL = "the auth strategy gave no credential"
    TYPES = "it was not found out which custom resources to ask for"


class _GivenUp(Exception):
    """The asking is over before its end; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


class Asking:
    """Asks one cluster about one entity. `snapshot` is what is known so far; `changed` is called whenever it grew, `telling`
    once all that decides how the service is there has come and something of it is there. Nothing is sent before `after`."""

    def __init__(
        self,
        tools: AskingTools,
        cluster: Cluster,
        entity: Entity,
        caller: Caller,
        limits: ClusterLimits,
        changed: Callable[[], None],
        *,
        telling: Callable[[], None] = lambda: None,
        after: asyncio.Event | None = None,
    ) -> None:
        self._tools = tools
        self._cluster = cluster
        self._entity = entity
        self._caller = caller
        self._limits = limits
        self._progress = Progress(cluster, changed)
        self._telling = telling
        self._after = after
        self._asked: list[Question] = []
        """References."""
        self._ahead: asyncio.Task[None] | None = None
        self._beside: list[asyncio.Task[None]] = []
        self._started = tools.clock.monotonic()

    @property
    def snapshot(self) -> ClusterSnapshot:
        return self._progress.snapshot

    @property
    def silent(self) -> bool:
        """Whether nothing has come of it yet."""
        return self._progress.state is ClusterState.AWAITED

    async def run(self) -> None:
        """Ask to the end. Raises nothing but cancellation."""
        try:
            selection, credential = await self._first()
            if self._progress.state is ClusterState.ANSWERED:
                await self._follow(selection, credential)
        except _GivenUp as over:
            self._fail(over.failure, Answer.NOT_ASKED)
        except CallboardError as error:
            self._fail(Failure(code=FailureCode.INTERNAL, message=error.message), Answer.BROKEN)
        except Exception as error:
            self._fail(self._defect("asking a cluster", error), Answer.BROKEN)
        finally:
            if begun := [*self._beside, *([self._ahead] if self._ahead is not None else ())]:
                for task in begun:
                    task.cancel()
                await asyncio.gather(*begun, return_exceptions=True)

    async def _first(self) -> tuple[Selection, Credential]:
        """The selection, within the hard deadline; waiting for a slot counts."""
        slot = self._tools.gate.slot()
        late = asyncio.get_running_loop().call_later(self._limits.soft_deadline, self._late, slot.give_back)
        stage = _Stage.BUSY
        selection: Selection | None = None
        credential: Credential | None = None
        permit: Permit | None = None
        deadline = asyncio.timeout(self._limits.hard_deadline)
        try:
            async with deadline:
                await slot.take()
                self._started = self._tools.clock.monotonic()
                stage = _Stage.CREDENTIAL
                credential = await self._credential()
                self._progress.asked_as(credential.identity)
                stage = _Stage.TYPES
                selection = self._select(await self._custom_resources())
                permit = self._admit(credential)
                if self._after is not None:
                    await self._after.wait()
                    self._started = self._tools.clock.monotonic()
                answers = self._tools.parts.fetcher.fetch(self._cluster, credential, selection)
                await self._collect(answers, partial(self._take, selection, credential))
        except BaseException as error:
            if not (isinstance(error, TimeoutError) and deadline.expired()):
                if permit is not None:
                    permit.abandoned()
                raise
        finally:
            late.cancel()
            slot.give_back()
        if selection is None or credential is None or permit is None:
            code = FailureCode.CREDENTIAL if stage is _Stage.CREDENTIAL else FailureCode.DEADLINE
            words = f"{stage.value} for {self._limits.hard_deadline:g} seconds"
            raise _GivenUp(Failure(code=code, message=words))
        self._finish(permit, credential, expired=deadline.expired())
        return selection, credential

    async def _credential(self) -> Credential:
        found = await credential_of(self._tools.parts.auth, self._cluster, self._caller)
        if isinstance(found, Failure):
            raise _GivenUp(found)
        return found

    async def _custom_resources(self) -> Sequence[ResourceType]:
        found = await types_for(self._tools.parts, self._cluster, self._caller)
        for notice in found.notices:
            self._progress.tell(notice.code, notice.message)
        return found.types

    def _select(self, custom: Sequence[ResourceType]) -> Selection:
        chosen = select(self._entity, self._cluster.name, self._tools.kubernetes, custom)
        for notice in chosen.notices:
            if notice.cluster:  # the others are the entity's, and told once
                self._progress.tell(notice.code, notice.message)
        selection = msgspec.structs.replace(chosen.selection, usage=not self._cluster.skip_metrics_lookup)
        self._progress.expect(selection)
        return selection

    def _admit(self, credential: Credential) -> Permit:
        breaker = self._tools.breakers.of(self._cluster.name, self._cluster.url, credential.identity)
        permit = breaker.admit()
        if permit is None:
            after = breaker.retry_after
            again = f"; it is tried again in {after:.0f} s" if after >= 1 else ""
            raise _GivenUp(
                Failure(
                    code=FailureCode.BREAKER_OPEN,
                    message=f"it did not answer several times in a row and is left alone for a moment{again}",
                    retry_after=after,
                )
            )
        return permit

    async def _collect(self, answers: AsyncIterator[Outcome], take: Callable[[Outcome], None]) -> None:
        try:
            async for outcome in answers:
                self._tools.observer.asked(self._cluster.name, outcome)
                take(outcome)
        finally:
            close = getattr(answers, "aclose", None)
            if close is not None:
                await close()

    def _take(self, selection: Selection, credential: Credential, outcome: Outcome) -> None:
        if outcome.answer is Answer.NOT_ASKED:
            # Its scope was found out by discovery; types known beforehand are left out of the selection itself.
            notice = cluster_scoped(outcome.question.type, self._cluster.name)
            self._progress.tell(notice.code, notice.message)
        self._progress.take(outcome, self._tools.clock.now(), self._tools.clock_offset(self._cluster))
        if self._ahead is None and self._progress.telling:
            self._telling()
            self._ahead = asyncio.ensure_future(self._look_ahead(selection, credential))

    def _finish(self, permit: Permit, credential: Credential, *, expired: bool) -> None:
        """Every question gets its outcome, the breaker its news, the cluster its state."""
        closed = (
            self._progress.close(Answer.LATE, self._too_late())
            if expired
            else self._progress.close(Answer.BROKEN, _NO_ANSWER)
        )
        for outcome in closed:
            self._tools.observer.asked(self._cluster.name, outcome)
        failure = whole_failure(self._progress.outcomes)
        breaker = self._tools.breakers.of(self._cluster.name, self._cluster.url, credential.identity)
        before = breaker.state
        if failure is not None and failure.code in _UNWELL:
            permit.failed()
        else:
            permit.succeeded()
        if breaker.state is not before:
            self._tools.observer.breaker(self._cluster.name, breaker.state is not BreakerState.CLOSED)
        if failure is not None:
            self._fail(failure, Answer.BROKEN)
            return
        self._progress.answered(self._took())
        self._tools.observer.settled(self._cluster.name, ClusterState.ANSWERED, self._took())

    async def _look_ahead(self, selection: Selection, credential: Credential) -> None:
        """Ask what follows from what decides, while the rest of the selection is on its way: that leads to little more. What
        may be in it is not asked for by name."""
        progress = self._progress
        coming = {t.key for t in selection.types}
        wanted = questions(selection, progress.outcomes, progress.references).questions
        await self._round(credential, [q for q in wanted if not (q.name and q.type.key in coming)])

    async def _follow(self, selection: Selection, credential: Credential) -> None:
        """Ask the references, round by round, within a deadline of their own. The selection's answer is out already."""
        progress = self._progress
        progress.withhold(withheld(selection))
        left_out = 0
        deadline = asyncio.timeout(self._limits.hard_deadline)
        try:
            async with deadline:
                if self._ahead is not None:
                    await self._ahead
                for _ in range(ROUNDS):
                    wanted = questions(selection, progress.outcomes, progress.references)
                    left_out = wanted.left_out
                    if not wanted.questions:
                        break
                    await self._round(credential, wanted.questions)
                    if not any(map(leads_on, wanted.questions)):
                        break
                if self._beside:
                    await asyncio.wait(self._beside, timeout=USAGE)
        except TimeoutError:
            if not deadline.expired():
                raise
        except Exception as error:
            # The selection stands: only what was asked second is broken.
            failure = self._defect("asking for references", error)
            progress.close_references(Answer.BROKEN, failure, self._asked)
        progress.close_references(Answer.LATE, self._too_late(), self._asked)
        if left_out:
            progress.tell(
                NoticeCode.REFERENCES_BOUNDED,
                f"{left_out} further nodes, namespaces or claims of this service were not looked at",
            )
        progress.references_complete()

    async def _round(self, credential: Credential, wanted: Sequence[Question]) -> None:
        """Ask references; what the pods use beside the others, which do not wait for it."""
        self._asked += wanted
        self._progress.expect_references(wanted)
        usage = [q for q in wanted if q.type.key == POD_METRICS.key]
        if usage:
            self._beside.append(asyncio.ensure_future(self._ask(credential, usage)))
        await self._ask(credential, [q for q in wanted if q not in usage])

    async def _ask(self, credential: Credential, asked: Sequence[Question]) -> None:
        if asked:
            fetcher = self._tools.parts.fetcher
            await self._collect(fetcher.ask(self._cluster, credential, asked), self._progress.take_reference)
            self._progress.close_references(Answer.BROKEN, _NO_ANSWER, asked)

    def _late(self, give_back: Callable[[], None]) -> None:
        """The soft deadline: pages stop waiting for this cluster, and it stops standing in others' way."""
        give_back()
        self._progress.tell(
            NoticeCode.LATE,
            f"no whole answer within {self._limits.soft_deadline:g} seconds; it is still being asked",
        )

    def _fail(self, failure: Failure, answer: Answer) -> None:
        """The whole cluster failed. Questions still open get `answer`, for the same reason."""
        self._progress.close(answer, failure)
        self._progress.close_references(answer, failure, self._asked)
        self._progress.failed(failure, self._tools.clock.now(), self._took())
        self._tools.observer.settled(self._cluster.name, ClusterState.FAILED, self._took())

    def _took(self) -> float:
        return self._tools.clock.monotonic() - self._started

    def _too_late(self) -> Failure:
        return Failure(
            code=FailureCode.DEADLINE,
            message=f"no whole answer within {self._limits.hard_deadline:g} seconds",
        )

    def _defect(self, doing: str, error: Exception) -> Failure:
        return defect(doing, error, cluster=self._cluster.name)
