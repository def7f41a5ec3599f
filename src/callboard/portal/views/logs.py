"""What a log's page and its stream show: lines of one or several containers, safe to show, and what is missing of them."""

from datetime import datetime

import msgspec

from callboard.model.cluster import ClusterInfo
from callboard.portal.views.kubernetes import ContainerRow, ObjectKey

__all__ = ["LineSpan", "LogNews", "LogRow", "LogSource", "LogView"]


class LineSpan(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A part of a line, by its first character and the one after its last, and how it was written: a colour's name, `bold`,
    `italic`, `underline`, or `field` for what stands beside the message in a line of JSON."""

    start: int
    end: int
    style: str


class LogRow(msgspec.Struct, frozen=True, gc=False, array_like=True, omit_defaults=True):
    """One line, as text without control characters. `at` is when it was written (RFC 3339, nine digits), "" where that is not
    known; `source` the number of its container in the log's `sources`; `level` one of `portal.logs.levels.LEVELS` or "".
    `cut`: it was longer than is shown."""

    at: str
    source: int
    level: str
    text: str
    spans: tuple[LineSpan, ...] = ()
    cut: bool = False


class LogSource(msgspec.Struct, frozen=True, kw_only=True):
    """One container whose lines are in a log. `id` stands for it in addresses and streams; `missing` says why it has no lines, or
    no more; `cursor` how far it has been read, for whoever goes on from there."""

    id: str
    pod: str
    container: str
    key: ObjectKey
    missing: str = ""
    words: str = ""
    """The cluster's own, behind `missing`."""
    cursor: str = ""


class LogView(msgspec.Struct, frozen=True, kw_only=True):
    """The log of a container, of all of a pod, or of all pods of a workload merged by time, read to its end or to the limit.
    `failure` is set when there is nothing to show, or no more than these lines; `plain` says it for a log that is not there yet.

    `earlier` tells that there are earlier lines that were not read, `later` that there are later ones, which happens only where a
    log is read from a moment on; `bounded` that bytes were the bound and not lines. `matching` is how many of `read` lines the
    filter let through, None without one. `omitted` are containers that are not read, because they are too many.
    """

    key: ObjectKey
    cluster: ClusterInfo
    kind: str = "Pod"
    container: str = ""
    containers: tuple[ContainerRow, ...] = ()
    sources: tuple[LogSource, ...] = ()
    rows: tuple[LogRow, ...] = ()
    previous: bool = False
    earlier: bool = False
    later: bool = False
    bounded: int = 0
    read: int = 0
    filtered: bool = False
    omitted: tuple[str, ...] = ()
    crashed_at: datetime | None = None
    """When the container ended last that was read, for those who ask since when."""
    line: int = -1
    """The number of the row that was asked for; -1 for none."""
    line_gone: str = ""
    """Why the line that was asked for is not there."""
    failure: str = ""
    failure_words: str = ""
    follows: bool = False
    """Whether more may come: somebody can follow it."""
    as_of: datetime | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The text alone."""
        return tuple(row.text for row in self.rows)


class LogNews(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a followed log since the last time. `sources` are told when there are new ones, all of them; `ids` are theirs,
    by the numbers that rows have. `cursors` are where each source has come to, by its id; `dropped` counts lines that came faster
    than their reader took them; `said` is what happened to the containers, in words; `state` is `live`, `waiting` or `ended`.
    """

    rows: tuple[LogRow, ...] = ()
    sources: tuple[LogSource, ...] = ()
    ids: tuple[str, ...] = ()
    cursors: tuple[tuple[str, str], ...] = ()
    dropped: int = 0
    said: tuple[str, ...] = ()
    state: str = "live"
