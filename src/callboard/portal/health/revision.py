"""A number that grows, and whoever waits for it to grow."""

import asyncio

__all__ = ["Revision"]


class Revision:
    """`number` tells a state from those before it."""

    def __init__(self) -> None:
        self.number = 0
        self._news = asyncio.Event()

    def advance(self) -> None:
        """Something has changed: tell all who wait."""
        self.number += 1
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def beyond(self, since: int) -> int:
        """Wait until there is a newer number than that, and tell it."""
        while self.number <= since:
            await self._news.wait()
        return self.number
