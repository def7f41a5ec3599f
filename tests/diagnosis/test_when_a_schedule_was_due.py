"""When a CronJob's schedule was due last, in each of the forms that Kubernetes has taken."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.diagnosis.cron import DAYS, due_soon, last_due

NOW = datetime(2026, 5, 1, 12, 7, 30, tzinfo=UTC)
"""A Friday."""
BEGUN = datetime(2026, 5, 1, 11, 0, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 5, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "zone", "due"),
    [
        ("0 * * * *", "", at(1, 12)),
        ("*/5 * * * *", "", at(1, 12, 5)),
        ("30 4 * * *", "Europe/Paris", at(1, 2, 30)),
        ("0 9 * * fri", "America/New_York", at(1, 9) - timedelta(days=7) + timedelta(hours=4)),
        ("TZ=Asia/Tokyo 0 9 * * *", "", at(1, 0)),
        ("CRON_TZ=Asia/Tokyo 0 9 * * *", "Europe/Paris", at(1, 0)),
        ("CRON_TZ=UTC @hourly", "Asia/Kolkata", at(1, 12)),
        ("@midnight", "", at(1, 0)),
        ("@every 5m", "", at(1, 12, 5)),
        ("@every 1h30m", "", None),
        ("@every 40m", "", at(1, 11, 40)),
        ("@every 90s", "", BEGUN + 45 * timedelta(seconds=90)),
        ("@every 0.5h", "", at(1, 12)),
        ("@every", "", None),
        ("@every 5 m", "", None),
        ("@every -5m", "", None),
        ("@every 1e3s", "", None),
        ("@every 99999h", "", None),
        ("0 * * * *", "Local", None),
        ("0 * * * *", "Mars/Olympus", None),
        ("TZ= 0 * * * *", "", at(1, 12)),
        ("TZ=../x 0 * * * *", "", None),
        ("TZ=UTC", "", None),
        ("0 0 30 2 *", "", None),
        ("@reboot", "", None),
    ],
)
def test_it_was_due(schedule: str, zone: str, due: datetime | None) -> None:
    assert last_due(schedule, zone, NOW, BEGUN) == due


def test_every_so_often_is_counted_from_the_last_run_and_not_at_all_without_one() -> None:
    assert last_due("@every 5m", "", NOW) is None
    assert last_due("@every 5m", "", NOW, NOW) is None
    assert last_due("@every 5m", "", NOW, NOW + timedelta(minutes=1)) is None
    coming = due_soon("@every 5m", "", NOW, NOW)
    assert coming is not None
    assert NOW < coming <= NOW + timedelta(minutes=10)


words = st.text("0123456789*/,-@ everyhmsTZ=CRON_?monL#.", max_size=40)


@given(
    words,
    st.sampled_from(["", "UTC", "Local", "a/b", "\0", "Europe/Paris"]),
    st.datetimes(timezones=st.just(UTC)),
)
def test_any_words_give_a_moment_of_the_past_or_none(schedule: str, zone: str, now: datetime) -> None:
    due = last_due(schedule, zone, now, now - timedelta(days=1) if now.year > 1 else None)
    assert due is None or now - timedelta(days=DAYS + 2) <= due <= now
