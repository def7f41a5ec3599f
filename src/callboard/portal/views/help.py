"""What helps with one finding: the very thing that somebody who helps would look at first."""

from datetime import datetime

import msgspec

from callboard.model.cluster import ClusterInfo
from callboard.portal.views.crashes import CrashLog
from callboard.portal.views.kubernetes import EventsPart, ObjectKey

__all__ = ["Exhibit", "ExhibitRow", "HelpView"]


class ExhibitRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing beside others: what it is, its value, and a word on it. `wrong` is the one that does not fit."""

    label: str
    value: str
    remark: str = ""
    wrong: bool = False
    time: datetime | None = None


class Exhibit(msgspec.Struct, frozen=True, kw_only=True):
    """Things that are to be compared with one another: settings, references to images, what is asked for and what there is."""

    title: str
    rows: tuple[ExhibitRow, ...]
    changes: bool = False
    """What the last release changed."""


class HelpView(msgspec.Struct, frozen=True, kw_only=True):
    """Of the one object that stands for all that fail alike. `gone` says in words that it is not there any more; then nothing
    else is. `crash` is None where nothing has ended."""

    key: ObjectKey
    cluster: ClusterInfo
    kind: str = ""
    exhibits: tuple[Exhibit, ...] = ()
    events: EventsPart | None = None
    crash: CrashLog | None = None
    gone: str = ""
    as_of: datetime | None = None
