"""How many logs are followed: by one caller, and in one cluster. Each followed container holds a connection to its cluster."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from callboard.base.bounded_map import BoundedMap
from callboard.base.clock import Clock
from callboard.base.errors import Unavailable

__all__ = ["Follows"]

MOST_OF_ONE: Final = 12
"""Logs that one caller follows at once: as many windows as anybody looks at."""
MOST_CONTAINERS_OF_ONE: Final = 90
MOST_OF_CLUSTER: Final = 300
"""Containers that are followed in one cluster, for all: API servers have a few thousand connections."""
RESUMED: Final = 120.0
"""Seconds in which who follows the same log again goes on with it: a stream is opened anew whenever a page comes or goes."""
_REMEMBERED: Final = 5_000

K = TypeVar("K", bound=Hashable)


class Follows:
    """Counts them. What it is asked for is ended by whoever asked. `what` they are, for whoever follows too many."""

    def __init__(self, clock: Clock, what: str = "logs") -> None:
        self._clock = clock
        self._what = what
        self._logs: Counter[str] = Counter()
        self._containers: Counter[str] = Counter()
        self._clusters: Counter[str] = Counter()
        self._ended: BoundedMap[tuple[str, str], float] = BoundedMap(_REMEMBERED)
        self._open: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def opened(self, identity: str, what: str) -> Iterator[None]:
        """One more log of this caller. Raises Unavailable where that is too many."""
        if self._logs[identity] >= MOST_OF_ONE:
            raise Unavailable(
                f"You follow {MOST_OF_ONE} {self._what} already, and no more are followed at once: close one of them.",
                code="too-many-followed",
            )
        self._logs[identity] += 1
        self._open[identity, what] += 1
        try:
            yield
        finally:
            _less(self._logs, identity)
            _less(self._open, (identity, what))
            self._ended.put((identity, what), self._clock.monotonic())

    def goes_on(self, identity: str, what: str) -> bool:
        """Whether this caller followed this log until a moment ago, or follows it now."""
        if self._open[identity, what]:
            return True
        ended = self._ended.get((identity, what))
        return ended is not None and self._clock.monotonic() - ended <= RESUMED

    @contextmanager
    def container(self, identity: str, cluster: str) -> Iterator[bool]:
        """One more container; whether that may be."""
        if self._containers[identity] >= MOST_CONTAINERS_OF_ONE or self._clusters[cluster] >= MOST_OF_CLUSTER:
            yield False
            return
        self._containers[identity] += 1
        self._clusters[cluster] += 1
        try:
            yield True
        finally:
            _less(self._containers, identity)
            _less(self._clusters, cluster)

    @property
    def count(self) -> int:
        """Containers that are followed now."""
        return self._clusters.total()


def _less(counts: "Counter[K]", key: K) -> None:
    counts[key] -= 1
    if counts[key] <= 0:
        del counts[key]
