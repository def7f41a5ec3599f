"""Quantities as Kubernetes writes them, as numbers."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callboard.model.quantity import quantity

WRITTEN: dict[str | int | float, float] = {
    "100m": 0.1, "1.5": 1.5, " 2 ": 2.0, "128Mi": 128 * 2**20, "2e3": 2000.0, "1k": 1000.0, "1Ki": 1024.0,
    "3G": 3e9, "-1": -1.0, "+.5": 0.5, "1E": 1e18, "7": 7.0, "250n": 2.5e-7, "5u": 5e-6, 3: 3.0, 0.25: 0.25,
}  # fmt: skip


@pytest.mark.parametrize("written", WRITTEN)
def test_a_quantity(written: str | float) -> None:
    assert quantity(written) == pytest.approx(WRITTEN[written])


@pytest.mark.parametrize(
    "written", ["", "m", "1 Mi", "1mi", "0x10", "1e9999", "12,5", "NaN", None, math.inf, math.nan]
)
def test_what_is_none(written: str | float | None) -> None:
    assert quantity(written) is None


@given(st.none() | st.text(max_size=20) | st.integers() | st.floats())
@example(10**400)
@example("1" * 40 + "e999")
def test_whatever_is_written_is_a_finite_number_or_none(written: str | float | None) -> None:
    found = quantity(written)
    assert found is None or math.isfinite(found)
