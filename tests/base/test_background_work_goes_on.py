import asyncio

import pytest
from structlog.testing import capture_logs

from callboard.base import tasks
from callboard.base.errors import Unavailable
from callboard.base.tasks import keep_running


async def test_work_that_fails_is_started_again_until_it_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "FIRST_PAUSE", 0.0)
    turns = 0

    async def work() -> None:
        nonlocal turns
        turns += 1
        if turns < 3:
            raise OSError("disk")

    await keep_running("work", work)
    assert turns == 3


async def test_what_is_not_to_be_had_is_told_in_a_sentence_and_what_nobody_expected_as_it_happened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "FIRST_PAUSE", 0.0)
    raised: list[Exception] = [Unavailable("The database does not answer."), OSError("disk")]

    async def work() -> None:
        if raised:
            raise raised.pop(0)

    with capture_logs() as told:
        await keep_running("work", work)
    assert [(each["log_level"], each.get("error"), "exc_info" in each) for each in told] == [
        ("warning", "The database does not answer.", False),
        ("error", None, True),
    ]


async def test_cancellation_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    started = asyncio.Event()

    async def work() -> None:
        started.set()
        await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(keep_running("work", work))
        await started.wait()
        task.cancel()
    assert task.cancelled()
