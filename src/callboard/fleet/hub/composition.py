"""The snapshot of one selection on one cluster: made anew where something of it has changed, else the same object."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from callboard.base.aside import LARGE, aside
from callboard.base.clock import Clock
from callboard.base.settings import ClusterLimits
from callboard.fleet.asking.progress import whole_failure
from callboard.fleet.hub.answers import SelectionAnswers
from callboard.fleet.selection.references import withheld
from callboard.model.belonging import belonging
from callboard.model.cluster import ClusterInfo
from callboard.model.notice import NoticeCode
from callboard.model.outcome import Answer, Failure, FailureCode, Freshness, Outcome
from callboard.model.selection import Selection
from callboard.model.snapshot import ClusterSnapshot, ClusterState, Notice

__all__ = ["Composition", "moment_of", "state_of"]


class Composition:
    """`snapshot` is the newest. Whoever reads it knows by the object that nothing has changed.

    `revisit` says when a snapshot means another thing although nothing of it has changed, by the cluster's time.
    """

    def __init__(
        self,
        cluster: ClusterInfo,
        identity: str,
        selection: Selection,
        limits: ClusterLimits,
        clock: Clock,
        *,
        clock_offset: Callable[[], float | None],
        revisit: Callable[[ClusterSnapshot], datetime | None],
    ) -> None:
        self._selection = selection
        self._limits = limits
        self._clock = clock
        self._clock_offset = clock_offset
        self._revisit = revisit
        self._made_of: tuple[object, ...] = ()
        """What the snapshot was made of, to compare with: the same is not made anew."""
        self._revisit_at: datetime | None = None
        """When it means another thing without a change, by the cluster's time."""
        self._unjudged: ClusterSnapshot | None = None
        """A large one of which that is not known yet."""
        self.made = 0
        """How often a snapshot was made, for tests and figures."""
        self.snapshot = ClusterSnapshot(cluster=cluster, asked_as=identity)

    @property
    def ages(self) -> bool:
        """Whether time alone will make the snapshot mean another thing."""
        return self._revisit_at is not None

    def make(self, answers: SelectionAnswers, *, settled: bool, late: bool, took: float) -> bool:
        """Make the snapshot anew, where anything it is made of has changed, or what it means; whether it was.

        `settled` says that all references are known that will be; `late` that the soft deadline is over; `took` how many
        seconds the selection took, 0 while it is not whole.
        """
        outcomes, found = answers.selected(), answers.referred()
        state, failure = state_of(outcomes)
        notices = tuple(self._notices(answers, state, late=late))
        as_of, offset = moment_of(outcomes, self._clock.now()), self._clock_offset()
        there = as_of + timedelta(seconds=offset or 0.0) if as_of is not None else None
        aged = self._revisit_at is not None and there is not None and there >= self._revisit_at
        made_of = (outcomes, found, settled, notices, took)
        if made_of == self._made_of and not aged:
            return False
        self._made_of = made_of
        self.snapshot = ClusterSnapshot(
            cluster=self.snapshot.cluster,
            state=state,
            outcomes=outcomes,
            references=(*belonging(outcomes, found), *withheld(self._selection)),
            references_complete=settled,
            failure=failure,
            notices=notices,
            asked_as=self.snapshot.asked_as,
            as_of=as_of,
            took=took,
            clock_offset=offset,
        )
        large = sum(len(o.objects) for o in (*outcomes, *found)) > LARGE
        self._unjudged = self.snapshot if large and there is not None else None
        self._revisit_at = self._revisit(self.snapshot) if there is not None and not large else None
        self.made += 1
        return True

    @property
    def unjudged(self) -> bool:
        """Whether `judge` has something to do."""
        return self._unjudged is not None

    async def judge(self) -> None:
        """Find out when a large snapshot means another thing: it has to be judged for that, and is shown meanwhile."""
        snapshot, self._unjudged = self._unjudged, None
        if snapshot is not None:
            found = await aside(lambda: self._revisit(snapshot))
            if self.snapshot is snapshot:
                self._revisit_at = found

    def fail(self, message: str) -> None:
        """Nothing can be told at present."""
        failure = Failure(code=FailureCode.INTERNAL, message=message)
        self.snapshot = msgspec.structs.replace(
            self.snapshot, state=ClusterState.FAILED, failure=failure, as_of=self._clock.now()
        )
        self._made_of, self._revisit_at, self._unjudged = (), None, None

    def _notices(self, answers: SelectionAnswers, state: ClusterState, *, late: bool) -> list[Notice]:
        found: list[Notice] = []
        name = self.snapshot.cluster.name
        if late and state in (ClusterState.AWAITED, ClusterState.PARTIAL):
            soft = self._limits.soft_deadline
            words = f"no whole answer within {soft:g} seconds; it is still being asked"
            found.append(Notice(NoticeCode.LATE, words, cluster=name))
        if answers.left_out:
            words = (
                f"{answers.left_out} further nodes, namespaces or claims of this service were not looked at"
            )
            found.append(Notice(NoticeCode.REFERENCES_BOUNDED, words, cluster=name))
        return found


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
