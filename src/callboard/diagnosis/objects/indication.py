"""One reading of an object: what a field says of it."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from callboard.diagnosis.objects.judgement import Judgement, State

__all__ = ["Indication", "worst"]


class Indication(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """`summary` where the field speaks of the whole object, `partial` where it says "in part", which a summary overrules;
    `detail` where it stands so deep that it does not count beside a summary."""

    state: State
    words: str = ""
    place: str = ""
    value: str = ""
    since: datetime | None = None
    until: datetime | None = None
    summary: bool = False
    partial: bool = False
    detail: bool = False

    @property
    def judged(self) -> Judgement:
        """The judgement where this one decides."""
        return Judgement(
            state=self.state,
            words=self.words,
            place=self.place,
            value=self.value,
            since=self.since,
            until=self.until,
        )


_ORDER = {
    State.FAILED: 0,
    State.HELD: 1,
    State.PROGRESSING: 2,
    State.UNKNOWN: 3,
    State.WELL: 4,
    State.NOT_JUDGED: 5,
}


def worst(found: Iterable[Indication]) -> Indication | None:
    """The one that decides, a summary before a detail; None of none."""
    return min(found, key=lambda each: (_ORDER[each.state], not each.summary), default=None)
