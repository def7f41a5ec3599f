"""What crashes are shown as: one with the end of its log, and those of a whole service by what they have in common."""

from datetime import datetime

import msgspec

from callboard.model.cluster import ClusterInfo
from callboard.portal.views.kubernetes import ObjectKey

__all__ = ["CrashGroup", "CrashLog", "CrashesView"]


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


class CrashGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Crashes that are the same one, the newest first. `unread` says that it is not known what they have in common: their logs
    could not be read."""

    members: tuple[CrashLog, ...]
    unread: bool = False

    @property
    def newest(self) -> CrashLog:
        """The one that stands for all."""
        return self.members[0]

    @property
    def clusters(self) -> tuple[ClusterInfo, ...]:
        """Where they were, each once."""
        return tuple({c.cluster.name: c.cluster for c in self.members}.values())


class CrashesView(msgspec.Struct, frozen=True, kw_only=True):
    """The last crash of each container of a service, in groups: those of most containers first, those that could not be read
    last. `older` are not read; `unheard` are clusters that have not answered, so that nothing is known of crashes there."""

    groups: tuple[CrashGroup, ...] = ()
    older: int = 0
    unheard: tuple[ClusterInfo, ...] = ()
    as_of: datetime | None = None
