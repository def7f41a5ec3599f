"""Times as clusters tell them: with a zone, and far enough from the ends of the calendar that what is computed with them is one.

Python's datetimes are neither by themselves: one without a zone cannot be compared with one that has it, and near the years 1 and
9999 a change of zone or a sum of minutes raises OverflowError.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Final

import msgspec

__all__ = ["FIRST_YEAR", "LAST_YEAR", "Time", "beyond_calendar", "may_be_beyond", "usable"]

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""A field of an object: RFC 3339 with its zone. `beyond_calendar` says where one is too near the ends."""

FIRST_YEAR: Final = 10
LAST_YEAR: Final = 9998
_NEAR: Final = re.compile(rb'"(?:000\d|9999)-')


def usable(moment: datetime) -> bool:
    """Whether it may be compared, shifted and shown without a second thought."""
    return moment.tzinfo is not None and FIRST_YEAR <= moment.year <= LAST_YEAR


def may_be_beyond(raw: bytes) -> bool:
    """Whether an object's JSON could hold a time too near the ends of the calendar; False is certain, and quick."""
    # From behind, for then each of the many quotes is no place to begin at: twice as fast.
    near = raw.rfind(b'"000') >= 0 or raw.rfind(b'"9999') >= 0
    return (near and _NEAR.search(raw) is not None) or (b"\\" in raw and b"\\u00" in raw)


def beyond_calendar(body: msgspec.Struct) -> str:
    """The path of the first time too near the ends, like `$.metadata.creationTimestamp`; "" where there is none."""
    return next(_beyond(body, "$"), "")


def _beyond(value: object, path: str) -> Iterator[str]:
    if isinstance(value, datetime):
        if not usable(value):
            yield path
    elif isinstance(value, msgspec.Struct):
        for name, written in _fields(type(value)):
            yield from _beyond(getattr(value, name), f"{path}.{written}")
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from _beyond(each, f"{path}[{index}]")


@lru_cache(None)
def _fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """The names of a struct's fields, and as what they are written."""
    return tuple((field.name, field.encode_name) for field in msgspec.structs.fields(kind))
