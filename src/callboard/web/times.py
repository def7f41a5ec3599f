"""Times for people: how long ago at a glance, the exact moment on hover."""

import re
from datetime import UTC, datetime

__all__ = ["age", "ago", "clock", "exact", "iso", "seconds", "with_ages", "without_ages"]

MINUTE, HOUR, DAY = 60, 3600, 86400


def age(moment: datetime, now: datetime) -> str:
    """How long ago, in the one or two largest units: "just now", "45 s", "12 min", "3 h 5 min", "4 d"."""
    passed = int((now - moment).total_seconds())
    if passed < 5:
        return "just now" if passed > -30 else "in the future"
    if passed < MINUTE:
        return f"{passed} s"
    if passed < HOUR:
        return f"{passed // MINUTE} min"
    if passed < DAY:
        hours, minutes = passed // HOUR, passed % HOUR // MINUTE
        return f"{hours} h {minutes} min" if minutes and hours < 6 else f"{hours} h"
    return f"{passed // DAY} d"


def ago(moment: datetime, now: datetime) -> str:
    """`age` as a point in time: "just now", "12 min ago"."""
    text = age(moment, now)
    return text if text in ("just now", "in the future") else f"{text} ago"


def exact(moment: datetime) -> str:
    """The moment itself, in UTC."""
    return f"{_in_utc(moment, ' ')} UTC"


def clock(moment: datetime) -> str:
    """The time of day, in UTC; page.js makes it local."""
    return moment.astimezone(UTC).strftime("%H:%M:%S UTC")


def iso(moment: datetime) -> str:
    """For the `datetime` attribute."""
    return f"{_in_utc(moment, 'T')}Z"


def _in_utc(moment: datetime, between: str) -> str:
    """`2026-11-21T12:00:00`, with that between day and time; a page has hundreds, and strftime takes five times as long."""
    there = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return there.isoformat(between, "seconds")[:19]


def seconds(took: float) -> str:
    """A duration: "80 ms", "1.4 s"."""
    return f"{took * 1000:.0f} ms" if took < 1 else f"{took:.1f} s"


_AGE = re.compile(r'(<time data-(age|ago) datetime="([0-9TZ:-]{20})"[^>]*>)[^<]*')
"""How `parts.html` writes an age; foreign text cannot look like it, for it is escaped."""
_WORDS_OF_AGE = re.compile(r'(<time data-(?:age|ago) datetime="[0-9TZ:-]{20}"[^>]*>)[^<]*')
"""The same with one group, which is all of it that splitting by it leaves."""


def without_ages(html: str) -> str:
    """The same HTML whenever it was rendered: the words of ages left out, their moments kept."""
    return "".join(_WORDS_OF_AGE.split(html))


def with_ages(html: str, now: datetime) -> str:
    """HTML rendered earlier, its ages as of now."""

    def renewed(found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[3])
        return found[1] + (ago if found[2] == "ago" else age)(moment, now)

    return _AGE.sub(renewed, html)
