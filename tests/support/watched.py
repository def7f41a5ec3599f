"""A watch as most tests read it: one change after the other."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from callboard.kube.connection.connection import Connection
from callboard.kube.watching.watch import Change, watch_together
from callboard.model.cluster import Credential
from callboard.model.outcome import Question

__all__ = ["watch"]


async def watch(
    connection: Connection,
    question: Question,
    *,
    credential: Callable[[], Awaitable[Credential]] | None = None,
    since: str = "",
    streaming_lists: bool = True,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[Change, None]:
    """`watch_together`, one by one."""
    together = watch_together(
        connection,
        question,
        credential=credential,
        since=since,
        streaming_lists=streaming_lists,
        sleep=sleep,
    )
    async with aclosing(together):
        async for changes in together:
            for change in changes:
                yield change
