"""A log that a portal for tests lets its readers follow."""

import asyncio
from collections.abc import AsyncGenerator, Mapping

import msgspec

from callboard.portal.views import LogNews, LogRow

__all__ = ["Followed"]


class Followed:
    """A log that goes on as a test lets it."""

    settled = True

    def __init__(self) -> None:
        self.come = asyncio.Event()
        self.over = False
        self.waiting: list[LogNews] = []
        self.cursors: list[dict[str, str]] = []
        """What each stream held that came."""

    def write(self, *texts: str, **more: object) -> None:
        """These lines are written now; `more` is what else is told with them."""
        rows = tuple(LogRow("2026-11-21T09:00:00.000000000Z", 0, "", text) for text in texts)
        self.waiting.append(msgspec.structs.replace(LogNews(rows=rows, ids=("roller",)), **more))
        self.come.set()

    def take(self) -> LogNews:
        news, *self.waiting = self.waiting or [LogNews()]
        if self.waiting:
            self.come.set()
        return news

    async def views(self, cursors: Mapping[str, str]) -> AsyncGenerator["Followed", None]:
        """Itself, whenever there is something to take."""
        self.cursors.append(dict(cursors))
        while not self.over:
            await self.come.wait()
            self.come.clear()
            yield self
