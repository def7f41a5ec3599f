"""People who come, look at a service for a while, and go: some read, some only load a page, some stop reading."""

import asyncio
import random
import re
from collections import Counter
from contextlib import suppress
from typing import Final

import aiohttp
import msgspec

from bench.portal import Portal
from bench.tables import doing
from bench.viewer import Refused, Viewer

__all__ = ["PassersBy", "Said", "told"]

_LONGEST_LOOK: Final = 40.0
_LONGEST_AWAY: Final = 8.0


_TOLD: Final = re.compile(
    rb'<h1>(.*?)</h1>\s*<p class="error-message">(.*?)</p>.*?<code>(.*?)</code>', re.DOTALL
)
"""What an error page says, and the number its request has in the log."""
_MOST_WORDS: Final = 200


class Said:
    """What became of their requests. `broken` counts those that were refused or broke, by path, status and words."""

    def __init__(self) -> None:
        self.opened = 0
        self.broken: Counter[str] = Counter()


class _Error(msgspec.Struct, frozen=True):
    code: str = ""
    message: str = ""


class _Document(msgspec.Struct, frozen=True):
    error: _Error


def told(error: BaseException) -> str:
    """A refusal in few words: path, status, and the code and message of what was answered instead, whichever face said it."""
    if not isinstance(error, Refused):
        return repr(error)[:_MOST_WORDS]
    words = error.body.decode(errors="replace")
    if page := _TOLD.search(error.body):
        words = " / ".join(part.decode(errors="replace") for part in page.groups())
    with suppress(msgspec.MsgspecError):
        said = msgspec.json.decode(error.body, type=_Error)
        words = f"{said.code}: {said.message}"
    with suppress(msgspec.MsgspecError):
        said = msgspec.json.decode(error.body, type=_Document).error
        words = f"{said.code}: {said.message}"
    return f"{error.path}: {error.status} {words[:_MOST_WORDS]}"


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
                self.said.broken[f"{told(error)} ({service})"] += 1
                doing(f"broken: {told(error)} ({service})")
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
