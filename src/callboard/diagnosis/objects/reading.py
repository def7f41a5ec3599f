"""Reading JSON of which nothing is known: every function here is total, and bounded whatever it is given."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

__all__ = ["at", "clip", "flag", "is_past", "items", "mapping", "moment", "text", "walk", "whole"]

LENGTH: Final = 512
"""Characters of a text that are looked at: a reason has 30, and a message that has not said it by then will not."""
MANY: Final = 256
"""Elements of a list or a mapping that are looked at; the largest lists of conditions have some 60."""
VISITED: Final = 4_000
"""Values that a walk visits in all."""

_NOTHING: Final[Mapping[str, object]] = {}


def mapping(value: object) -> Mapping[str, object]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else _NOTHING


def items(value: object) -> Sequence[object]:
    """The first MANY elements of a list; none of anything else."""
    return value[:MANY] if isinstance(value, list) else ()


def text(value: object) -> str:
    """A string, clipped; "" for anything else."""
    return value[:LENGTH] if isinstance(value, str) else ""


def clip(value: object) -> str:
    """A scalar as it may be shown; "" for what is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if -(10**18) < value < 10**18 else "a number with many digits"
    return text(value)[:200]


def whole(value: object) -> int | None:
    """A whole number, also one written as text (Argo's Rollout writes its generation so); None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 2**63 else None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, str) and len(value) <= 18 and value.isascii() and value.isdecimal():
        return int(value)
    return None


def flag(value: object) -> bool | None:
    """True and False, also as the text that annotations and conditions have; None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= 5:
        return {"true": True, "false": False}.get(value.lower())
    return None


def moment(value: object) -> datetime | None:
    """A time with its zone, in UTC; None for what is none, or lies at the ends of the calendar."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        found = msgspec.convert(value, datetime)
        if found.tzinfo is None:
            return None
        found = found.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError, ValueError):
        return None
    return found if 1970 < found.year < 9000 else None


def at(value: object, path: str) -> object:
    """The value at a dotted path of keys; None where there is none."""
    for key in path.split("."):
        value = mapping(value).get(key)
    return value


_ELSEWHERE: Final = (
    "archived", "atprovider", "attempts", "backups", "conditions", "desired", "events", "executions", "history", "last",
    "operations", "original", "previous", "recent", "revisions", "runs", "spec", "target",
)  # fmt: skip


def is_past(path: str) -> bool:
    """Whether a path of a status leads to what was, what shall be, or what another system says of its own."""
    above, _, _ = path.rpartition(".conditions")
    return any(
        part.startswith(_ELSEWHERE) and not part.startswith("lastobserved")
        for part in (above or path).lower().split(".")
    )


def walk(value: object, depth: int) -> Iterator[tuple[str, str, object]]:
    """(path, key, value) of everything below, parents before children, to a depth and VISITED values; an element of a list
    stands under its list's key."""
    level: list[tuple[str, str, object]] = [("", "", value)]
    left = VISITED
    for _ in range(depth):
        below: list[tuple[str, str, object]] = []
        for path, key, parent in level:
            if isinstance(parent, dict):
                for name, child in parent.items():
                    left -= 1
                    if left < 0:
                        return
                    found = (f"{path}.{name[:64]}" if path else name[:64], name, child)
                    yield found
                    below.append(found)
            else:
                for number, child in enumerate(items(parent)):
                    left -= 1
                    if left < 0:
                        return
                    found = (f"{path}[{number}]", key, child)
                    yield found
                    below.append(found)
        level = below
