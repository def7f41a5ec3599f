"""Whether a cluster answers at all: while it does not, one stream at a time finds out when it does, and all others wait.

Without it, each of a cluster's streams would try by itself, and a fleet with many clusters down would do little else.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from callboard.model.outcome import Failure, FailureCode

__all__ = ["LONGEST_PAUSE", "Reach"]

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
"""Seconds between two attempts at a cluster that does not answer: each pause twice the one before, and drawn from its upper
half."""
LENT: Final = 5.0
"""Seconds after which somebody else may try as well: what one question runs into says little about another."""

_NO_ANSWER: Final = frozenset(
    {FailureCode.CONNECTION, FailureCode.CONNECT_TIMEOUT, FailureCode.TLS, FailureCode.RESPONSE_TIMEOUT}
)


class Reach:
    """One cluster's. `attempts` counts those made while it was not known to answer, for tests and figures."""

    def __init__(self, *, jitter: Callable[[], float] = random.random) -> None:
        self.attempts = 0
        self.again: Callable[[], None] = _nothing
        """Called when something is heard that was not reached before."""
        self._heard_at = float("-inf")
        self._jitter = jitter
        self._answered = False
        self._failure: Failure | None = None
        self._pause = 0.0
        self._again_at = 0.0
        self._lent_until = 0.0
        self._news = asyncio.Event()

    @property
    def quiet(self) -> float:
        """Seconds since anything was heard; infinite where nothing was."""
        return asyncio.get_running_loop().time() - self._heard_at

    def heard(self) -> None:
        """A piece of something has come."""
        self._heard_at = asyncio.get_running_loop().time()

    async def leave(self, unreached: Callable[[Failure], None], *, patient: bool) -> None:
        """Return when a request may be sent; then `answered` or `failed` must be called. `unreached` is called meanwhile with
        each new failure of whoever tries. Who is `patient` also waits while nothing has been heard from the cluster yet."""
        loop = asyncio.get_running_loop()
        told: Failure | None = None
        while self._failure is not None or (patient and not self._answered):
            if self._failure is not None and self._failure is not told:
                told = self._failure
                unreached(told)
            at = max(self._again_at, self._lent_until)
            if loop.time() >= at:
                self._lent_until = loop.time() + LENT
                self.attempts += 1
                return
            with suppress(TimeoutError):
                async with asyncio.timeout_at(at):
                    await self._news.wait()

    def answered(self) -> None:
        """It did, whatever it said."""
        self.heard()
        if self._failure is not None or not self._answered:
            self._answered, self._failure, self._pause = True, None, 0.0
            self._tell()
            self.again()

    def failed(self, failure: Failure) -> None:
        """A request failed. Where that says nothing about the cluster, it has answered."""
        if failure.code not in _NO_ANSWER:
            self.answered()
            return
        now = asyncio.get_running_loop().time()
        if self._failure is not None and now < self._again_at:
            return  # sent before the failure that is known
        self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
        self._again_at = now + self._pause * (0.5 + self._jitter() / 2)
        self._failure = failure
        self._tell()

    def _tell(self) -> None:
        self._lent_until = 0.0
        news, self._news = self._news, asyncio.Event()
        news.set()


def _nothing() -> None:
    """Nobody is told."""
