"""When a CronJob's schedule was due last: cron's five fields as Kubernetes reads them (robfig/cron v3). Pure and bounded."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

__all__ = ["due_soon", "fields_of", "last_due", "next_due"]

DAYS: Final = 62
"""How far back is looked: rarer schedules are not judged."""
_AHEAD: Final = (timedelta(minutes=10), timedelta(hours=1), timedelta(days=1), timedelta(days=DAYS / 2))
_MACROS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_ZONED: Final = ("TZ=", "CRON_TZ=")
_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|h|m|s)")
_SPAN: Final = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ms|h|m|s)){1,8}")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class _Schedule(msgspec.Struct, frozen=True):
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        # A field that is a star leaves the choice to the other; where neither is, either will do.
        return by_day and by_weekday if self.any_day or self.any_weekday else by_day or by_weekday


def last_due(schedule: str, zone: str, now: datetime, since: datetime | None = None) -> datetime | None:
    """The last moment before `now` at which a run was due, in UTC; None for a schedule that cannot be read, or was not due
    within DAYS. Hours that a change of clocks leaves out or repeats are passed over. `@every 90s` counts from `since`, when it
    last began. A schedule may begin with its zone (`CRON_TZ=Europe/Paris`), which then counts."""
    text = schedule.strip()[:200]
    if text.startswith(_ZONED):
        named, _, text = text.partition(" ")
        zone = named.partition("=")[2]
    if text.startswith("@every "):
        return _last_turn(text.removeprefix("@every "), now, since)
    parsed = _parsed(text.strip())
    place = _zone(zone)
    if parsed is None or place is None:
        return None
    try:
        here = now.astimezone(place)
        for back in range(DAYS):
            day = here - timedelta(days=back)
            if not parsed.on(day):
                continue
            for hour in reversed(parsed.hours):
                for minute in reversed(parsed.minutes):
                    due = day.replace(hour=hour, minute=minute, second=0, microsecond=0)
                    if due <= here:
                        utc = due.astimezone(UTC)
                        return utc if utc.astimezone(place).hour == hour and utc <= now else None
    except (OverflowError, ValueError):
        return None
    return None


def _last_turn(text: str, now: datetime, since: datetime | None) -> datetime | None:
    every = _span(text.strip())
    if every is None or since is None or now < since:
        return None
    turns = (now - since) // every
    return (since + turns * every) if turns else None


@lru_cache(maxsize=256)
def _span(text: str) -> timedelta | None:
    """A span as Go writes it: `1h30m`, `90s`; a second at least, as cron takes it, and rarer than DAYS is not judged."""
    if not _SPAN.fullmatch(text):
        return None
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    return timedelta(seconds=max(int(seconds), 1)) if seconds <= DAYS * 86_400 else None


def due_soon(schedule: str, zone: str, now: datetime, since: datetime | None = None) -> datetime | None:
    """A moment after `now` at which a run is due, in UTC: the next one, or one soon after it. None as for `last_due`."""
    for span in _AHEAD:
        try:
            due = last_due(schedule, zone, now + span, since)
        except OverflowError:
            return None
        if due is not None and due > now:
            return due
    return None


def next_due(schedule: str, zone: str, now: datetime, since: datetime | None = None) -> datetime | None:
    """The first moment after `now` at which a run is due, in UTC. None as for `last_due`."""
    found = due_soon(schedule, zone, now, since)
    before = now
    while found is not None and found - before > timedelta(seconds=1):
        middle = before + (found - before) / 2
        due = last_due(schedule, zone, middle, since)
        if due is not None and due > now:
            found = due
        else:
            before = middle
    return found


def fields_of(schedule: str) -> tuple[str, str, str, str, str] | None:
    """The five fields of a schedule without a zone, names of months and days as numbers; None where it cannot be read."""
    text = _MACROS.get(schedule.strip().lower(), schedule.strip().lower())
    if _parsed(text) is None:
        return None
    minute, hour, day, month, weekday = text.split()
    return minute, hour, day, _numbered(month, _MONTHS, 1), _numbered(weekday, _WEEKDAYS, 0)


def _numbered(field: str, names: tuple[str, ...], first: int) -> str:
    for number, name in enumerate(names, first):
        field = field.replace(name, str(number))
    return field


@lru_cache(maxsize=256)
def _zone(name: str) -> "ZoneInfo | None":
    try:
        return ZoneInfo(name or "UTC")
    except (OSError, ValueError, KeyError):
        return None


@lru_cache(maxsize=1024)
def _parsed(text: str) -> _Schedule | None:
    fields = _MACROS.get(text.lower(), text).split()
    if len(fields) != 5:
        return None
    minutes = _values(fields[0], 0, 59)
    hours = _values(fields[1], 0, 23)
    days = _values(fields[2], 1, 31)
    months = _values(fields[3], 1, 12, _MONTHS, 1)
    weekdays = _values(fields[4], 0, 7, _WEEKDAYS, 0)
    if not (minutes and hours and days and months and weekdays):
        return None
    return _Schedule(
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        days,
        months,
        frozenset(d % 7 for d in weekdays),
        fields[2].startswith(("*", "?")),
        fields[4].startswith(("*", "?")),
    )


def _values(field: str, low: int, high: int, names: tuple[str, ...] = (), first: int = 0) -> frozenset[int]:
    """What a field stands for; empty where it cannot be read."""
    found: set[int] = set()
    for part in field.lower().split(","):
        span, slash, step = part.partition("/")
        every = _number(step) if slash else 1
        if span in ("*", "?"):
            start, end = low, high
        else:
            one, dash, other = span.partition("-")
            begin, finish = _number(one, names, first), _number(other, names, first) if dash else None
            if begin is None or (dash and finish is None):
                return frozenset()
            start = begin
            end = finish if finish is not None else (high if slash else begin)
        if not every or start < low or end > high or start > end:
            return frozenset()
        found.update(range(start, end + 1, every))
    return frozenset(found)


def _number(text: str, names: tuple[str, ...] = (), first: int = 0) -> int | None:
    if text in names:
        return names.index(text) + first
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None
