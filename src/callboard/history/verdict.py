"""What is remembered of a verdict."""

from datetime import datetime

import msgspec

from callboard.model.entity import EntityRef
from callboard.model.verdict import Health

__all__ = ["LastVerdict"]


class LastVerdict(msgspec.Struct, frozen=True):
    """The newest settled verdict on a service: `since` when its health is what it is, `as_of` when it was last seen so."""

    ref: EntityRef
    health: Health
    sentence: str
    since: datetime
    as_of: datetime
