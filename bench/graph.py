"""A graph of lines over time as SVG, readable on light and dark ground, with nothing in it but shapes and text."""

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

import msgspec

__all__ = ["Line", "Moment", "graph"]

_WIDTH: Final = 900
_LEFT: Final = 70
_RIGHT: Final = 20
_TOP: Final = 52
_PANEL: Final = 110
_BETWEEN: Final = 44
_STYLE: Final = """
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 14px }
.faint { fill: #59636e }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.line { fill: none; stroke: #0969da; stroke-width: 1.5 }
.moment { stroke: #bc4c00; stroke-width: 1; stroke-dasharray: 2 3; opacity: .55 }
.ground { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .faint { fill: #9198a1 } .grid { stroke: #3d444d }
  .line { stroke: #4493f8 } .moment { stroke: #f0883e } .ground { fill: #0d1117 }
}
"""


class Line(msgspec.Struct, frozen=True):
    """One panel: a title and a value for each point of time."""

    title: str
    values: tuple[float, ...]


class Moment(msgspec.Struct, frozen=True):
    """Something that happened, drawn through all panels."""

    second: float
    title: str


def graph(
    title: str, note: str, seconds: Sequence[float], lines: Sequence[Line], moments: Sequence[Moment] = ()
) -> str:
    """The whole file. Every panel begins at zero; time runs in minutes."""
    height = _TOP + len(lines) * (_PANEL + _BETWEEN) + 6
    last = max([*seconds, 1.0])
    across = _WIDTH - _LEFT - _RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="{escape(title, {chr(34): "&quot;"})}">',
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{_WIDTH}" height="{height}"/>',
        f'<text class="title" x="{_LEFT}" y="20">{escape(title)}</text>',
        f'<text class="faint" x="{_LEFT}" y="38">{escape(note)}</text>',
    ]

    def x(second: float) -> float:
        return _LEFT + across * second / last

    for number, line in enumerate(lines):
        top = _TOP + number * (_PANEL + _BETWEEN) + 18
        most = _round_up(max([*line.values, 1.0]))
        parts.append(f'<text x="{_LEFT}" y="{top - 5}">{escape(line.title)}</text>')
        for share in (0.0, 0.5, 1.0):
            y = top + _PANEL * (1 - share)
            parts.append(
                f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            )
            parts.append(
                f'<text class="faint" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{most * share:g}</text>'
            )
        for moment in moments:
            at = x(moment.second)
            parts.append(
                f'<line class="moment" x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{top + _PANEL}">'
                f"<title>{escape(moment.title)}</title></line>"
            )
        points = " ".join(
            f"{x(s):.1f},{top + _PANEL * (1 - v / most):.1f}"
            for s, v in zip(seconds, line.values, strict=True)
        )
        parts.append(f'<polyline class="line" points="{points}"/>')
        for minute in _minutes(last):
            at = x(minute * 60)
            parts.append(
                f'<text class="faint" x="{at:.1f}" y="{top + _PANEL + 15}" text-anchor="middle">{minute:g} min</text>'
            )
    return "\n".join([*parts, "</svg>", ""])


def _minutes(last: float) -> list[float]:
    step = next((s for s in (0.5, 1.0, 2.0, 5.0, 10.0, 30.0) if last / 60 / s <= 8), 60.0)
    return [step * n for n in range(int(last / 60 / step) + 1)]


def _round_up(value: float) -> float:
    """To 1, 2, 5 and their tenfolds, so that the scale can be read."""
    unit = 1.0
    while unit * 10 < value:
        unit *= 10
    return next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= value)
