"""What the replay has done, for benchmarks to read: whoever measures a client has to know what its server cost."""

import resource
import time
from collections.abc import Hashable
from pathlib import Path

import msgspec

__all__ = ["Counters", "Report"]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Sums since the start. `cpu` is user + system seconds of the process, `rss` and `peak_rss` bytes, `rate` the changes
    to pods a second that it was told to make, `behind` how many of them it could not,
    `touched` when a service was touched last, by the machine's monotonic clock."""

    cpu: float
    rss: int
    peak_rss: int
    requests: int
    bytes: int
    connections: int
    open: int
    streams: int
    events: int
    changes: int
    cut_off: int
    rate: float
    behind: int
    touched: float


class Counters:
    """Counted by all connections of a replay. `delay` is in seconds, before every answer; `changing` says how many clusters,
    from the first on, have changes (0: all)."""

    def __init__(self) -> None:
        self.requests = self.bytes = self.connections = self.streams = self.events = self.changes = (
            self.cut_off
        ) = 0
        self.behind = 0
        self.touched = 0.0
        self.rate = 0.0
        self.delay = 0.0
        self.changing = 0
        self.open: dict[Hashable, None] = {}

    def report(self) -> Report:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return Report(
            cpu=time.process_time(),
            rss=pages * resource.getpagesize(),
            peak_rss=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            requests=self.requests,
            bytes=self.bytes,
            connections=self.connections,
            open=len(self.open),
            streams=self.streams,
            events=self.events,
            changes=self.changes,
            cut_off=self.cut_off,
            rate=self.rate,
            behind=self.behind,
            touched=self.touched,
        )
