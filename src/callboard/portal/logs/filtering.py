"""Which lines of a log somebody wants to see: by text, by a pattern, by how bad they say they are. Pure.

Patterns are RE2's, whose time grows with the line and nothing else: none can be written that hangs.
"""

from collections.abc import Callable
from typing import Final

import re2

from callboard.base.errors import UsageError
from callboard.portal.logs.levels import LEVELS
from callboard.portal.views.logs import LogRow

__all__ = ["LogFilter"]

LONGEST_PATTERN: Final = 500
_MEMORY: Final = 1024 * 1024
"""Bytes a pattern may come to when it is made ready."""


class LogFilter:
    """`text` is looked for as it stands, whatever the case of its letters, or is a pattern; `level` lets through what is at least
    so bad, and lines that go on from one that was let through. Raises UsageError for a pattern that is none."""

    def __init__(self, text: str = "", *, pattern: bool = False, level: str = "") -> None:
        self.any = bool(text or level)
        """Whether it holds anything back."""
        self._level = LEVELS.index(level) if level else 0
        self._finds = _finder(text, pattern)
        self._passing: dict[int, bool] = {}

    def passes(self, row: LogRow) -> bool:
        """Whether the row is to be seen. Rows of one source are asked about in their order."""
        if not self.any:
            return True
        if self._level:
            if row.level:
                self._passing[row.source] = LEVELS.index(row.level) >= self._level
            # a stack goes on from its message, and says no level of its own
            if not self._passing.get(row.source, False):
                return False
        return self._finds(row.text)


def _finder(text: str, pattern: bool) -> Callable[[str], bool]:
    if not text:
        return lambda line: True
    if len(text) > LONGEST_PATTERN:
        raise UsageError(f"A filter has at most {LONGEST_PATTERN} characters.", code="bad-filter")
    if not pattern:
        wanted = text.lower()
        return lambda line: wanted in line.lower()
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        found = re2.compile(text, options)
    except re2.error as error:
        why = str(error.args[0] if error.args else error)
        why = why.strip("b'\"")
        raise UsageError(
            f"The pattern in the filter cannot be used: {why[:200]}.", code="bad-filter"
        ) from None
    return lambda line: found.search(line) is not None
