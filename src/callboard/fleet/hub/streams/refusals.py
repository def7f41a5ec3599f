"""When what was refused is asked for again, and whether a refusal is believed yet. Pure.

An API server that has just started refuses everybody whose rights come from roles, until it has read the roles: some 30 ms.
Rights and types that are new are met with the same answer until somebody asks again.
"""

from collections.abc import Callable

__all__ = ["DOUBTED", "LOOKED_AT", "REFUSED_AGAIN", "Refusals"]

FIRST_PAUSE = 1.0
"""Seconds until it is asked again for the first time; each pause twice the one before."""
DOUBTED = 60.0
"""Seconds from the first refusal in which it is asked again soon, and what was seen before stays, as stale."""
LOOKED_AT = 15.0
"""Seconds between two looks whether a refusal still stands, at most, where somebody looks."""
REFUSED_AGAIN = 300.0
"""The same where nobody does: roles change seldom, and a refused request costs little."""
AT_ONCE = 1.0
"""Seconds between two askings because somebody refreshes, at least."""


class Refusals:
    """Of one question, those in a row. Times are the loop's, in seconds; `jitter` gives numbers from 0 to 1."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._since: float | None = None
        self._count = 0

    def over(self) -> None:
        """It was answered."""
        self._since, self._count = None, 0

    def refused(self, now: float, *, looked_at: bool) -> float:
        """It was refused; when it is to be asked again."""
        since = self._since = now if self._since is None else self._since
        doubted = since + DOUBTED
        self._count += 1
        most = LOOKED_AT if looked_at or now < doubted else REFUSED_AGAIN
        pause = min(FIRST_PAUSE * 2.0 ** min(self._count - 1, 16), most)
        again = now + pause * (0.75 + 0.5 * self._jitter())
        return min(again, doubted) if now < doubted else again

    def doubted(self, now: float) -> bool:
        """Whether this refusal, or the first one, is too young to be believed."""
        return self._since is None or now < self._since + DOUBTED
