"""When a CronJob runs, in words; and the next run to the minute."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.diagnosis.cron import last_due, next_due
from callboard.diagnosis.cron_words import schedule_words

NOW = datetime(2026, 5, 1, 12, 7, 30, tzinfo=UTC)
"""A Friday."""


@pytest.mark.parametrize(
    ("schedule", "zone", "words"),
    [
        ("* * * * *", "", "every minute"),
        ("*/5 * * * *", "", "every 5 minutes"),
        ("*/1 * * * *", "", "every minute"),
        ("0 * * * *", "", "every hour"),
        ("15,45 * * * *", "", "every hour at minute 15 and 45"),
        ("0 */6 * * *", "", "every 6 hours"),
        ("30 */6 * * *", "", "every 6 hours at minute 30"),
        ("0 3 * * *", "", "every day at 03:00"),
        ("0 3 * * *", "Europe/Paris", "every day at 03:00 (Europe/Paris)"),
        ("CRON_TZ=Asia/Tokyo 0 9,18 * * *", "UTC", "every day at 09:00 and 18:00 (Asia/Tokyo)"),
        ("0 9 * * 1-5", "", "Monday to Friday at 09:00"),
        ("0 9 * * mon-fri", "", "Monday to Friday at 09:00"),
        ("0 9 * * 0,7,sat", "", "on Sunday and Saturday at 09:00"),
        ("0 0 1 * *", "", "on day 1 of the month at 00:00"),
        ("0 0 1 1,7 *", "", "on day 1 of the month in January and July at 00:00"),
        ("0 0 1 * 1", "", "on day 1 of the month or on Monday at 00:00"),
        ("*/10 * * * 1-5", "", "every 10 minutes, Monday to Friday"),
        ("@daily", "", "every day at 00:00"),
        ("@every 1h30m", "", "every 1h30m"),
        ("7-59/13 * * * *", "", "at 7-59/13 * * * *"),
        ("0 0 1-7 * *", "", "at 0 0 1-7 * *"),
        ("not a schedule", "", "at not a schedule"),
        ("", "", "at "),
    ],
)
def test_in_words(schedule: str, zone: str, words: str) -> None:
    assert schedule_words(schedule, zone) == words


@pytest.mark.parametrize(
    ("schedule", "zone", "after"),
    [
        ("* * * * *", "", timedelta(seconds=30)),
        ("*/5 * * * *", "", timedelta(minutes=2, seconds=30)),
        ("7 12 * * *", "", timedelta(hours=23, minutes=59, seconds=30)),
        ("0 3 * * *", "Europe/Paris", timedelta(hours=12, minutes=52, seconds=30)),
        ("0 0 3 5 *", "", timedelta(days=1, hours=11, minutes=52, seconds=30)),
        ("@every 10m", "", timedelta(minutes=10)),
        ("0 0 30 2 *", "", None),
        ("nonsense", "", None),
    ],
)
def test_the_next_run_is_the_first_one(schedule: str, zone: str, after: timedelta | None) -> None:
    coming = next_due(schedule, zone, NOW, NOW)
    assert (coming and coming.replace(microsecond=0)) == (after and NOW + after)


FIELD = st.sampled_from(["*", "*/7", "0", "5,25", "3-9", "1/2", "x", "?", "sun", "99", ""])


@given(
    st.lists(FIELD, min_size=4, max_size=6).map(" ".join) | st.text(max_size=30),
    st.sampled_from(["", "Mars", "Europe/Paris"]),
)
def test_any_text_is_said_somehow_and_nothing_is_due_between_now_and_the_next(
    schedule: str, zone: str
) -> None:
    assert len(schedule_words(schedule, zone)) < 400
    coming = next_due(schedule, zone, NOW, NOW)
    if coming is not None:
        before = last_due(schedule, zone, coming - timedelta(seconds=2), NOW)
        assert coming > NOW
        assert before is None or before <= NOW
