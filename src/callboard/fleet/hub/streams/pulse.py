"""Whether a cluster that says nothing is still there, and whether it still takes us for whom we say: asked once for all its
watches.

A quiet watch says something once a minute, and a server that has frozen keeps its connections open: without a question, what
is held would be called live for a minute and a half after the cluster has stopped. A server looks at a credential when a watch
is opened and never again: without a question, one that was revoked would be read with for up to ten minutes.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, Protocol
from weakref import WeakSet

import msgspec

from callboard.base.errors import CallboardError
from callboard.fleet.hub.holdings.holdings import Holdings
from callboard.fleet.hub.port import Source, SourceKey, Watcher
from callboard.fleet.hub.streams.budget import Budget
from callboard.fleet.observer import Observer
from callboard.model.cluster import Credential
from callboard.model.outcome import Failure, FailureCode

__all__ = ["OpenWatch", "Pulse"]

QUIET = 10.0
"""Seconds of silence until a cluster is asked, within a tenth, so that clusters are not asked all at once. With both tries and
the pause between them a frozen one is known after twenty; forty clusters at rest cost four small questions a second."""
WITHIN = 4.0
"""Seconds that one question is given. A busy API server puts others off, and answers this one: its path is exempt from priority
and fairness."""
ONCE_MORE = 1.0
"""Seconds between the question that was not answered and the second: one alone may have been lost with its connection."""
CHECKED = 30.0
"""Seconds between two questions whether the credential still counts, at most, however much is heard."""
BELIEVED = 300.0
"""Seconds for which a path that refuses us says nothing more, when a watch that was opened anew was not refused: something in
between may refuse that path alone."""
SILENT = 5.0
"""Seconds between two questions to a cluster that is known to be silent, until it answers or its watches are given up."""

_NO_ANSWER: Final = frozenset(
    {FailureCode.CONNECTION, FailureCode.CONNECT_TIMEOUT, FailureCode.RESPONSE_TIMEOUT}
)
"""What says that nobody is there. Not a handshake that fails, say over a certificate that has run out: somebody took part."""


class OpenWatch(Protocol):
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
        self._standing: dict[OpenWatch, None] = {}
        self._told: dict[OpenWatch, None] = {}
        """Those that were told of the silence, and have brought nothing since."""
        self._refused: dict[SourceKey, WeakSet[OpenWatch]] = {}
        """By identity, those that were refused as nobody the cluster knows; none where one of them stands again."""
        self._believed: dict[SourceKey, float] = {}
        """By identity, until when it is not tried with a watch whether such a refusal is meant."""
        self._checked: dict[SourceKey, float] = {}
        """By identity, when it was last seen or asked whether its credential counts."""
        self._timer: asyncio.TimerHandle | None = None
        self._asking = False
        self._silent = False
        self._reach.again = self._again

    def stands(self, watch: OpenWatch) -> None:
        """It has just brought something."""
        self._told.pop(watch, None)
        if watch not in self._standing:
            self._standing[watch] = None
            self._checked[watch.source.key] = asyncio.get_running_loop().time()
            for other in tuple(self._refused.pop(watch.source.key, ())):
                if other is not watch:
                    other.reopen()
            if self._timer is None and not self._asking:
                self._look_in(0.0)

    def falls(self, watch: OpenWatch) -> None:
        """It has ended, or is opened anew."""
        self._standing.pop(watch, None)
        self._told.pop(watch, None)
        if not self._standing:
            self._silent = False
            self._checked.clear()
            self._stop()

    def refused(self, watch: OpenWatch) -> None:
        """It was to be opened, and the cluster does not know whom it is for: are the others read with something that is over?"""
        self._refused.setdefault(watch.source.key, WeakSet()).add(watch)
        if self._standing and not self._asking:
            self._stop()
            self._begin()

    def _again(self) -> None:
        """Something was heard from a cluster that was not reached before: does it answer, too?"""
        if self._silent and not self._asking:
            self._stop()
            self._begin()

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
                quiet = QUIET * (0.9 + 0.2 * self._jitter()) - self._reach.quiet
                seconds = max(seconds, min(quiet, self._unchecked))
            self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._silent and not self._quiet and self._unchecked > 0:
            self._look_in(0.0)
            return
        self._begin()

    @property
    def _unchecked(self) -> float:
        """Seconds until the next credential is looked at."""
        return min(self._checked.values(), default=0.0) + CHECKED - asyncio.get_running_loop().time()

    def _begin(self) -> None:
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
        if failure is not None and failure.code in _NO_ANSWER:
            return failure
        refused = failure is not None and failure.code is FailureCode.UNAUTHORIZED
        if failure is None or refused:
            self._answered()
        if refused:
            self._unknown(source.key)
        return None

    def _unknown(self, key: SourceKey) -> None:
        """The cluster does not know this identity. Where a watch was told the same, all of its watches are opened anew: they are
        told so, too, or go on with a credential that counts. Where none was, one is opened to see."""
        of_it = [w for w in self._standing if w.source.key == key]
        if key not in self._refused:
            now = asyncio.get_running_loop().time()
            if now < self._believed.get(key, 0.0):
                return
            self._believed[key] = now + BELIEVED
            del of_it[1:]
        for watch in of_it:
            watch.reopen()

    async def _as_whom(self) -> tuple[Source, Credential] | None:
        """The identity that was not looked at for longest, of those that watch and have a credential to give."""
        by_identity = {w.source.key: w for w in self._standing}
        self._checked = {key: self._checked.get(key, 0.0) for key in by_identity}
        for key in sorted(by_identity, key=self._checked.__getitem__):
            watch = by_identity[key]
            self._checked[key] = asyncio.get_running_loop().time()
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
