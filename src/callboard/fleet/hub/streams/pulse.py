"""Whether a cluster that says nothing is still there: asked once for all its watches, and only when nothing has been heard.

A quiet watch says something once a minute, and a server that has frozen keeps its connections open: without a question, what
is held would be called live for a minute and a half after the cluster has stopped.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, Protocol

import msgspec

from callboard.base.errors import CallboardError
from callboard.fleet.hub.holdings.holdings import Holdings
from callboard.fleet.hub.port import Source, Watcher
from callboard.fleet.hub.streams.budget import Budget
from callboard.fleet.observer import Observer
from callboard.model.cluster import Credential
from callboard.model.outcome import Failure, FailureCode

__all__ = ["Pulse", "Standing"]

QUIET = 10.0
"""Seconds of silence until a cluster is asked, within a tenth, so that clusters are not asked all at once. With both tries and
the pause between them a frozen one is known after twenty; forty clusters at rest cost four small questions a second."""
WITHIN = 4.0
"""Seconds that one question is given. A busy API server puts others off, and answers this one: its path is exempt from priority
and fairness."""
ONCE_MORE = 1.0
"""Seconds between the question that was not answered and the second: one alone may have been lost with its connection."""
SILENT = 5.0
"""Seconds between two questions to a cluster that is known to be silent, until it answers or its watches are given up."""

_NO_ANSWER: Final = frozenset(
    {FailureCode.CONNECTION, FailureCode.CONNECT_TIMEOUT, FailureCode.RESPONSE_TIMEOUT}
)
"""What says that nobody is there. Not a handshake that fails, say over a certificate that has run out: somebody took part."""


class Standing(Protocol):
    """A watch that stands, whatever comes on it."""

    source: Source
    held: Holdings

    async def shared_credential(self) -> Credential:
        """The source's credential, which is nobody's own."""
        ...

    def reopen(self) -> None:
        """The cluster answers again, and nothing has come on this connection: go on over a new one."""
        ...


class Pulse:
    """One cluster's. `start` runs a task to its end, and raises CallboardError when that is no longer possible. `asked` counts
    questions, for tests."""

    def __init__(
        self,
        budget: Budget,
        *,
        watcher: Watcher,
        observer: Observer,
        start: Callable[[Coroutine[Any, Any, None]], object],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.asked = 0
        self._budget = budget
        self._reach = budget.reach
        self._watcher = watcher
        self._observer = observer
        self._start = start
        self._jitter = jitter
        self._standing: dict[Standing, None] = {}
        self._told: dict[Standing, None] = {}
        """Those that were told of the silence, and have brought nothing since."""
        self._timer: asyncio.TimerHandle | None = None
        self._asking = False
        self._silent = False
        self._reach.again = self._again

    def stands(self, watch: Standing) -> None:
        """It has just brought something."""
        self._told.pop(watch, None)
        if watch not in self._standing:
            self._standing[watch] = None
            if self._timer is None and not self._asking:
                self._look_in(0.0)

    def falls(self, watch: Standing) -> None:
        """It has ended, or is opened anew."""
        self._standing.pop(watch, None)
        self._told.pop(watch, None)
        if not self._standing:
            self._silent = False
            self._stop()

    def _again(self) -> None:
        """Something was heard from a cluster that was not reached before: does it answer, too?"""
        if self._silent and not self._asking:
            self._stop()
            self._look()

    # ---- when

    @property
    def _quiet(self) -> bool:
        return self._reach.quiet >= QUIET * 0.9

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_in(self, seconds: float) -> None:
        """Look again after so many seconds at least, and not before it would have been quiet for too long."""
        self._stop()
        if self._standing:
            if not self._silent:
                seconds = max(seconds, QUIET * (0.9 + 0.2 * self._jitter()) - self._reach.quiet)
            self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._silent and not self._quiet:
            self._look_in(0.0)
            return
        self._asking = True
        asking = self._ask()
        try:
            self._start(asking)
        except CallboardError:
            asking.close()  # all listening is about to end

    # ---- what

    async def _ask(self) -> None:
        try:
            failure = await self._tried()
            if failure is not None and not self._silent:
                await asyncio.sleep(ONCE_MORE)
                failure = await self._tried() if self._quiet else None
            if failure is not None and self._quiet and self._standing:
                self._tell(failure)
        finally:
            self._asking = False
            self._look_in(SILENT)

    async def _tried(self) -> Failure | None:
        """Why nobody is there; None where somebody is, or where it cannot be told."""
        await self._budget.pace()
        found = await self._as_whom()
        if found is None:
            return None
        source, credential = found

        async def given() -> Credential:
            return credential

        self.asked += 1
        failure = await self._watcher.check(source, given, WITHIN)
        self._observer.checked(source.cluster.name, failure)
        if failure is None:
            self._answered()
        elif failure.code in _NO_ANSWER:
            return failure
        return None

    async def _as_whom(self) -> tuple[Source, Credential] | None:
        """The first identity that watches and has a credential to give."""
        for watch in {w.source.key: w for w in self._standing}.values():
            # A strategy may be a plugin's and raise anything; the stream tells of it when it needs one for itself.
            with suppress(Exception):
                async with asyncio.timeout(WITHIN):
                    return watch.source, await watch.shared_credential()
        return None

    def _answered(self) -> None:
        self._silent = False
        self._reach.answered()
        told, self._told = self._told, {}
        for watch in told:
            watch.reopen()

    def _tell(self, failure: Failure) -> None:
        """All that stand are told the same."""
        words = "the API server has fallen silent: its connections are open, but nothing comes, and it does not answer when asked"
        told = msgspec.structs.replace(failure, message=f"{words} ({failure.message})")
        self._silent = True
        self._reach.failed(told)
        self._told = dict(self._standing)
        for watch in tuple(self._told):
            watch.held.silent(told, self._reach.quiet)
