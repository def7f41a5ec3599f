"""Where in a text each policy stands, and whether it nests deeper than Cedar's parser bears. Pure.

Cedar tells neither: its errors name a policy by its number, and it ends the process on a thousand nested brackets.
"""

import re
from typing import Final

import msgspec

__all__ = ["DEEPEST", "Layout", "layout_of"]

DEEPEST: Final = 60
"""Brackets within brackets: a policy that people can read has less than ten."""

_TOKEN: Final = re.compile(
    r"""(?P<comment>//[^\n]*) | (?P<string>"(?:[^"\\\n]|\\.)*") | (?P<open>[(\[{]) | (?P<close>[)\]}])
      | (?P<end>;) | (?P<at>@\s*[A-Za-z_][A-Za-z0-9_]*) | (?P<word>[A-Za-z_][A-Za-z0-9_]*)""",
    re.VERBOSE,
)


class Layout(msgspec.Struct, frozen=True):
    """`starts` are the places at which policies begin, annotations included, `lines` the same as lines, counted from 1; `deepest`
    is how far brackets nest."""

    starts: tuple[int, ...]
    lines: tuple[int, ...]
    deepest: int


def layout_of(text: str) -> Layout:
    """The layout of a file of policies, valid or not."""
    starts: list[int] = []
    depth = deepest = 0
    within = False
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "open":
            depth += 1
            deepest = max(deepest, depth)
        elif kind == "close":
            depth = max(0, depth - 1)
        elif kind == "end" and depth == 0:
            within = False
        elif kind in ("at", "word") and not within:
            within = True
            starts.append(token.start())
    lines, at, number = [], 0, 1
    for start in starts:
        number += text.count("\n", at, start)
        at = start
        lines.append(number)
    return Layout(tuple(starts), tuple(lines), deepest)
