"""Times for people: how long ago at a glance, the exact moment on hover."""

from datetime import UTC, datetime

__all__ = ["age", "ago", "clock", "exact", "iso", "seconds"]

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
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def clock(moment: datetime) -> str:
    """The time of day, in UTC; page.js makes it local."""
    return moment.astimezone(UTC).strftime("%H:%M:%S UTC")


def iso(moment: datetime) -> str:
    """For the `datetime` attribute."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(took: float) -> str:
    """A duration: "80 ms", "1.4 s"."""
    return f"{took * 1000:.0f} ms" if took < 1 else f"{took:.1f} s"
