"""What YAML 1.2 as npm's `yaml` reads it has, and libyaml refuses: it passes libyaml in another form and is put back after.

- Control characters, and the line breaks of YAML 1.1 (U+0085, U+2028, U+2029), pass as characters of the private use area.
- Halves of a character (`"\\ud83d\\ude80"`, as JSON writes what lies beyond the basic plane) pass with a private character
  in the place of their backslash. Outside double quotes they mean what they say, and so they are put back there.
- A tab with which the text of a block scalar begins passes as a private character.
- A tab after the sign of a list or key (`-<tab>java`), before a comment or alone on a line, passes as a blank, where it is
  not part of a text.

Every form is as long as what it stands for, so that lines and columns in problems stay right.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, Self

import yaml
from yaml.events import ScalarEvent

__all__ = ["StandIns", "without_tabs"]

_REFUSED: Final = (
    "".join(map(chr, [*range(9), 11, 12, *range(14, 32), *range(127, 160)])) + "\u2028\u2029\ufffe\uffff"
)
_BACKSLASH: Final = 0x5C
_TAB: Final = 0x09
_HALF: Final = r"u[dD][89a-fA-F][0-9a-fA-F]{2}|U0000[dD][89a-fA-F][0-9a-fA-F]{2}"
_ESCAPED: Final = re.compile(rf"(?<!\\)((?:\\\\)*)\\(?={_HALF})")
_FIRST_TAB: Final = re.compile(r"([|>][-+0-9]{0,2}[ \t]*(?:#[^\n]*)?\n(?: *\n)* +)\t")
_NEEDED: Final = re.compile(rf"[{re.escape(_REFUSED)}]|\\(?:{_HALF})|{_FIRST_TAB.pattern}")
_BLOCKS: Final = range(0xE000, 0xF900, 0x100)
"""Beginnings of private blocks of 256 characters; one that the text itself does not use serves."""


@dataclass(frozen=True, slots=True)
class StandIns:
    """The block in use; 0 where nothing stands for anything."""

    block: int = 0

    @classmethod
    def of(cls, text: str) -> tuple[str, Self]:
        """The text as it passes, and how to put its parts back. A text that uses every block is left as it is."""
        if not _NEEDED.search(text):
            return text, cls()
        block = next((b for b in _BLOCKS if not _uses(text, b)), 0)
        if not block:
            return text, cls()
        passing = _ESCAPED.sub(rf"\1{chr(block + _BACKSLASH)}", text)
        passing = _FIRST_TAB.sub(rf"\1{chr(block + _TAB)}", passing)
        return passing.translate({ord(c): block + (ord(c) & 0xFF) for c in _REFUSED}), cls(block)

    def back(self, value: str, *, quoted: bool) -> str:
        """What a scalar really says; `quoted` in double quotes. Half a character stays as one."""
        block = self.block
        if not block:
            return value
        backslash = chr(block + _BACKSLASH)
        if backslash in value:
            value = _whole(value, backslash) if quoted else value.replace(backslash, "\\")
        return value.translate({block + (ord(c) & 0xFF): c for c in _REFUSED + "\t"})


def _uses(text: str, block: int) -> bool:
    """Whether a character of the block is in the text, as it is or escaped."""
    return bool(re.search(rf"[{chr(block)}-{chr(block + 0xFF)}]|\\(?:u|U0000)(?i:{block >> 8:02x})", text))


def _whole(value: str, backslash: str) -> str:
    """The characters that escaped halves make, two by two."""
    halves = re.sub(rf"{backslash}(?:u|U0000)([0-9a-fA-F]{{4}})", lambda half: chr(int(half[1], 16)), value)
    return (
        halves.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        if _paired(halves)
        else halves
    )


def _paired(text: str) -> bool:
    """Whether every half has the other one beside it."""
    return re.search("[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]", text) is None


_TABS: Final = re.compile(r"^ *(?:(?:[-?:] +)*[-?:](?= *\t))?( *\t[ \t]*)(?=([^\n]*))", re.MULTILINE)
_SIGN: Final = re.compile(r"[-?:](?:[ \t]|$)")
_QUOTED: Final = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'""")
_KEY: Final = re.compile(r":(?:[ \t]|$)")


def without_tabs(text: str) -> str:
    """The text with blanks for tabs that follow the sign of a list or key."""
    if "\t" not in text:
        return text
    tabs = [found for found in _TABS.finditer(text) if _is_blank(found)]
    if not tabs:
        return text
    spans = _scalar_spans(_replaced(text, tabs))
    starts = [start for start, _ in spans]

    def inside(place: int) -> bool:
        at = bisect_right(starts, place) - 1
        return at >= 0 and spans[at][0] < place < spans[at][1]

    return _replaced(text, [found for found in tabs if not inside(found.start(1))])


def _is_blank(tabs: re.Match[str]) -> bool:
    if tabs[0].strip():
        return not _nests(tabs[2])
    return tabs[2].startswith("#") or not tabs[2]


def _nests(rest: str) -> bool:
    """Whether a list, mapping or property begins in the rest of a line: a tab before it would count as indentation."""
    if rest[:1] in ("&", "!") or _SIGN.match(rest):
        return True
    if quoted := _QUOTED.match(rest):
        return rest[quoted.end() :].lstrip(" \t").startswith(":")
    if rest[:1] in ("{", "[", "#", "|", ">", '"', "'"):
        return False
    return _KEY.search(rest.partition(" #")[0]) is not None


def _replaced(text: str, tabs: "list[re.Match[str]]") -> str:
    pieces, upto = [], 0
    for found in tabs:
        pieces += [text[upto : found.start(1)], " " * len(found[1])]
        upto = found.end(1)
    return "".join(pieces) + text[upto:]


def _scalar_spans(text: str) -> list[tuple[int, int]]:
    """Where scalars stand, as far as the text can be followed."""
    spans: list[tuple[int, int]] = []
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, ScalarEvent) and event.start_mark and event.end_mark:
                spans.append((event.start_mark.index, event.end_mark.index))
    except yaml.YAMLError:
        pass  # what is wrong is told when it is read
    return spans
