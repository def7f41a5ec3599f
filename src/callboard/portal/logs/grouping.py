"""Crashes in groups of those that are the same one. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from callboard.portal.views import CrashGroup, CrashLog

__all__ = ["grouped"]

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


def grouped(crashes: Iterable[CrashLog]) -> tuple[CrashGroup, ...]:
    """The groups of most containers first, those whose logs could not be read last."""
    found: dict[tuple[str, ...], list[CrashLog]] = {}
    for crash in sorted(crashes, key=_ended, reverse=True):
        found.setdefault(_common(crash), []).append(crash)
    groups = [CrashGroup(members=tuple(each), unread=key == _UNREAD) for key, each in found.items()]
    return tuple(sorted(groups, key=lambda group: (group.unread, -len(group.members))))


_UNREAD: Final = ("unread",)


def _common(crash: CrashLog) -> tuple[str, ...]:
    """What crashes that are the same have in common."""
    if not crash.lines and crash.failure:
        return _UNREAD
    if "OOMKilled" in crash.how:  # what it wrote last has nothing to do with it
        return ("memory", crash.container)
    if crash.certain:
        return ("error", crash.alike)
    return ("end", crash.how, crash.container)  # its last line is any line


def _ended(crash: CrashLog) -> datetime:
    return crash.ended or _LONG_AGO
