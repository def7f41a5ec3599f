"""The crashes of a service, to be flicked through: which one is shown, what comes before and after it, and whether they are the
same. Pure.
"""

import hashlib
from typing import Final

import msgspec

from callboard.portal.views import CrashesView, CrashGroup, CrashLog
from callboard.web.words import counted

__all__ = ["NEWEST", "CrashPage", "ShownGroup", "crash_name", "crash_page"]

NEWEST: Final = "newest"
"""Names the newest crash in an address."""
MOST_CLUSTERS: Final = 4
"""Clusters of one group that are named; of the others it is said how many there are."""


class ShownGroup(msgspec.Struct, frozen=True, kw_only=True):
    """One group as a line: what it says, where, and the name of its newest crash. `current` is the one that the crash shown is
    in."""

    group: CrashGroup
    name: str
    where: str
    current: bool


class CrashPage(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, and the one that is shown: the `number`th of `total`. `before` and `after` name its neighbours, "" where there
    is none; `missed` says that the one asked for is not there any more."""

    sentence: str
    groups: tuple[ShownGroup, ...] = ()
    crash: CrashLog | None = None
    name: str = ""
    number: int = 0
    total: int = 0
    before: str = ""
    after: str = ""
    missed: bool = False
    older: int = 0
    unheard: tuple[str, ...] = ()


def crash_name(crash: CrashLog) -> str:
    """What names the last crash of a container in an address."""
    told = "\0".join((crash.key.cluster, crash.key.namespace, crash.key.name, crash.container))
    return hashlib.blake2b(told.encode(errors="replace"), digest_size=6).hexdigest()


def crash_page(view: CrashesView, wanted: str) -> CrashPage:
    """The page with the crash of that name, else with the newest of the first group."""
    crashes = [crash for group in view.groups for crash in group.members]
    names = [crash_name(crash) for crash in crashes]
    unheard = tuple(cluster.display for cluster in view.unheard)
    if not crashes:
        return CrashPage(sentence="Nothing of this service has crashed.", unheard=unheard)
    at = names.index(wanted) if wanted in names else 0
    return CrashPage(
        sentence=_sentence(view.groups),
        groups=tuple(
            ShownGroup(
                group=group,
                name=crash_name(group.newest),
                where=_where(group),
                current=crashes[at] in group.members,
            )
            for group in view.groups
        ),
        crash=crashes[at],
        name=names[at],
        number=at + 1,
        total=len(crashes),
        before=names[at - 1] if at else "",
        after=names[at + 1] if at + 1 < len(names) else "",
        missed=wanted not in (NEWEST, *names),
        older=view.older,
        unheard=unheard,
    )


def _sentence(groups: tuple[CrashGroup, ...]) -> str:
    """Whether it is the same error everywhere."""
    read = [group for group in groups if not group.unread]
    unread = sum(len(group.members) for group in groups if group.unread)
    if not read:
        return f"{counted(unread, 'container')} crashed; the logs could not be read"
    clusters = {c.name for group in read for c in group.clusters}
    containers = sum(len(group.members) for group in read)
    where = f"{counted(len(clusters), 'cluster')}, {counted(containers, 'container')}"
    errors = all(group.newest.certain or "OOMKilled" in group.newest.how for group in read)
    if containers == 1:
        told = "1 container crashed"
    elif len(read) == 1:
        told = f"The same {'error' if errors else 'end'} in {where}"
    else:
        told = f"{len(read)} different {'errors' if errors else 'ends'} in {where}"
    return told + (f"; {unread} more could not be read" if unread else "")


def _where(group: CrashGroup) -> str:
    names = [cluster.display for cluster in group.clusters]
    rest = len(names) - MOST_CLUSTERS
    return ", ".join(names[:MOST_CLUSTERS]) + (f" and {counted(rest, 'more cluster')}" if rest > 0 else "")
