"""Addresses and lines with gaps in braces, such as `https://logs.example.com/?q={pod}`: found, checked, filled. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["filled", "gaps", "is_link_template"]

_GAP: Final = re.compile(r"\{([A-Za-z][A-Za-z0-9_]{0,59})\}")
_LINK: Final = re.compile(r"https?://[^/?#{}\s@\\]+(?:[/?#]\S*)?|mailto:[^\s]*", re.IGNORECASE)


def gaps(template: str) -> tuple[str, ...]:
    """The names of its gaps, each once."""
    return tuple(dict.fromkeys(_GAP.findall(template)))


def is_link_template(template: str) -> bool:
    """Whether it is an http or https address whose host has no gap, or a mailto address."""
    return _LINK.fullmatch(template) is not None


def filled(template: str, values: Mapping[str, str], encode: Callable[[str], str]) -> str | None:
    """The template with its gaps filled; None where one has no value. What is no gap stands as it is, braces included: a word in
    braces that names none of `values` is a gap without a value."""
    if any(not values.get(name) for name in gaps(template)):
        return None
    return _GAP.sub(lambda gap: encode(values[gap[1]]), template)
