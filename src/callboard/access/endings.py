"""When a session ends that something long is open under: at once where it ends here, within a second where it ends elsewhere.

What is short asks the door each time; a stream is let in once and goes on for an hour.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Set
from contextlib import suppress
from typing import Final

from callboard.base.errors import Unavailable

__all__ = ["Endings"]

EVERY: Final = 1.0
"""Seconds between two looks which of them there still are: one question for all that are waited for."""


class Endings:
    """Of sessions by their digest. `still` says which of them there are; it may raise Unavailable, which ends none."""

    def __init__(self, still: Callable[[Collection[str]], Awaitable[Set[str]]] | None = None) -> None:
        self._still = still
        self._waiting: dict[str, list[asyncio.Event]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def of(self, digest: str) -> None:
        """Return when it has ended."""
        ended = asyncio.Event()
        self._waiting.setdefault(digest, []).append(ended)
        if self._still is not None and self._looking is None:
            self._looking = asyncio.create_task(self._look(self._still), name="endings")
        try:
            await ended.wait()
        finally:
            waiting = self._waiting[digest]
            waiting.remove(ended)
            if not waiting:
                del self._waiting[digest]
            if not self._waiting and self._looking is not None:
                looking, self._looking = self._looking, None
                looking.cancel()
                await asyncio.wait((looking,))

    @property
    def waited_for(self) -> tuple[str, ...]:
        """Those that something is open under."""
        return tuple(self._waiting)

    def tell(self, digest: str) -> None:
        """It has ended."""
        for ended in self._waiting.get(digest, ()):
            ended.set()

    async def _look(self, still: Callable[[Collection[str]], Awaitable[Set[str]]]) -> None:
        while True:
            await asyncio.sleep(EVERY)
            asked = tuple(self._waiting)
            with suppress(Unavailable):
                there = await still(asked)
                for digest in asked:
                    if digest not in there:
                        self.tell(digest)
