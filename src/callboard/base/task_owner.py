"""Whoever begins tasks that go on in the background owns them, and ends them all."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from callboard.base.errors import Unavailable

__all__ = ["TaskOwner"]


class TaskOwner:
    """Use as an async context manager: leaving it cancels every task, and waits until each has ended.

    A task that raises ends the whole context, as in a TaskGroup: what must go on says so itself (`keep_running`).
    """

    def __init__(self) -> None:
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> bool:
        """Whether tasks may be started."""
        return self._group is not None

    async def __aenter__(self) -> Self:
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        group, self._group = self._group, None
        assert group is not None  # noqa: S101 - entered before it is left
        for task in self._tasks:
            task.cancel()
        # What went wrong outside leaves as it is, not inside a group of its own.
        cancelled = isinstance(error, asyncio.CancelledError)
        await group.__aexit__(*((kind, error, trace) if cancelled else (None, None, None)))

    def start(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        """Run `work` until it ends or the owner does. Raises Unavailable when the owner is closed, or not there yet."""
        if self._group is None:
            work.close()
            raise Unavailable("Callboard is shutting down.")
        task = self._group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
