"""Leaving a cluster alone that does not answer, and finding out when it is back.

One breaker per cluster and credential identity: what one identity runs into says nothing about another's. It counts whole
asks of a cluster, not single requests, and only failures to answer: 401, 403 and 404 are answers.
"""

import random
from collections.abc import Callable
from enum import StrEnum

from callboard.base.bounded_map import BoundedMap
from callboard.base.clock import Clock
from callboard.base.settings import BreakerSettings

__all__ = ["Breaker", "BreakerState", "Breakers", "Permit"]

JITTER = 0.25
"""How far a pause strays from its length, as a share: so that replicas do not return in step."""


class BreakerState(StrEnum):
    """Closed is the good state: everyone may ask."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"
    """The pause is over and one trial is on its way; everyone else still waits for what it finds."""


class Permit:
    """Leave to ask once. Exactly one of its methods must be called; a second call changes nothing."""

    def __init__(self, breaker: "Breaker", trial: bool) -> None:
        self._breaker = breaker
        self._trial = trial
        self._used = False

    def succeeded(self) -> None:
        """The cluster answered, whatever it said."""
        if self._use():
            self._breaker._succeeded()

    def failed(self) -> None:
        """The cluster gave no answer."""
        if self._use():
            self._breaker._failed(trial=self._trial)

    def abandoned(self) -> None:
        """Nobody waited for the answer, so nothing is known."""
        if self._use():
            self._breaker._abandoned(trial=self._trial)

    def _use(self) -> bool:
        used, self._used = self._used, True
        return not used


class Breaker:
    """Opens after `failures` in a row, tries one ask after `open_for` seconds, doubles the pause while that fails."""

    def __init__(
        self, settings: BreakerSettings, clock: Clock, *, jitter: Callable[[], float] = random.random
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        self._failures = 0
        self._pause = 0.0
        self._open_until: float | None = None
        self._trial = False

    @property
    def state(self) -> BreakerState:
        if self._open_until is None:
            return BreakerState.CLOSED
        return BreakerState.HALF_OPEN if self._trial else BreakerState.OPEN

    @property
    def retry_after(self) -> float:
        """Seconds until the next trial; 0 when one may start or is on its way."""
        if self._open_until is None:
            return 0.0
        return max(0.0, self._open_until - self._clock.monotonic())

    def admit(self) -> Permit | None:
        """Leave to ask, or None while the cluster is left alone."""
        if self._open_until is None:
            return Permit(self, trial=False)
        if self._trial or self.retry_after > 0:
            return None
        self._trial = True
        return Permit(self, trial=True)

    def _succeeded(self) -> None:
        self._failures, self._pause, self._open_until, self._trial = 0, 0.0, None, False

    def _failed(self, *, trial: bool) -> None:
        self._failures += 1
        if trial:
            self._trial = False
            self._open(min(self._pause * 2, self._settings.max_open_for))
        elif self._open_until is None and self._failures >= self._settings.failures:
            self._open(self._settings.open_for)

    def _abandoned(self, *, trial: bool) -> None:
        if trial:
            self._trial = False

    def _open(self, pause: float) -> None:
        self._pause = pause
        stray = 1 + JITTER * (2 * self._jitter() - 1)
        self._open_until = self._clock.monotonic() + pause * stray


class Breakers:
    """The breakers of the fleet, the least recently used forgotten beyond `most`."""

    def __init__(
        self,
        settings_of: Callable[[str], BreakerSettings],
        clock: Clock,
        *,
        most: int = 4096,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings_of = settings_of
        self._clock = clock
        self._jitter = jitter
        self._breakers: BoundedMap[tuple[str, str, str], Breaker] = BoundedMap(most)

    def of(self, cluster: str, url: str, identity: str) -> Breaker:
        """The breaker of one cluster (at one address) for one credential identity."""
        return self._breakers.of(
            (cluster, url, identity),
            lambda: Breaker(self._settings_of(cluster), self._clock, jitter=self._jitter),
        )
