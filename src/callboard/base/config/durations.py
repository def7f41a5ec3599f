"""Time spans as Backstage writes them: `{minutes: 5}`, `5m`, `5 minutes`, `PT5M`."""

import re
from collections.abc import Mapping

__all__ = ["UNITS", "from_parts", "from_text"]

UNITS: dict[str, float] = {
    "years": 365.25 * 86400,
    "months": 30.4375 * 86400,
    "weeks": 7 * 86400,
    "days": 86400,
    "hours": 3600,
    "minutes": 60,
    "seconds": 1,
    "milliseconds": 0.001,
}
"""Seconds in each unit of the mapping form."""

_SHORT = {
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), "milliseconds"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "seconds"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "minutes"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "hours"),
    **dict.fromkeys(("d", "day", "days"), "days"),
    **dict.fromkeys(("w", "week", "weeks"), "weeks"),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), "years"),
}
_ONE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ?([a-z]+)", re.IGNORECASE)
_NUMBER = r"([0-9]{1,15}(?:[.,][0-9]{1,9})?)"
_ISO = re.compile(
    rf"P(?=.)(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?=.)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?"
)
_ISO_UNITS = ("years", "months", "weeks", "days", "hours", "minutes", "seconds")


def from_parts(parts: Mapping[str, float]) -> float:
    """Seconds of `{minutes: 5, seconds: 3}`; every key is one of UNITS."""
    return sum(UNITS[unit] * amount for unit, amount in parts.items())


def from_text(text: str) -> float | None:
    """Seconds of `5m`, `5 minutes` or ISO 8601's `PT5M`; None if it is none of these."""
    if match := _ONE.fullmatch(text):
        unit = _SHORT.get(match[2].lower())
        return None if unit is None else UNITS[unit] * float(match[1])
    if match := _ISO.fullmatch(text):
        amounts = zip(_ISO_UNITS, match.groups(), strict=True)
        return from_parts({unit: float(amount.replace(",", ".")) for unit, amount in amounts if amount})
    return None
