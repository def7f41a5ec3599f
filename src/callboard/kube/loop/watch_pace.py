"""How much of the loop's time one watch may take: what comes faster than that waits in the server's own buffers."""

import time
from typing import Final

__all__ = ["WatchPace"]

SHARE: Final = 0.2
"""Of the time: some three thousand changes a second, ten times what a cluster of ten thousand pods makes in a rollout."""
AHEAD: Final = 0.5
"""Seconds of work that may be done at once before that counts: thousands of changes that belong together."""
_WITH_TAKING_IN: Final = 2.0
"""A change costs as much again where it is taken in."""


class WatchPace:
    """One watch's."""

    def __init__(self) -> None:
        self._left = AHEAD
        self._at = time.monotonic()

    def spent(self, seconds: float) -> float:
        """So long was just worked on changes; how many seconds to rest before more is read."""
        now = time.monotonic()
        self._left = min(AHEAD, self._left + SHARE * (now - self._at)) - seconds * _WITH_TAKING_IN
        self._at = now
        return max(0.0, -self._left / SHARE)
