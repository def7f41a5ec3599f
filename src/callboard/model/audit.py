"""What somebody did in Callboard, as it is kept on record: who and what, never a body, a token or a log line."""

from datetime import datetime
from enum import StrEnum

import msgspec

__all__ = ["AuditDeed", "AuditEvent", "AuditFilter", "AuditOutcome", "AuditPage"]


class AuditDeed(StrEnum):
    """What was done."""

    SIGN_IN = "sign-in"
    """Somebody signed in, or tried to."""
    SIGN_OUT = "sign-out"
    """Somebody signed out."""
    REFUSED = "refused"
    """Somebody was not allowed what they asked for."""
    LOG = "log"
    """The log of a container was read, or the end of one."""
    YAML = "yaml"
    """The YAML of an object was read."""
    CHANGE = "change"
    """Something was changed."""


class AuditOutcome(StrEnum):
    """What came of it."""

    DONE = "done"
    REFUSED = "refused"


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One deed. `who` is the caller's subject, `kind` what sort of caller it is, `through` the session or token by its name;
    `action` a permission's name, `what` what it was done to, in refs and names; `code` says why it was refused."""

    at: datetime
    deed: AuditDeed
    outcome: AuditOutcome
    who: str = ""
    kind: str = ""
    through: str = ""
    action: str = ""
    what: str = ""
    code: str = ""
    request: str = ""
    """The request's id, as in the log and in error pages."""
    address: str = ""
    number: int = 0
    """Its place in the record, once it is kept."""


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: "" and None mean any. `who` and `what` match from their beginning. `before` is the number to go on from."""

    deed: AuditDeed | None = None
    outcome: AuditOutcome | None = None
    who: str = ""
    what: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int = 0
    limit: int = 100


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Events, the newest first. `older` is where to go on, 0 where there is no more; `waiting` are told and not kept yet."""

    events: tuple[AuditEvent, ...]
    older: int = 0
    waiting: int = 0
