"""How far the clocks of API servers are from ours, by the `Date` of their answers."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final

from callboard.base.clock import Clock

__all__ = ["ClusterClocks"]

_FAR_OFF: Final = 10 * 365 * 86400.0
"""Seconds: a clock without a battery begins in 1970, and no age told by it would be one."""


class ClusterClocks:
    """By the URL of the API server."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offsets: dict[str, float] = {}
        self._dates: dict[str, str] = {}

    def offset(self, url: str) -> float | None:
        """Seconds its clock is ahead of ours by its last `Date`; None before its first answer."""
        return self._offsets.get(url)

    def note(self, url: str, date: str) -> None:
        """Keep what a `Date` tells: the first of each second tells most."""
        if date == self._dates.get(url):
            return
        self._dates[url] = date
        offset = _offset(date, self._clock)
        if offset is not None:
            self._offsets[url] = offset


@lru_cache(64)
def _moment(date: str) -> datetime:
    """The clusters of a fleet mostly say the same second."""
    return parsedate_to_datetime(date)


def _offset(date: str, clock: Clock) -> float | None:
    """None where it does not say, or is so far off that it says nothing about a clock."""
    try:
        offset = (_moment(date) - clock.now()).total_seconds() if date else None
    except (ValueError, TypeError, OverflowError):
        return None
    return offset if offset is not None and abs(offset) <= _FAR_OFF else None
