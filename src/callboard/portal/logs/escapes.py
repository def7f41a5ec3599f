"""ANSI escapes of a log's line: its colours as spans, everything else gone. Pure, and total over any text.

Only what SGR sequences say of the foreground is kept, in words that a style sheet knows: text stays readable on either ground,
and nothing can be hidden by being concealed, or written in the colour it stands on.
"""

import re
from collections.abc import Iterator
from typing import Final

from callboard.portal.views.logs import LineSpan

__all__ = ["MOST_SPANS", "coloured", "plain"]

MOST_SPANS: Final = 100
"""Of one line; what comes after is plain."""
_ESCAPE: Final = re.compile(
    r"\x1b(?:\[([0-9;:]{0,100})m|\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])"
    r"|\x9b[0-?]*[ -/]*[@-~]?"
)
_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0a-\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\U000e0000-\U000e007f\ud800-\udfff]"
)
_COLOURS: Final = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_CARRIAGE: Final = "\u240d"
"""Stands where a terminal would go back to the beginning of the line and write over what is there: nothing is hidden."""


def plain(text: str) -> str:
    """Without escapes, control and bidirectional characters."""
    text = _CONTROL.sub("", _ESCAPE.sub("", text))
    return text.replace("\r", _CARRIAGE) if "\r" in text else text


def coloured(line: str) -> tuple[str, tuple[LineSpan, ...]]:
    """The line as plain text, and which of it was coloured or bold."""
    if "\x1b" not in line:
        return plain(line), ()
    written: list[str] = []
    spans: list[LineSpan] = []
    length = end = 0
    style = ""
    for found in _ESCAPE.finditer(line):
        piece = plain(line[end : found.start()])
        if piece:
            if style and len(spans) < MOST_SPANS:
                spans.append(LineSpan(length, length + len(piece), style))
            written.append(piece)
            length += len(piece)
        end = found.end()
        if found[1] is not None:
            style = _after(style, found[1])
    piece = plain(line[end:])
    if piece and style and len(spans) < MOST_SPANS:
        spans.append(LineSpan(length, length + len(piece), style))
    written.append(piece)
    return "".join(written), tuple(spans)


def _after(style: str, codes: str) -> str:
    """The style in force after a sequence: a colour, and `bold`, `italic`, `underline`."""
    now = style.split()
    numbers = iter(
        [int(code[:6]) if code.isascii() and code.isdigit() else 0 for code in re.split("[;:]", codes)]
    )
    for number in numbers:
        if number == 0:
            now = []
        elif number in (1, 3, 4):
            now.append({1: "bold", 3: "italic", 4: "underline"}[number])
        elif number in (22, 23, 24):
            now = [n for n in now if n != {22: "bold", 23: "italic", 24: "underline"}[number]]
        elif 30 <= number <= 37 or 90 <= number <= 97:
            now = [*(n for n in now if n not in _COLOURS), _COLOURS[number % 10]]
        elif number in (38, 48):
            hue = _of_many(numbers)
            if number == 38:
                now = [*(n for n in now if n not in _COLOURS), *([hue] if hue else [])]
        elif number == 39:
            now = [n for n in now if n not in _COLOURS]
    return " ".join(dict.fromkeys(now))


def _of_many(numbers: Iterator[int]) -> str:
    """The nearest of the eight: of 256 colours, or of red, green and blue."""
    kind = next(numbers, 0)
    if kind == 2:
        return _nearest(next(numbers, 0), next(numbers, 0), next(numbers, 0))
    if kind != 5:
        return ""
    index = next(numbers, 0)
    if index < 16:
        return _COLOURS[index % 8]
    if index > 231:
        return "white"
    index -= 16
    return _nearest(index // 36 * 51, index // 6 % 6 * 51, index % 6 * 51)


def _nearest(red: int, green: int, blue: int) -> str:
    most = max(red, green, blue)
    bits = sum(1 << n for n, part in enumerate((red, green, blue)) if part * 3 > most * 2 > 0)
    return "white" if bits == 7 else _COLOURS[bits]
