"""A cluster as a caller's own token sees it: asked at an interval for this one reader, kept by nobody, over with the token."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from callboard.base.clock import Clock
from callboard.base.errors import CallboardError, NotSignedIn
from callboard.fleet.asking.asking import Asking
from callboard.fleet.auth.claims import expiry_of
from callboard.model.cluster import Credential
from callboard.model.outcome import Failure, FailureCode, Freshness, Outcome
from callboard.model.snapshot import ClusterSnapshot, ClusterState

__all__ = ["OwnTokenView"]


class OwnTokenView:
    """`run` it in a task of its reader. `snapshot` is the newest state. `over` is set, and the run ends, when the token has run
    out: at the moment it says itself, or when the cluster no longer accepts it."""

    def __init__(
        self,
        asking: Callable[[Callable[[], None]], Asking],
        *,
        interval: float,
        clock: Clock,
        changed: Callable[[], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`asking` makes one asking of the cluster, not yet begun, that tells its progress; `interval` is in seconds."""
        self.over: CallboardError | None = None
        self._asking = asking
        self._interval = interval
        self._clock = clock
        self._changed = changed
        self._jitter = jitter
        self._first: Asking | None = None
        self._settled: ClusterSnapshot | None = None

    @property
    def snapshot(self) -> ClusterSnapshot | None:
        """None before the first asking has begun."""
        if self._settled is not None:
            return self._settled
        return self._first.snapshot if self._first is not None else None

    async def run(self, credential: Credential) -> None:
        """Ask again and again until the token has run out. `credential` is the caller's."""
        expires = expiry_of(credential)
        left = (expires - self._clock.now()).total_seconds() if expires is not None else None
        if left is not None and left <= 0:
            left = None  # the cluster says so itself, beside the others' answers
        limit = asyncio.timeout(left)
        try:
            async with limit:
                await self._ask()
        except TimeoutError:
            if not limit.expired():
                raise
            self._end(expires)

    async def _ask(self) -> None:
        while True:
            # Only the first is shown as it comes; afterwards what was seen stands until the new answer is whole.
            asking = self._asking(self._changed if self._first is None else _nobody)
            if self._first is None:
                self._first = asking
            await asking.run()
            found, before = asking.snapshot, self._settled or ClusterSnapshot(cluster=asking.snapshot.cluster)
            if _accepted(before) and _rejected(found):
                self._end(None)
                return
            if _accepted(before) and found.state is ClusterState.FAILED:
                found = _stale(before, found.failure)
            elif found.state is ClusterState.ANSWERED:
                found = _polled(found)
            self._settled = found
            self._changed()
            await asyncio.sleep(self._interval * (0.8 + 0.4 * self._jitter()))

    def _end(self, expires: datetime | None) -> None:
        when = f" at {expires.astimezone(UTC):%H:%M:%SZ}" if expires is not None else ""
        name = self._first.snapshot.cluster.name if self._first is not None else "a cluster"
        self.over = NotSignedIn(
            f"Your own token for {name} ran out{when}. Sign in there again, then open this service anew.",
            code="token-expired",
        )
        self._changed()


def _nobody() -> None:
    pass


def _accepted(snapshot: ClusterSnapshot) -> bool:
    return snapshot.state is ClusterState.ANSWERED


def _rejected(snapshot: ClusterSnapshot) -> bool:
    return snapshot.failure is not None and snapshot.failure.code is FailureCode.UNAUTHORIZED


def _polled(snapshot: ClusterSnapshot) -> ClusterSnapshot:
    def polled(outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        return tuple(msgspec.structs.replace(o, freshness=Freshness.POLLED) for o in outcomes)

    return msgspec.structs.replace(
        snapshot, outcomes=polled(snapshot.outcomes), references=polled(snapshot.references)
    )


def _stale(snapshot: ClusterSnapshot, failure: Failure | None) -> ClusterSnapshot:
    """What was seen last, and why it is not current."""

    def stale(outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        return tuple(
            msgspec.structs.replace(
                o, stale_since=o.stale_since or o.as_of or snapshot.as_of, failure=failure
            )
            if o.answer.known
            else o
            for o in outcomes
        )

    return msgspec.structs.replace(
        snapshot, outcomes=stale(snapshot.outcomes), references=stale(snapshot.references)
    )
