"""What was found about one object, and where it stands."""

from datetime import datetime
from enum import StrEnum

import msgspec

__all__ = ["Judgement", "State"]


class State(StrEnum):
    """From best to worst for whoever relies on the object; NOT_JUDGED is no degree of it."""

    WELL = "well"
    HELD = "held"
    """Somebody wants it so: suspended, paused, stopped, scaled to zero."""
    PROGRESSING = "progressing"
    """On its way, as far as can be told."""
    UNKNOWN = "unknown"
    """The object itself says that its controller does not know."""
    FAILED = "failed"
    NOT_JUDGED = "notJudged"
    """It says nothing about itself that we understand."""


class Judgement(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """`words` are plain ("not ready: invalid credentials"), `place` the path of the field that decided, `value` what stands
    there, both foreign and bounded. `since` is the time the object itself tells of that field. `until` is when the judgement
    may change by time alone."""

    state: State
    words: str = ""
    place: str = ""
    value: str = ""
    since: datetime | None = None
    until: datetime | None = None
