"""A database that is open, and whether it answers."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from callboard.base.database.failures import BUSY, DatabaseAway, failure
from callboard.base.errors import Unavailable

__all__ = ["Database"]

WITHIN: Final = 6.0
"""Seconds in which a server must have done what one reader or writer asks of it: it may be frozen, and say nothing."""
BETWEEN_TRIES: Final = 1.0
"""Seconds between two tries while the server does not answer, jittered."""

_FAILURES: Final = (SQLAlchemyError, UnicodeDecodeError)
"""The second is a damaged SQLite file's, where its own message of that is damaged, too."""

_log = structlog.get_logger(__name__)


class Database:
    """Made by `open_database`; whoever opens it closes it. Every failure comes out as Unavailable, as DatabaseAway where a
    server does not answer.

    While `run` is running, nobody but it waits for a server that is away: everybody else is told at once.
    """

    def __init__(self, engine: AsyncEngine, place: str) -> None:
        self.engine = engine
        self.place = place
        """The file, or the server and its database: for messages."""
        self.away: str | None = None
        """Why the server does not answer, as long as it does not."""
        self._since = 0.0
        self._gone = asyncio.Event()
        self._here = asyncio.Event()
        self._here.set()
        self._watched = False

    @property
    def on_server(self) -> bool:
        """Whether it is PostgreSQL."""
        return self.engine.dialect.name == "postgresql"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection to read from."""
        async with self._told_in_words(WITHIN), self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self, within: float = WITHIN) -> AsyncIterator[AsyncConnection]:
        """A transaction: whole, or not at all. `within` so many seconds, on a server."""
        async with self._told_in_words(within), self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def _told_in_words(self, within: float) -> AsyncIterator[None]:
        if self.away is not None and self._watched:
            raise DatabaseAway(self.away)
        words = f"The database does not answer ({self.place}): nothing came for {within:g} s."
        deadline = asyncio.timeout(within if self.on_server else None)
        # giving up a query asks the server to end it, which may take as long again: others need not wait for that
        loop = asyncio.get_running_loop()
        told = loop.call_later(within, self._told, DatabaseAway(words)) if self.on_server else None
        try:
            async with deadline:
                yield
        except _FAILURES as error:
            raise self._told(failure(error, self.place)) from error
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise self._told(DatabaseAway(words)) from error
        finally:
            if told is not None:
                told.cancel()
        self._back()

    async def close(self) -> None:
        """Let go of it."""
        await self.engine.dispose()

    async def returned(self) -> None:
        """Wait until it answers, as far as is known; `run` finds out."""
        await self._here.wait()

    async def run(self) -> None:
        """See to it that a server which is away is noticed when it is back; until cancelled."""
        self._watched = True
        try:
            while True:
                await self._gone.wait()
                await asyncio.sleep(BETWEEN_TRIES * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
                await self._try()
        finally:
            self._watched = False

    async def _try(self) -> None:
        try:
            async with asyncio.timeout(WITHIN), self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (*_FAILURES, TimeoutError):
            return  # as before
        self._back()

    def _told(self, found: Unavailable) -> Unavailable:
        if isinstance(found, DatabaseAway) and found.code != BUSY:
            if self.away is None:
                self._since = time.monotonic()
                _log.error(
                    "the database does not answer; pages go on from memory, and it is tried again every second",
                    why=found.message,
                )
            self.away = found.message
            self._gone.set()
            self._here.clear()
        return found

    def _back(self) -> None:
        if self.away is not None:
            self.away = None
            self._gone.clear()
            self._here.set()
            _log.info("the database answers again", after=f"{time.monotonic() - self._since:.0f} s")
