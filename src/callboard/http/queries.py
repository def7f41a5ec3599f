"""Parameters of an address, bounded. Foreign text in, a value or a UsageError that names the parameter out."""

import re
from typing import Final

from starlette.datastructures import QueryParams

from callboard.base.errors import UsageError

__all__ = ["MOST_TEXT", "bounded", "number", "seconds", "shown", "values"]

MOST_TEXT: Final = 500
"""Characters of one parameter. Nobody types more into a search box; a longer one is a mistake or worse."""
MOST_VALUES: Final = 50


def bounded(key: str, value: str) -> str:
    """The value, unless it is too long."""
    if len(value) > MOST_TEXT:
        raise UsageError(
            f"“{key}” in the address is {len(value)} characters long; at most {MOST_TEXT} are understood."
        )
    return value


def values(params: QueryParams, key: str) -> tuple[str, ...]:
    """All that are given, empty ones left out."""
    given = tuple(value for value in params.getlist(key) if value)
    if len(given) > MOST_VALUES:
        raise UsageError(
            f"The address has {len(given)} values for “{key}”; at most {MOST_VALUES} are understood."
        )
    for value in given:
        bounded(key, value)
    return given


def number(params: QueryParams, key: str, *, usual: int, least: int, most: int) -> int:
    """A whole number, `usual` where none is given."""
    value = params.get(key, str(usual))
    if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise UsageError(
            f"“{key}” in the address is a whole number from {least} to {most}, not {shown(value)}."
        )
    return int(value)


def seconds(params: QueryParams, key: str, *, usual: float, most: float) -> float:
    """A number of seconds from 0 on, fractions allowed."""
    value = params.get(key, str(usual))
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", value) or float(value) > most:
        raise UsageError(
            f"“{key}” in the address is a number of seconds from 0 to {most:g}, not {shown(value)}."
        )
    return float(value)


def shown(value: str) -> str:
    """Foreign text as an error may quote it."""
    return f"“{value[:80]}…”" if len(value) > 80 else f"“{value}”"
