"""Whether a value is what it is declared to be, all the way down: for what comes from code that our type checker has not seen."""

import types
import typing
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, Final, TypeVar, Union

import msgspec

__all__ = ["misfit", "misfit_in", "shown_type"]

MOST_ELEMENTS: Final = 10_000
"""Of one collection: what holds more is told as such before all of it is looked at."""
MOST_TEXT: Final = 1024 * 1024
"""Characters of one text."""
MOST_DEPTH: Final = 20


def misfit(value: object, wanted: Any, at: str = "", depth: int = 0) -> str:
    """What is wrong with a value that should be of a type, in a clause that names the place in it; "" where it fits.

    Structs are looked at field by field, collections element by element. What nothing is known about (protocols, generic
    parameters) fits.
    """
    if wanted is Any or wanted is object or isinstance(wanted, TypeVar):
        return ""
    if depth > MOST_DEPTH:
        return _told(at, "a value that is not nested so deep", value)
    origin = typing.get_origin(wanted)
    if origin is not None:
        return _of_generic(value, wanted, origin, at, depth)
    if wanted is None or wanted is types.NoneType:
        return "" if value is None else _told(at, "nothing", value)
    if wanted is float and type(value) is int:
        return ""
    if not isinstance(wanted, type) or getattr(wanted, "_is_protocol", False):
        return ""
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted in (int, float)):
        return _told(at, wanted.__name__, value)
    if isinstance(value, str) and len(value) > MOST_TEXT:
        return f"{at or 'it'} has {len(value)} characters"
    if isinstance(value, msgspec.Struct):
        for name, of in _fields(type(value)):
            place = f"{at}.{name}" if at else name
            if found := misfit(getattr(value, name, None), of, place, depth + 1):
                return found
    return ""


def misfit_in(value: object, **wanted: Any) -> str:
    """The same for some fields of a value only, where the others are too much to look at."""
    return next(
        filter(None, (misfit(getattr(value, name, None), of, name) for name, of in wanted.items())), ""
    )


def shown_type(value: object) -> str:
    """The name of a value's type, for a sentence."""
    return "nothing" if value is None else type(value).__name__[:100]


@cache
def _fields(of: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, field.type) for field in msgspec.structs.fields(of))


def _of_generic(value: object, wanted: Any, origin: Any, at: str, depth: int) -> str:
    inner = typing.get_args(wanted)
    if origin is typing.Annotated:
        return misfit(value, inner[0], at, depth)
    if origin in (Union, types.UnionType):
        found = [misfit(value, each, at, depth) for each in inner]
        return "" if "" in found else found[0]
    if origin is typing.Literal:
        return "" if value in inner else _told(at, " or ".join(map(repr, inner)), value)
    if origin is Callable or not isinstance(origin, type):
        return "" if callable(value) else _told(at, "something to call", value)
    if not isinstance(value, origin) or (isinstance(value, str | bytes) and origin is not type(value)):
        return _told(at, origin.__name__, value)
    if isinstance(value, Mapping):
        pairs = ((k, inner[0], v, inner[1]) for k, v in value.items()) if len(inner) == 2 else ()
        return _many(
            value,
            lambda: (
                misfit(k, key, f"a key of {at or 'it'}", depth + 1)
                or misfit(v, of, f"{at}[{str(k)[:100]!r}]", depth + 1)
                for k, key, v, of in pairs
            ),
            at,
        )
    if isinstance(value, Collection) and inner:
        fixed = origin is tuple and (len(inner) != 2 or inner[1] is not Ellipsis)
        if fixed and len(value) != len(inner):
            return f"{at or 'it'} has {len(value)} elements, expected {len(inner)}"
        each = inner if fixed else None
        return _many(
            value,
            lambda: (
                misfit(v, each[i] if each else inner[0], f"{at}[{i}]", depth + 1) for i, v in enumerate(value)
            ),
            at,
        )
    if isinstance(value, msgspec.Struct):
        return misfit(value, type(value), at, depth)
    return ""


def _many(value: Collection[object], found: Callable[[], typing.Iterator[str]], at: str) -> str:
    if len(value) > MOST_ELEMENTS:
        return f"{at or 'it'} has {len(value)} elements, more than {MOST_ELEMENTS}"
    return next(filter(None, found()), "")


def _told(at: str, expected: str, value: object) -> str:
    return f"{at + ': ' if at else ''}expected {expected}, got {shown_type(value)}"
