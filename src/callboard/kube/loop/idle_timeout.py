"""A deadline that counts silence: nothing came while we were ready to read."""

import asyncio
from collections.abc import Awaitable
from types import TracebackType
from typing import Final, Self, TypeVar

import aiohttp

__all__ = ["IdleTimeout", "IdleTimeouts"]

_LOOKS: Final = 8
"""Looks within one silence. What is counted is looks, not time: a loop that was held up itself counts one."""

T = TypeVar("T")


class IdleTimeouts:
    """All those of one loop. Those of one length are looked at together: with a timer for each, hundreds of quiet watches would
    wake the process all the time. `rounds` counts such looks, for tests."""

    def __init__(self) -> None:
        self.rounds = 0
        self._of: dict[float, dict[IdleTimeout, None]] = {}

    def join(self, silence: "IdleTimeout", most: float) -> None:
        """Look at it from now on, as at all others of so many seconds: the first time comes sooner than one eighth of them."""
        together = self._of.get(most)
        if together is None:
            together = self._of[most] = {}
            asyncio.get_running_loop().call_later(most / _LOOKS, self._look, most)
        together[silence] = None

    def leave(self, silence: "IdleTimeout", most: float) -> None:
        """Look at it no more."""
        self._of.get(most, {}).pop(silence, None)

    def _look(self, most: float) -> None:
        self.rounds += 1
        for silence in tuple(self._of[most]):
            silence.look()
        if self._of[most]:
            asyncio.get_running_loop().call_later(most / _LOOKS, self._look, most)
        else:
            del self._of[most]


class IdleTimeout:
    """Use it as a context manager around the reading of one body. `most` is in seconds; with `fed` off, pieces alone break no
    silence, and `heard` has to be called."""

    def __init__(self, content: aiohttp.StreamReader, most: float, silences: IdleTimeouts) -> None:
        self._content = content
        self._silences = silences
        self._left = _LOOKS
        self._waits = False
        self.most = most
        self.fed = True

    def __enter__(self) -> Self:
        self._silences.join(self, self.most)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._silences.leave(self, self.most)

    def heard(self) -> None:
        """Something came that counts."""
        self._left = _LOOKS

    def allow(self, most: float) -> None:
        """From now on another silence, broken by every piece."""
        self._silences.leave(self, self.most)
        self.most, self.fed = most, True
        self._left = _LOOKS
        self._silences.join(self, most)

    async def until(self, piece: Awaitable[T]) -> T:
        """Wait for a piece. Raises TimeoutError when the silence has lasted too long."""
        self._waits = True
        try:
            found = await piece
        finally:
            self._waits = False
        if self.fed:
            self._left = _LOOKS
        return found

    def look(self) -> None:
        """One eighth of it is over."""
        self._left -= self._waits
        if self._left <= 0:
            self._silences.leave(self, self.most)
            self._content.set_exception(TimeoutError())
