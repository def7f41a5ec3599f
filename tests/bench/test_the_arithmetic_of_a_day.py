"""A day is two straight lines out of measured pieces, and the break-even is where they cross."""

import msgspec
import pytest

from bench.day import Day, Pieces, break_even

PIECES = Pieces(
    sync=24.0,
    idle=0.001,
    change=100e-6,
    page=0.010,
    viewer=0.0001,
    update=0.002,
    poll=0.25,
    peer_idle=0.0005,
    services=25,
)


def test_every_piece_is_in_the_hour_as_often_as_it_happens() -> None:
    ours, theirs = Day.ours(PIECES), Day.theirs(PIECES)
    # a 24th of the sync, an hour of idling, 125 deploys of 100 changes
    assert ours.fixed == pytest.approx(1.0 + 3.6 + 125 * 100 * 100e-6)
    # six page loads, an hour of a quiet page, the changes of five deploys of the service looked at
    assert ours.each == pytest.approx(0.06 + 0.36 + 5 * 100 * 0.002)
    assert (theirs.fixed, theirs.each) == pytest.approx((1.8, 360 * 0.25))
    assert theirs.hour(10) == pytest.approx(901.8)


def test_the_break_even_is_where_both_cost_the_same() -> None:
    ours, theirs = Day.ours(PIECES), Day.theirs(PIECES)
    viewers = break_even(ours, theirs)
    assert viewers is not None
    assert ours.hour(viewers) == pytest.approx(theirs.hour(viewers))
    assert 0 < viewers < 1


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (Day(1, 1), Day(2, 2), 0.0),  # cheaper from the beginning
        (Day(2, 2), Day(1, 1), None),  # never
        (Day(1, 3), Day(2, 2), None),  # only as long as few look
        (Day(10, 1), Day(0, 3), 5.0),
    ],
)
def test_there_may_be_none(ours: Day, theirs: Day, expected: float | None) -> None:
    assert break_even(ours, theirs) == expected


def test_without_a_peer_nothing_breaks() -> None:
    alone = msgspec.structs.replace(PIECES, poll=0.0, peer_idle=0.0)
    assert break_even(Day.ours(alone), Day.theirs(alone)) is None
