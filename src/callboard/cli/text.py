"""Words for a terminal: marks, colours, columns, widths; foreign text without anything a terminal would obey."""

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, TextIO

import click
import msgspec

from callboard.model.verdict import Health

__all__ = [
    "ASIDE",
    "Terminal",
    "encodable",
    "json_line",
    "json_text",
    "plain",
    "say",
    "span",
    "table",
    "terminal_of",
]

_UNFIT: Final = re.compile(
    "\x1b\\[[0-9;:?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?"
    "|[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\ufffb]"
    "|[\U000e0000-\U000e007f]"
)
"""Escape sequences, control characters, and what turns the direction of text or hides in it."""

_ESCAPED: Final = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)

ASIDE = "bright_black"
"""The colour of what is less important."""

_MARKS: Final = {
    Health.HEALTHY: ("✓", "+", "green"),
    Health.PROGRESSING: ("◐", "~", "yellow"),
    Health.UNHEALTHY: ("✗", "x", "red"),
    Health.UNKNOWN: ("?", "?", "magenta"),
    Health.NOTHING: ("–", "-", ASIDE),
    Health.HELD: ("‖", "=", ASIDE),
    Health.NOT_JUDGED: ("·", ".", ASIDE),
}
_WORDS: Final = {
    Health.HEALTHY: "healthy",
    Health.PROGRESSING: "not ready yet",
    Health.UNHEALTHY: "unhealthy",
    Health.UNKNOWN: "could not tell",
    Health.NOTHING: "not running",
    Health.HELD: "held back",
    Health.NOT_JUDGED: "not judged",
}


class Terminal(msgspec.Struct, frozen=True, kw_only=True):
    """What the output goes to. `width` None means that lines may be of any length (a file, a pipe)."""

    width: int | None = None
    color: bool = False
    unicode: bool = True

    def style(self, text: str, color: str = "", *, bold: bool = False) -> str:
        """`text` in a colour, where there are any."""
        return click.style(text, fg=color or None, bold=bold or None) if self.color else text

    def mark(self, health: Health) -> str:
        """A shape and, with `word`, what it says: colour only repeats it."""
        shape, ascii_shape, color = _MARKS[health]
        return self.style(shape if self.unicode else ascii_shape, color, bold=health is Health.UNHEALTHY)

    def word(self, health: Health) -> str:
        """A health in plain words."""
        return self.style(_WORDS[health], _MARKS[health][2], bold=health is Health.UNHEALTHY)

    def wrapped(self, first: str, text: str, *, indent: int) -> list[str]:
        """`first` and `text` behind it, further lines `indent` blanks in. `text` must be plain; `first` may be styled."""
        if self.width is None:
            return [f"{first}{text}"]
        room = max(self.width - 1, 30)
        used = len(click.unstyle(first))
        lines = textwrap.wrap(
            text,
            room,
            initial_indent=" " * used,
            subsequent_indent=" " * min(indent, room // 2),
            break_on_hyphens=False,
        )
        return [first + lines[0][used:], *lines[1:]] if lines else [first.rstrip()]


def terminal_of(stream: TextIO) -> Terminal:
    """What `stream` is. Colour needs a terminal that is not `dumb`, and no NO_COLOR (https://no-color.org)."""
    tty = stream.isatty()
    encoding = (getattr(stream, "encoding", "") or "ascii").lower().replace("-", "")
    return Terminal(
        width=shutil.get_terminal_size().columns if tty else None,
        color=tty and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
        unicode=encoding.startswith("utf"),
    )


def say(text: str) -> None:
    """Print to standard output, with "?" for what it cannot encode."""
    click.echo(encodable(text, sys.stdout), color=True)


def encodable(text: str, stream: TextIO) -> str:
    """`text` with "?" for what `stream` cannot encode."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def plain(text: str, most: int = 300) -> str:
    """Foreign text as one line of at most `most` characters: no escape sequence, control or direction character."""
    line = " ".join(_UNFIT.sub(" ", text[: most * 4]).split())
    return line if len(line) <= most and len(text) <= most * 4 else line[: most - 1] + "…"


def json_text(value: object) -> str:
    """`value` as indented JSON that a terminal can be shown: control and direction characters as JSON escapes, none lost."""
    return _disarmed(msgspec.json.format(msgspec.json.encode(value), indent=2))


def json_line(value: object) -> str:
    """As `json_text`, on one line."""
    return _disarmed(msgspec.json.encode(value))


def _disarmed(encoded: bytes) -> str:
    return _ESCAPED.sub(_escape, encoded.decode())


def _escape(found: re.Match[str]) -> str:
    """As JSON writes a character: beyond the first 65,536 as two halves."""
    halves = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{halves[i : i + 4]}" for i in range(0, len(halves), 4))


def span(seconds: float) -> str:
    """A length of time in one or two units: `0.4 s`, `12 s`, `5 min`, `3 h 20 min`, `2 d 4 h`."""
    if seconds < 0.95:
        return f"{max(seconds, 0):.1f} s" if seconds >= 0.05 else "0.0 s"
    whole = timedelta(seconds=round(seconds))
    minutes, hours = whole.seconds // 60, whole.seconds // 3600
    if whole.days:
        return f"{whole.days} d {hours} h" if hours else f"{whole.days} d"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{minutes} min" if minutes else f"{whole.seconds} s"


def table(terminal: Terminal, head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as they need to be; the last one wraps. Cells must be plain, or styled as a whole."""
    widths = [max(len(click.unstyle(row[i])) for row in (head, *rows)) for i in range(len(head) - 1)]
    lines: list[str] = []
    for row, style in ((head, ASIDE), *((r, "") for r in rows)):
        cells = [
            cell + " " * (width - len(click.unstyle(cell))) for cell, width in zip(row, widths, strict=False)
        ]
        first = "".join(f"{cell}  " for cell in cells)
        last = row[-1]
        if style:
            lines.append(terminal.style((first + last).rstrip(), style))
        elif last != click.unstyle(last):
            lines.append(first + last)
        else:
            lines += [
                line.rstrip() for line in terminal.wrapped(first, last, indent=len(click.unstyle(first)))
            ]
    return lines
