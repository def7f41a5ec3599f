"""Container logs, as lines that are safe to show."""

from collections.abc import Generator
from typing import Final

from callboard.kube.in_force import in_force
from callboard.kube.reads.logs import Log
from callboard.portal.logs.escapes import plain

__all__ = ["clean_line", "cleaned_lines"]

LONGEST_LINE = 8_000
_AT_ONCE: Final = 200
"""Lines made fit to be shown in one step: a millisecond or two."""


def clean_line(line: str) -> str:
    """A log line as plain text: no escape sequences, no control or bidirectional characters, bounded in length."""
    text = plain(line)
    return text if len(text) <= LONGEST_LINE else text[:LONGEST_LINE] + " …"


def cleaned_lines(log: Log) -> Generator[None, None, tuple[str, ...]]:
    """Its lines as they are shown, in steps."""
    lines: list[str] = []
    for start in range(0, len(log.lines), _AT_ONCE):
        lines += [clean_line(in_force.hidden_in(line.text)) for line in log.lines[start : start + _AT_ONCE]]
        yield
    return tuple(lines)
