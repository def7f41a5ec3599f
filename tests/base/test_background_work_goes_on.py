import asyncio

import pytest

from callboard.base import tasks
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
