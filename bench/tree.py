"""What a process and all its descendants use, read from outside: Linux only, as the rest of the benchmark."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["cpu", "peak_rss", "reaped", "rss", "sockets"]

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PROCESS_CLOCK: Final = 2
"""CPUCLOCK_SCHED of the kernel: the clock of a process by its id, in nanoseconds, threads that have ended included."""


def cpu(pid: int) -> float:
    """User + system seconds of a process, its descendants, and those of them that have ended."""
    total = 0.0
    for one in _tree(pid):
        with suppress(OSError):
            total += time.clock_gettime((~one << 3) | _PROCESS_CLOCK) + _reaped(one)
    return total


def rss(pid: int) -> int:
    """Resident bytes of the tree; what its processes share is counted for each."""
    return sum(_status(one, "VmRSS:") for one in _tree(pid))


def peak_rss(pid: int) -> int:
    """The most that was ever resident, in bytes, added up over the tree."""
    return sum(_status(one, "VmHWM:") for one in _tree(pid))


def sockets(pid: int) -> int:
    """Open sockets of the tree: listeners, connections, and the few a process has for itself."""
    found = 0
    for one in _tree(pid):
        with suppress(OSError):
            for entry in Path(f"/proc/{one}/fd").iterdir():
                with suppress(OSError):
                    found += str(entry.readlink()).startswith("socket:")
    return found


def reaped(stat: str) -> float:
    """The seconds of ended children in a line of /proc/PID/stat (see proc(5): cutime and cstime)."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / _TICKS


def _reaped(pid: int) -> float:
    return reaped(Path(f"/proc/{pid}/stat").read_text())


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                for child in (task / "children").read_text().split():
                    yield from _tree(int(child))


def _status(pid: int, key: str) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    return 0
