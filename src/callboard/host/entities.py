"""What parts may know of the catalog: a port that reads for a caller, within a bound."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from callboard.base.errors import Unavailable
from callboard.host.tickets import apart, behind, issue
from callboard.model.caller import Caller
from callboard.model.entity import Entity, EntityRef

__all__ = ["LentEntities"]

DEADLINE: Final = 5.0
AT_ONCE: Final = 16

Read = Callable[[EntityRef, Caller], Awaitable[Entity | None]]


class _Reading(msgspec.Struct, frozen=True):
    """Behind a LentEntities."""

    read: Read
    room: asyncio.Semaphore


class LentEntities:
    """Implements `extend.parts.EntityReader`. It holds a number and nothing else, so that no part comes by the catalog itself, or
    reads past what its caller may."""

    __slots__ = ("_number",)

    def __init__(self, read: Read) -> None:
        self._number = issue(_Reading(read, asyncio.Semaphore(AT_ONCE)))

    def __repr__(self) -> str:
        return "LentEntities()"

    async def entity(self, ref: EntityRef, caller: Caller) -> Entity | None:
        return await apart(_read(self._number, ref, caller))


async def _read(number: int, ref: EntityRef, caller: Caller) -> Entity | None:
    reading = behind(number, _Reading)
    try:
        async with asyncio.timeout(DEADLINE), reading.room:
            return await reading.read(ref, caller)
    except TimeoutError:
        raise Unavailable("The catalog does not answer in time.", code="catalog-late") from None
