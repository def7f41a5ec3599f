"""How each route does: calls, errors, how long, and what went wrong last; in a few bytes a route."""

from bisect import bisect_left
from datetime import datetime
from typing import Final

import msgspec

__all__ = ["RouteFigure", "RouteFigures"]

MOST_ROUTES: Final = 3000
STEPS: Final = (
    0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75,
    1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0,
)  # fmt: skip
"""Seconds up to which a call is counted in one cell of the histogram; one more cell is for what took longer."""


class RouteFigure(msgspec.Struct, frozen=True, kw_only=True):
    """Of one route since the process began. `errors` are answers of 500 and more; `p95` is in seconds, rounded up to a step, None
    without a call, infinity beyond the last."""

    calls: int = 0
    errors: int = 0
    p95: float | None = None
    last_error: str = ""
    """Its code, or its status."""
    last_error_at: datetime | None = None


class _Counted:
    __slots__ = ("cells", "errors", "last_error", "last_error_at")

    def __init__(self) -> None:
        self.cells = [0] * (len(STEPS) + 1)
        self.errors = 0
        self.last_error = ""
        self.last_error_at: datetime | None = None


class RouteFigures:
    """By the name of a route."""

    def __init__(self) -> None:
        self._routes: dict[str, _Counted] = {}

    def count(self, name: str, seconds: float, status: int, code: str, at: datetime) -> None:
        """A call that ended."""
        counted = self._routes.get(name)
        if counted is None:
            if len(self._routes) >= MOST_ROUTES:
                del self._routes[next(iter(self._routes))]
            counted = self._routes[name] = _Counted()
        counted.cells[bisect_left(STEPS, seconds)] += 1
        if status >= 500:
            counted.errors += 1
            counted.last_error, counted.last_error_at = code or str(status), at

    def of(self, name: str) -> RouteFigure:
        """How a route does."""
        counted = self._routes.get(name)
        if counted is None:
            return RouteFigure()
        calls = sum(counted.cells)
        return RouteFigure(
            calls=calls,
            errors=counted.errors,
            p95=_quantile(counted.cells, calls),
            last_error=counted.last_error,
            last_error_at=counted.last_error_at,
        )


def _quantile(cells: list[int], calls: int) -> float | None:
    seen, wanted = 0, calls * 0.95
    for step, cell in zip(STEPS, cells, strict=False):
        seen += cell
        if seen >= wanted:
            return step
    return float("inf")
