"""The cluster's own time: a timeline that runs at a chosen speed and can be stepped, and how timestamps are written."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ["Timeline", "age", "micro", "parse", "stamp"]


class Timeline:
    """Simulated seconds since the epoch. `speed` 1 follows the wall, 60 runs a minute a second, 0 stands still.

    `step` moves it forward at once; it never goes back.
    """

    def __init__(
        self, start: float | None = None, speed: float = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._speed = speed
        self._anchor = monotonic()
        self._base = time.time() if start is None else start

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        self._base = self.now()
        self._anchor = self._monotonic()
        self._speed = value

    def now(self) -> float:
        return self._base + (self._monotonic() - self._anchor) * self._speed

    def step(self, seconds: float) -> None:
        self._base += seconds


def stamp(seconds: float) -> str:
    """`metav1.Time`: whole seconds, UTC."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro(seconds: float) -> str:
    """`metav1.MicroTime`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 timestamp."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def age(seconds: float) -> str:
    """A duration as kubectl's tables show it (k8s.io/apimachinery/pkg/util/duration.HumanDuration)."""
    if seconds < -1:
        return "<invalid>"
    total = max(0, int(seconds))
    if total < 120:
        return f"{total}s"
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if minutes < 10:
        return f"{minutes}m{total % 60}s" if total % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    years = days // 365
    return f"{years}y{days % 365}d" if years < 8 and days % 365 else f"{years}y"
