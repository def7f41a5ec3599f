"""The moment at the head of a log line, as a kubelet writes it where timestamps are asked for. Pure, and total over any text."""

import re
from datetime import UTC, datetime
from typing import Final

__all__ = ["Cursor", "stamped"]

_STAMP: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)?(Z|[+-]\d\d:?\d\d)(?: |$)", re.ASCII
)
LENGTH: Final = len("2026-12-01T03:18:46.123456789Z")


def stamped(line: str) -> tuple[str, str]:
    """(when, the rest): when in UTC and always with nine digits, so that moments are compared as text; ("", the line) where none
    is told."""
    found = _STAMP.match(line)
    if found is None:
        return "", line
    moment, fraction, zone = found.groups()
    if zone != "Z":
        try:
            moment = datetime.fromisoformat(moment + zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        except (ValueError, OverflowError):
            return "", line
    return f"{moment}.{(fraction or '').ljust(9, '0')}Z", line[found.end() :]


class Cursor:
    """How far one container's log has been read: the moment of its last line, and how many lines had that very moment. What comes
    again when it is asked for anew from there on (a kubelet goes by whole seconds) is passed over, and nothing else is."""

    __slots__ = ("_past", "_seen", "at", "count")

    def __init__(self, at: str = "", count: int = 0) -> None:
        self.at = at
        self.count = count
        self._past = not at
        self._seen = 0

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """What `str` wrote; the beginning, for any other text."""
        at, _, count = text.partition("/")
        moment, rest = stamped(at)
        if not moment or rest or len(at) != LENGTH or not (count.isascii() and count.isdigit()):
            return cls()
        return cls(moment, min(int(count[:6]), 100_000))

    def again(self) -> None:
        """The log is asked for anew from here on."""
        self._past, self._seen = not self.at, 0

    def is_new(self, at: str) -> bool:
        """Whether the next line that comes, written then, has not been read before; it is counted as read."""
        if not self._past:
            if at == self.at and self._seen < self.count:
                self._seen += 1
                return False
            if at and at < self.at:
                return False
            self._past = True
        if at:
            self.count = self.count + 1 if at == self.at else 1
            self.at = at
        return True

    def __str__(self) -> str:
        return f"{self.at}/{self.count}" if self.at else ""
