"""Whether a line of measurements is flat. Pure."""

import statistics
from collections.abc import Sequence
from typing import Final

__all__ = ["SETTLED_AFTER", "growth", "slope"]

SETTLED_AFTER: Final = 1 / 3
"""Of a run: what comes before is the start, in which caches fill, and does not count."""


def slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Theil-Sen: the median of the slopes between all pairs of points, which single peaks do not move. Of fewer than two, 0."""
    if len(xs) != len(ys):
        raise ValueError("as many xs as ys")
    step = max(1, len(xs) // 300)  # pairs grow with the square
    xs, ys = xs[::step], ys[::step]
    slopes = [
        (ys[b] - ys[a]) / (xs[b] - xs[a])
        for a in range(len(xs))
        for b in range(a + 1, len(xs))
        if xs[b] != xs[a]
    ]
    return statistics.median(slopes) if slopes else 0.0


def growth(seconds: Sequence[float], values: Sequence[float]) -> float:
    """By what share of its median a measure grew from SETTLED_AFTER to the end: the slope times that time."""
    if not seconds:
        return 0.0
    begin = seconds[-1] * SETTLED_AFTER
    settled = [(x, y) for x, y in zip(seconds, values, strict=True) if x >= begin]
    xs, ys = [x for x, _ in settled], [y for _, y in settled]
    middle = statistics.median(ys)
    return slope(xs, ys) * (xs[-1] - xs[0]) / middle if middle else 0.0
