"""Rows of several containers in the order in which they were written. Pure."""

import heapq
from collections.abc import Iterator, Sequence

from callboard.portal.views.logs import LogRow

__all__ = ["merged_rows"]


def merged_rows(parts: Sequence[Sequence[LogRow]], begins: str = "") -> Iterator[LogRow]:
    """All of them by time; those of one container keep their order, also where its clock went back. What was written before
    `begins` is left out: not all containers were read so far back."""
    if len(parts) == 1:
        return iter(parts[0])
    merged = heapq.merge(*(_timed(part, begins) for part in parts), key=lambda each: each[0])
    return (row for _, row in merged)


def _timed(rows: Sequence[LogRow], begins: str) -> Iterator[tuple[str, LogRow]]:
    latest = ""
    for row in rows:
        latest = max(latest, row.at)
        if latest >= begins:
            yield latest, row
