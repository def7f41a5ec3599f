"""Whoever begins tasks ends them all."""

import asyncio

import pytest

from callboard.base.errors import Unavailable
from callboard.base.task_owner import TaskOwner


async def test_leaving_ends_every_task_and_waits_for_it() -> None:
    ended: list[str] = []
    begun = asyncio.Event()

    async def work(name: str) -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # cleaning up may take a moment
            ended.append(name)

    async with TaskOwner() as owner:
        _ = owner.start(work("a"), "a")
        _ = owner.start(work("b"), "b")
        await begun.wait()
    assert sorted(ended) == ["a", "b"]
    assert not owner.open


async def test_nothing_is_started_before_or_after() -> None:
    owner = TaskOwner()

    async def work() -> None:
        raise AssertionError

    with pytest.raises(Unavailable):
        _ = owner.start(work(), "too soon")
    async with owner:
        assert owner.open
    with pytest.raises(Unavailable):
        _ = owner.start(work(), "too late")


async def test_what_goes_wrong_outside_leaves_as_it_is() -> None:
    async def work() -> None:
        await asyncio.Event().wait()

    async def owning() -> None:
        async with TaskOwner() as owner:
            _ = owner.start(work(), "waits")
            raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        await owning()


async def test_being_cancelled_ends_the_tasks_and_stays_a_cancellation() -> None:
    ended = asyncio.Event()
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def owning() -> None:
        async with TaskOwner() as owner:
            _ = owner.start(work(), "work")
            await asyncio.Event().wait()

    task = asyncio.create_task(owning())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_a_task_that_has_ended_is_forgotten() -> None:
    async def work() -> None:
        return

    async with TaskOwner() as owner:
        await owner.start(work(), "short")
        await asyncio.sleep(0)
        assert owner._tasks == set()
