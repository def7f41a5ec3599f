"""People who come, look at a service for a while, and go: some read, some only load a page, some stop reading."""

import asyncio
import random
from contextlib import suppress
from typing import Final

import aiohttp

from bench.portal import Portal
from bench.viewer import Viewer

__all__ = ["PassersBy", "Said"]

_LONGEST_LOOK: Final = 40.0
_LONGEST_AWAY: Final = 8.0


class Said:
    """What became of their requests. `words` are those of the first that broke."""

    def __init__(self) -> None:
        self.opened = 0
        self.broken = 0
        self.words = ""


class PassersBy:
    """So many at once, each with a mind of its own, and the same ones for the same seed. `open` says how many look now."""

    def __init__(self, looker: Viewer, asked: Portal, services: list[str], count: int, seed: int) -> None:
        self.services = services
        self.open = 0
        self.said = Said()
        self._looker = looker
        self._asked = asked
        self._count = count
        self._seed = seed

    async def come_and_go(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._count):
                group.create_task(self._one(random.Random(self._seed * 1000 + number)))  # noqa: S311

    async def _one(self, mind: random.Random) -> None:
        while True:
            await asyncio.sleep(mind.random() * _LONGEST_AWAY)
            service = mind.choice(self.services)
            self.said.opened += 1
            self.open += 1
            try:
                await self._visit(mind, service)
            except (ConnectionError, TimeoutError, aiohttp.ClientError) as error:
                self.said.broken += 1
                self.said.words = self.said.words or f"({error!r})"[:200]
            finally:
                self.open -= 1

    async def _visit(self, mind: random.Random, service: str) -> None:
        what = mind.random()
        stays = mind.random() * _LONGEST_LOOK
        if what < 0.15:
            await self._looker.get(self._asked, Portal.json(service))
        elif what < 0.3:
            await self._looker.get(self._asked, Portal.page(service))
        elif what < 0.4:  # asleep: the stream is open and nothing is taken from it
            async with self._looker.live(self._asked, service):
                await asyncio.sleep(stays)
        else:
            await self._looker.get(self._asked, Portal.page(service))
            with suppress(TimeoutError):
                async with asyncio.timeout(stays), self._looker.live(self._asked, service) as screens:
                    async for _ in screens:
                        pass
