"""For whoever looks after Callboard: which sessions there are, and ending them; all servers of a database know within seconds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from callboard.access.sessions import IDLE
from callboard.access.store import KeptSession, SessionStore
from callboard.base.clock import Clock
from callboard.base.errors import NotFound

__all__ = ["MOST_LISTED", "SessionsList"]

MOST_LISTED: Final = 1000


class SessionsList:
    """`idle` says after how long without a request a session is over."""

    def __init__(
        self, store: SessionStore, clock: Clock, idle: Callable[[], timedelta] = lambda: IDLE
    ) -> None:
        self._store = store
        self._clock = clock
        self._idle = idle
        self._told: list[Callable[[Callable[[KeptSession], bool]], None]] = []

    def on_end(self, told: Callable[[Callable[[KeptSession], bool]], None]) -> None:
        """Tell a listener of this process at once which have been ended: those of which what it is given says so."""
        self._told.append(told)

    async def all(self) -> tuple[KeptSession, ...]:
        """Those that go on, the newest first."""
        return await self.page("", 0, MOST_LISTED)

    async def page(self, who: str, offset: int, limit: int) -> tuple[KeptSession, ...]:
        """Some of those that go on whose owner has `who` somewhere in their name, the newest first."""
        now = self._clock.now()
        return await self._store.find(
            who, now=now, seen_after=now - max(self._idle(), IDLE), offset=offset, limit=limit
        )

    async def end(self, id_: str) -> None:
        """End one. Raises NotFound."""
        if not await self._store.end(id_=id_):
            raise NotFound(f"There is no session {id_!r}.", code="no-such-session")
        self._tell(lambda session: session.id == id_)

    async def end_of(self, subject: str) -> int:
        """End every one of somebody; how many there were."""
        ended = await self._store.end(subject=subject)
        self._tell(lambda session: session.subject == subject)
        return ended

    async def end_all(self) -> int:
        """End every one; how many there were."""
        ended = await self._store.end(all_=True)
        self._tell(lambda session: True)
        return ended

    def _tell(self, ended: Callable[[KeptSession], bool]) -> None:
        for told in self._told:
            told(ended)
