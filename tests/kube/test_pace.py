"""A watch takes its share of the time and no more; bursts that end are not held up."""

import pytest

from callboard.kube.loop.watch_pace import AHEAD, SHARE, WatchPace


def test_a_burst_is_not_held_up_and_a_flood_takes_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("callboard.kube.loop.watch_pace.time.monotonic", lambda: now[0])
    pace = WatchPace()
    assert pace.spent(AHEAD / 4) == 0.0
    worked = rested = 0.0
    for _ in range(1000):
        now[0] += 0.01
        rest = pace.spent(0.01)
        worked += 0.01
        rested += rest
        now[0] += rest
    assert worked / (worked + rested) <= SHARE
    now[0] += 10.0
    assert pace.spent(0.001) == 0.0, "a pause makes good for it"
