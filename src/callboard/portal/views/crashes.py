"""What a crash is shown as."""

from datetime import datetime

import msgspec

from callboard.model.cluster import ClusterInfo
from callboard.portal.views.kubernetes import ObjectKey

__all__ = ["CrashLog"]


class CrashLog(msgspec.Struct, frozen=True, kw_only=True):
    """The end of the log of a run that is over. `told` is the number of the line that tells why it ended, `first` to `last` are
    the first exception; -1 where there is none. `line` is what the telling line says, with what looks secret hidden.

    `failure` says in words why there are no lines, or no more. `alike` is equal for crashes that are the same.
    """

    key: ObjectKey
    cluster: ClusterInfo
    container: str
    previous: bool = True
    restarts: int = 0
    ended: datetime | None = None
    how: str = ""
    """How it ended: `exit code 1`, `OOMKilled, exit code 137`."""
    image: str = ""
    lines: tuple[str, ...] = ()
    earlier: bool = False
    told: int = -1
    certain: bool = False
    """Whether the telling line says by its form that something went wrong."""
    first: int = -1
    last: int = -1
    line: str = ""
    alike: str = ""
    failure: str = ""
    failure_words: str = ""
