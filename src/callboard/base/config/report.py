"""What became of every key: the rows of `callboard config check`."""

from enum import StrEnum

import msgspec

__all__ = ["KeyOutcome", "Level", "Row"]


class KeyOutcome(StrEnum):
    """What became of a key."""

    USED = "used"
    """Callboard acts on it."""
    UNSET = "unset"
    """It names a variable that has no value, so it counts as not written, as in Backstage."""
    UNUSED = "known, not used"
    """Backstage knows it; Callboard does nothing with it."""
    UNKNOWN = "unknown"
    """Neither knows it."""
    INVALID = "invalid"
    """It is known, and its value will not do."""
    CAUTION = "caution"
    """It is used, and there is something about it to be told."""


class Level(StrEnum):
    """How much a row matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One key. `path` is its place in the config, `where` and `line` its place in a file; no value is in it."""

    path: str
    outcome: KeyOutcome
    level: Level = Level.INFO
    where: str = ""
    line: int | None = None
    message: str = ""
