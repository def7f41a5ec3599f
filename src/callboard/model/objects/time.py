"""Times as clusters tell them: with a zone, and far enough from the ends of the calendar that what is computed with them is one.

Python's datetimes are neither by themselves: one without a zone cannot be compared with one that has it, and near the years 1 and
9999 a change of zone or a sum of minutes raises OverflowError.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Final

import msgspec

__all__ = ["FIRST_YEAR", "LAST_YEAR", "Time", "beyond_calendar", "may_be_beyond", "usable"]

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""A field of an object: RFC 3339 with its zone. `beyond_calendar` says where one is too near the ends."""

FIRST_YEAR: Final = 10
LAST_YEAR: Final = 9998


def usable(moment: datetime) -> bool:
    """Whether it may be compared, shifted and shown without a second thought."""
    return moment.tzinfo is not None and FIRST_YEAR <= moment.year <= LAST_YEAR


def may_be_beyond(raw: bytes) -> bool:
    """Whether an object's JSON could hold a time too near the ends of the calendar; False is certain, and quick."""
    return b'"000' in raw or b'"9999' in raw or b"\\u00" in raw


def beyond_calendar(body: msgspec.Struct) -> str:
    """The path of the first time too near the ends, like `$.metadata.creationTimestamp`; "" where there is none."""
    return next(_beyond(body, "$"), "")


def _beyond(value: object, path: str) -> Iterator[str]:
    if isinstance(value, datetime):
        if not usable(value):
            yield path
    elif isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            yield from _beyond(getattr(value, field.name), f"{path}.{field.encode_name}")
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from _beyond(each, f"{path}[{index}]")
