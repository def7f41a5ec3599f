"""When a CronJob runs, in words that need no knowledge of cron. Pure."""

from typing import Final

from callboard.diagnosis.cron import fields_of

__all__ = ["schedule_words"]

_WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MOST: Final = 4
"""Values that are named one by one; a schedule of more is shown as it is written."""


def schedule_words(schedule: str, zone: str) -> str:
    """`every day at 03:00 (Europe/Paris)`; what has no short words, or cannot be read, as it is written: `at 7-59/13 * * * *`."""
    text, zone = schedule.strip()[:200], zone[:60]
    if text.startswith(("TZ=", "CRON_TZ=")):
        named, _, text = text.partition(" ")
        zone, text = named.partition("=")[2], text.strip()
    where = f" ({zone})" if zone else ""
    if text.startswith("@every "):
        return f"every {text.removeprefix('@every ').strip()}"
    fields = fields_of(text)
    if fields is None:
        return f"at {text}{where}"
    minute, hour, day, month, weekday = fields
    time = _time(minute, hour)
    days = _days(day, month, weekday)
    if not time or days is None:
        return f"at {text}{where}"
    if time.startswith("every"):
        return f"{time}{', ' + days if days != 'every day' else ''}{where}"
    return f"{days} at {time}{where}"


def _time(minute: str, hour: str) -> str:
    minutes, hours = _numbers(minute), _numbers(hour)
    if hour == "*":
        if minute == "*":
            return "every minute"
        if minute.startswith("*/"):
            return _every(minute, "minute")
        if minutes == [0]:
            return "every hour"
        return f"every hour at minute {_listed([str(m) for m in minutes])}" if minutes else ""
    if hour.startswith("*/") and minutes and len(minutes) == 1:
        return _every(hour, "hour") + (f" at minute {minutes[0]}" if minutes[0] else "")
    if minutes and hours and len(minutes) * len(hours) <= _MOST:
        return _listed([f"{h:02}:{m:02}" for h in hours for m in minutes])
    return ""


def _days(day: str, month: str, weekday: str) -> str | None:
    """None where there are no short words for it."""
    by_day = _of_month(day) if day not in ("*", "?") else ""
    by_weekday = _of_week(weekday) if weekday not in ("*", "?") else ""
    if by_day is None or by_weekday is None:
        return None
    told = " or ".join(each for each in (by_day, by_weekday) if each) or "every day"
    if month in ("*", "?"):
        return told
    months = _numbers(month)
    if not months or len(months) > _MOST:
        return None
    return f"{told} in {_listed([_MONTHS[m - 1] for m in months])}"


def _of_month(day: str) -> str | None:
    days = _numbers(day)
    if not days or len(days) > _MOST:
        return None
    return f"on day {_listed([str(d) for d in days])} of the month"


def _of_week(weekday: str) -> str | None:
    first, dash, last = weekday.partition("-")
    if dash and first.isdecimal() and last.isdecimal():
        return f"{_WEEKDAYS[int(first) % 7]} to {_WEEKDAYS[int(last) % 7]}"
    days = _numbers(weekday)
    if not days or len(days) > _MOST:
        return None
    return f"on {_listed([_WEEKDAYS[d] for d in dict.fromkeys(d % 7 for d in days)])}"


def _every(field: str, unit: str) -> str:
    step = field.removeprefix("*/")
    if not step.isdecimal():
        return ""
    return f"every {unit}" if int(step) == 1 else f"every {int(step)} {unit}s"


def _numbers(field: str) -> list[int]:
    """Of a list of plain numbers; [] for anything else."""
    parts = field.split(",")
    return [int(p) for p in parts] if all(p.isascii() and p.isdecimal() for p in parts) else []


def _listed(words: list[str]) -> str:
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]
