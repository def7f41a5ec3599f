"""Foreign lines as rows that are safe to show. Pure."""

import hashlib
import re
import zlib
from collections.abc import Generator, Sequence
from typing import Final

from callboard.kube.in_force import in_force
from callboard.kube.reads.logs import LogLine
from callboard.portal.logs.escapes import coloured, plain
from callboard.portal.logs.levels import level_of, said_in_json
from callboard.portal.views.logs import LineSpan, LogRow

__all__ = ["LONGEST_ROW", "line_name", "row_of", "rows_of", "source_id"]

LONGEST_ROW: Final = 4_000
"""Characters of one line that are shown."""
_OWN_STAMP: Final = re.compile(
    r"\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)[.,]?\d{0,9}(?:Z|[+-]\d\d:?\d\d)?\]?", re.ASCII
)
_AT_ONCE: Final = 100
"""Lines made fit to be shown in one step: a millisecond or two."""


def row_of(line: LogLine, source: int, *, as_written: bool = False) -> LogRow:
    """One line: no escape sequences, no control or bidirectional characters, no credential of ours, bounded in length. A line of
    JSON with a message is that message and its other fields, unless it is wanted `as_written`."""
    text, spans = coloured(in_force.hidden_in(line.text))
    found = None if spans else said_in_json(text)
    if found is None:
        level = level_of(text)
        own = None if spans else _OWN_STAMP.match(text)
        if own is not None and own[1].replace(" ", "T") == line.at[:19]:  # it says when twice
            spans = (LineSpan(0, own.end(), "field"),)
    else:
        level = found[0]
        if not as_written:
            said, fields = plain(found[1].replace("\n", " \u21b5 ")), plain(found[2])
            text = f"{said}  {fields}" if fields else said
            spans = (LineSpan(len(said), len(text), "field"),) if fields else ()
    if len(text) <= LONGEST_ROW:
        return LogRow(line.at, source, level, text, spans, line.cut)
    kept = tuple(LineSpan(s.start, min(s.end, LONGEST_ROW), s.style) for s in spans if s.start < LONGEST_ROW)
    return LogRow(line.at, source, level, text[:LONGEST_ROW], kept, True)


def rows_of(
    lines: Sequence[LogLine], source: int, *, as_written: bool = False
) -> Generator[None, None, list[LogRow]]:
    """All of them, in steps."""
    rows: list[LogRow] = []
    for start in range(0, len(lines), _AT_ONCE):
        rows += [row_of(line, source, as_written=as_written) for line in lines[start : start + _AT_ONCE]]
        yield
    return rows


def line_name(row: LogRow) -> str:
    """What names a line in an address: when it was written, and what stands for its text. `log.js` makes the same."""
    return f"{row.at}~{zlib.crc32(row.text.encode(errors='replace')):08x}"


def source_id(pod: str, container: str) -> str:
    """What stands for a container in addresses and streams."""
    return hashlib.blake2b(f"{pod}/{container}".encode(errors="replace"), digest_size=6).hexdigest()
