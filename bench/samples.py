"""One measurement: what a side used while something was asked of it, and what the simulator did meanwhile."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from bench import tree
from bench.processes import ServedFleet

__all__ = ["MOST_REPLAY", "Sample", "median", "sample", "share_of_replay"]

MOST_REPLAY: Final = 0.7
"""Of a core: a row in which the simulator used more is void, because then it is the simulator that was measured."""
_AFTER: Final = 0.15
"""Seconds after the last answer in which work that follows it (garbage, caches, closing) is still counted."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """`cpu` are user + system seconds of the measured tree for one page, `wall` seconds of each wait for one, `requests` and
    `connections` what reached the clusters for one page, `replay` the share of a core the simulator used."""

    cpu: float
    walls: tuple[float, ...]
    requests: float
    connections: float
    replay: float


async def sample(
    fleet: ServedFleet, pid: int, work: Callable[[], Awaitable[Sequence[float]]], *, pages: int = 1
) -> Sample:
    """Let `work` ask for `pages` pages (it returns the seconds of each wait) and measure the tree of `pid`."""
    loop = asyncio.get_running_loop()
    before, used, began = fleet.report(), tree.cpu(pid), loop.time()
    walls = await work()
    took, after = loop.time() - began, fleet.report()
    await asyncio.sleep(_AFTER)
    used = tree.cpu(pid) - used
    return Sample(
        cpu=used / pages,
        walls=tuple(walls),
        requests=(after.requests - before.requests) / pages,
        connections=(after.connections - before.connections - 1) / pages,  # one was the report's own
        replay=(after.cpu - before.cpu) / took,
    )


def median(values: Sequence[float]) -> float:
    """Of none, 0."""
    return statistics.median(values) if values else 0.0


def share_of_replay(samples: Sequence[Sample]) -> tuple[float, bool]:
    """The median share of a core that the simulator used, and whether that makes the row void."""
    share = median([s.replay for s in samples])
    return share, share > MOST_REPLAY
