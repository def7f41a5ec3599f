"""A cluster's pulse without a cluster: watches that stand, and time that passes as fast as it can."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from callboard.base.clock import SystemClock
from callboard.base.errors import Unavailable
from callboard.base.secret import Secret
from callboard.base.settings import HubSettings
from callboard.extend import Fetcher
from callboard.fleet.hub.holdings.holdings import Holdings
from callboard.fleet.hub.port import CredentialSource, Source
from callboard.fleet.hub.streams.budget import Budget
from callboard.fleet.hub.streams.pulse import Pulse
from callboard.fleet.observer import Unobserved
from callboard.model.cluster import Cluster, Credential, CredentialKind
from callboard.model.outcome import Failure, FailureCode, Freshness, Question
from callboard.model.resource import KNOWN_TYPES
from support.leaping import Leaping

__all__ = ["LATE", "Watch", "World", "played"]

LATE = Failure(code=FailureCode.RESPONSE_TIMEOUT, message="no answer within 4 s")
PODS = next(t for t in KNOWN_TYPES if t.key == "pods")


class Watch:
    """A watch that stands, and what it was told."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.held = Holdings(Question(type=PODS), SystemClock(), lambda: None)
        self.held.current(Freshness.LIVE, truncated=False)
        self.reopened = 0
        self.credential = True

    async def shared_credential(self) -> Credential:
        if not self.credential:
            raise Unavailable("there is none", code="no-credential")
        return Credential(kind=CredentialKind.BEARER, identity=self.source.identity, token=Secret("x"))

    def reopen(self) -> None:
        self.reopened += 1


class World:
    """A cluster of so many quiet watches. `answers` is what it does when asked: None, or why there is no answer; the identities
    `refused` it does not know."""

    def __init__(self, watches: int) -> None:
        self.answers: Failure | None = None
        self.refused: set[str] = set()
        self.asked: list[float] = []
        self.budget = Budget(HubSettings())
        self.group = asyncio.TaskGroup()
        self.pulse = Pulse(
            self.budget,
            watcher=self,  # type: ignore[arg-type]
            observer=Unobserved(),
            start=self.group.create_task,
            jitter=lambda: 0.5,
        )
        source = Source(
            Cluster(name="a", url="https://a.invalid"), "callboard", _no, _NoFetcher, HubSettings()
        )
        self.watches = [Watch(source) for _ in range(watches)]

    async def check(self, source: Source, credential: CredentialSource, within: float) -> Failure | None:
        assert (await credential()).identity == source.identity
        self.asked.append(self.now)
        if self.answers is LATE:
            await asyncio.sleep(within)
        if source.identity in self.refused:
            return Failure(code=FailureCode.UNAUTHORIZED, message="Unauthorized", status=401)
        return self.answers

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def hear(self, *watches: Watch) -> None:
        """Something comes on these."""
        for watch in watches:
            self.budget.reach.answered()
            self.pulse.stands(watch)
            watch.held.seen()

    @property
    def stale(self) -> int:
        return sum(w.held.stale_since is not None for w in self.watches)

    async def end(self) -> None:
        for watch in self.watches:
            self.pulse.falls(watch)


async def _no() -> Credential:
    raise AssertionError("nobody asks the source itself")


_NoFetcher: Fetcher = None  # type: ignore[assignment]


def played(story: Callable[[World], Coroutine[Any, Any, None]], watches: int = 15) -> World:
    """Let it happen, and come to its end with nothing left to do."""

    async def play() -> World:
        world = World(watches)
        async with world.group:
            world.hear(*world.watches)
            await story(world)
            await world.end()
        return world

    with asyncio.Runner(loop_factory=Leaping) as runner:
        return runner.run(play())
