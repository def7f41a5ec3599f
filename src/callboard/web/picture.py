"""An incident as a picture (SVG): the headline, the cause, what it said last, and each cluster's pods as shapes. Made of what its
reader sees and of nothing else. Pure.
"""

import textwrap
from collections.abc import Iterator
from typing import Final

from markupsafe import escape

from callboard.model.verdict import Health
from callboard.portal.views import ClusterPart, KubernetesView, PodRow
from callboard.web.incident import Incident, one_line
from callboard.web.words import HEALTH

__all__ = ["picture"]

WIDTH: Final = 960
MOST_CLUSTERS: Final = 16
MOST_PODS: Final = 40
MOST_LINES: Final = 14
_EDGE: Final = 28
_ROW: Final = 26
_COLORS: Final = {
    Health.UNHEALTHY: "#bd3018",
    Health.PROGRESSING: "#1c62bb",
    Health.HEALTHY: "#0b7558",
    Health.UNKNOWN: "#74489b",
}
_GREY: Final = "#59616c"
_SANS: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
_MONO: Final = "ui-monospace, Menlo, Consolas, monospace"


def picture(view: KubernetesView, told: Incident, said: str) -> str:
    """The picture of a view, `told` being its text and `said` what the software said last."""
    body = list(_text(told, said))
    rows = list(_clusters(view))
    height = _EDGE + sum(step for step, _ in body) + len(rows) * _ROW + _EDGE
    drawn, y = [], _EDGE
    for step, line in body:
        y += step
        drawn.append(line.replace("{y}", str(y)))
    y += 14
    for row in rows:
        y += _ROW
        drawn.append(row.replace("{y}", str(y)))
    alarm = _COLORS.get(view.verdict.health, _GREY)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img">'
        f'<rect width="{WIDTH}" height="{height}" fill="#fffefb"/><rect width="6" height="{height}" fill="{alarm}"/>'
        + "".join(drawn)
        + "</svg>"
    )


def _text(told: Incident, said: str) -> Iterator[tuple[int, str]]:
    """(how much lower than the line before, the line with a gap for its place)."""
    lines = told.plain.splitlines()
    for part in textwrap.wrap(lines[0], 58)[:3]:
        yield 30, _line(part, 24, "#1d2126", weight=650)
    quoted = one_line(said)
    count = 0
    for line in lines[1:]:
        is_said = bool(quoted) and line == quoted.replace("`", "'")
        for part in textwrap.wrap(line, 88 if is_said else 104) or [""]:
            count += 1
            if count > MOST_LINES:
                return
            yield 24, _line(part, 15, "#bd3018" if is_said else "#1d2126", font=_MONO if is_said else _SANS)


def _line(text: str, size: int, color: str, *, weight: int = 400, font: str = _SANS) -> str:
    return (
        f'<text x="{_EDGE}" y="{{y}}" font-family="{escape(font)}" font-size="{size}" font-weight="{weight}" '
        f'fill="{color}">{_shown(text)}</text>'
    )


def _shown(text: str) -> str:
    """Foreign text without markup and without a gap."""
    return str(escape(text)).replace("{", "&#123;").replace("}", "&#125;")


_RANK: Final = {Health.UNHEALTHY: 0, Health.PROGRESSING: 1, Health.UNKNOWN: 2}


def _clusters(view: KubernetesView) -> Iterator[str]:
    parts = sorted(view.clusters, key=lambda p: (_RANK.get(p.verdict.health, 3), p.cluster.name))
    for part in parts[:MOST_CLUSTERS]:
        pods = _pods(part)
        ready = sum(pod.health is Health.HEALTHY for pod in pods)
        word = f"{ready} of {len(pods)} ready" if pods else HEALTH[part.verdict.health]
        yield (
            f'<text x="{_EDGE}" y="{{y}}" font-family="{escape(_SANS)}" font-size="14" fill="#1d2126">'
            f"{_shown(one_line(part.cluster.display, 34))}</text>"
            + "".join(_shape(pod, 300 + 14 * at) for at, pod in enumerate(pods[:MOST_PODS]))
            + f'<text x="{WIDTH - _EDGE}" y="{{y}}" text-anchor="end" font-family="{escape(_SANS)}" font-size="13" '
            f'fill="{_GREY}">{escape(word)}</text>'
        )
    if len(parts) > MOST_CLUSTERS:
        yield (
            f'<text x="{_EDGE}" y="{{y}}" font-family="{escape(_SANS)}" font-size="14" fill="{_GREY}">'
            f"and {len(parts) - MOST_CLUSTERS} more clusters</text>"
        )


def _pods(part: ClusterPart) -> list[PodRow]:
    return [*(pod for workload in part.workloads for pod in workload.pods), *part.pods]


def _shape(pod: PodRow, x: int) -> str:
    """A filled square is ready, a cross is broken, an outline is on its way, a dashed one not known: also without colours."""
    color = _COLORS.get(pod.health, _GREY)
    place = f'<g transform="translate({x},{{y}})">'
    match pod.health:
        case Health.HEALTHY:
            drawn = f'<rect y="-10" width="10" height="10" fill="{color}"/>'
        case Health.UNHEALTHY:
            drawn = f'<path d="M0-10 10 0M10-10 0 0" stroke="{color}" stroke-width="3"/>'
        case Health.PROGRESSING:
            drawn = f'<rect x="1" y="-9" width="8" height="8" fill="none" stroke="{color}" stroke-width="2"/>'
        case _:
            drawn = (
                f'<rect x="1" y="-9" width="8" height="8" fill="none" stroke="{color}" stroke-dasharray="2"/>'
            )
    return place + drawn + "</g>"
