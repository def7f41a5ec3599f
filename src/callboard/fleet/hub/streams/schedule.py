"""When a stream may watch, and when it asks at intervals instead. Pure: `now` is always the loop's time.

                 refused, or the type is not there
may watch ────────────────────────────────────────▶ asks, until it may be refused again
    ▲                                                 │  that time is over, or somebody looks anew
    └─────────────────────────────────────────────────┘
                 no place in the budget
may watch ────────────────────────────────────────▶ asks, until promoted
"""

import asyncio
from collections.abc import Callable

from callboard.fleet.hub.streams.refusals import AT_ONCE, Refusals

__all__ = ["Schedule"]


class Schedule:
    """One stream's. `wake` is set when what it waits for may have come sooner."""

    def __init__(self, *, watched: bool, jitter: Callable[[], float]) -> None:
        self._watched = watched
        self._no_watch_until = 0.0
        self._watch_refused = False
        self._promoted = False
        self._ask_at = 0.0
        self._refusals = Refusals(jitter)
        self._watch_refusals = Refusals(jitter)
        self._looked_again = float("-inf")
        self._was_answered = False
        self.wake = asyncio.Event()

    def may_watch(self, now: float) -> bool:
        """Whether a watch may be tried, as far as the question and refusals go."""
        return self._watched and now >= self._no_watch_until

    def back_to_watching(self, now: float) -> bool:
        """Whether whoever asks at intervals may watch (again); told once."""
        if self._promoted or (self._watch_refused and self.may_watch(now)):
            self._promoted = self._watch_refused = False
            return True
        return False

    def promote(self) -> None:
        """A watch has become free."""
        self._promoted = True
        self.wake.set()

    def next_at(self) -> float:
        """When to ask next, or to watch again."""
        return min(self._ask_at, self._no_watch_until) if self._watch_refused else self._ask_at

    def ask_in(self, seconds: float, now: float) -> None:
        """Ask again in so many seconds."""
        self._ask_at = now + seconds

    def look_again(self, now: float, *, refused: bool, known: bool) -> None:
        """Somebody wants to know now whether a refusal still stands: of what is held, or of the watch alone."""
        if (refused or (self._watch_refused and known)) and now - self._looked_again >= AT_ONCE:
            self._looked_again = now
            self._ask_at = self._no_watch_until = 0.0
            self.wake.set()

    def answered(self, *, watch: bool = False) -> None:
        """An answer that was none of refusing has come; of a `watch`, it is not refused either."""
        self._was_answered = True
        self._refusals.over()
        if watch:
            self._watch_refusals.over()

    def refused(self, now: float, *, looked_at: bool) -> None:
        """What was asked is refused: ask again when that may be another, sooner where somebody looks."""
        self._ask_at = self._refusals.refused(now, looked_at=looked_at)

    def watch_refused(self, now: float, *, looked_at: bool, listing_too: bool) -> None:
        """Watching is refused; `listing_too` where the type is not there at all. Else listing is tried at once."""
        self._watch_refused = True
        self._no_watch_until = self._watch_refusals.refused(now, looked_at=looked_at)
        if listing_too:
            self._ask_at = self._no_watch_until

    def doubted(self, now: float) -> bool:
        """Whether a refusal is not believed yet: what was readable a moment ago. One of what was read before a restart is."""
        return self._was_answered and self._refusals.doubted(now)
