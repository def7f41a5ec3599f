"""Services by turns, so that what is asked for is never what was kept."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

__all__ = ["Turns"]

_FORGOTTEN: Final = 6.0
"""Seconds after which the fan-out shares no answer any more (`callboard.portal.asking.feeds.FRESH` is 5)."""


class Turns:
    """Each service after the other, none of them again before its answer is forgotten."""

    def __init__(self, services: Sequence[str], forgotten: float = _FORGOTTEN) -> None:
        self._services = services
        self._forgotten = forgotten
        self._number = 0
        self._asked: dict[str, float] = {}

    async def next(self) -> str:
        """The one whose turn it is, once it may be asked for."""
        name = self._services[self._number % len(self._services)]
        self._number += 1
        await asyncio.sleep(max(0.0, self._asked.get(name, 0.0) + self._forgotten - time.monotonic()))
        self._asked[name] = time.monotonic()
        return name
