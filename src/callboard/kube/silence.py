"""A deadline that counts silence: nothing came while we were ready to read."""

import asyncio
from collections.abc import Awaitable
from types import TracebackType
from typing import Final, Self, TypeVar

import aiohttp

__all__ = ["Silence"]

_LOOKS: Final = 8
"""Looks within one silence. What is counted is looks, not time: a loop that was held up itself counts one."""

T = TypeVar("T")


class Silence:
    """Use it as a context manager around the reading of one body. `most` is in seconds; with `fed` off, pieces alone break no
    silence, and `heard` has to be called."""

    def __init__(self, content: aiohttp.StreamReader, most: float) -> None:
        self._content = content
        self._left = _LOOKS
        self._waits = False
        self._timer: asyncio.TimerHandle | None = None
        self.most = most
        self.fed = True

    def __enter__(self) -> Self:
        self._again()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def heard(self) -> None:
        """Something came that counts."""
        self._left = _LOOKS

    def allow(self, most: float) -> None:
        """From now on another silence, broken by every piece."""
        self.most, self.fed = most, True
        self._left = _LOOKS
        if self._timer is not None:
            self._timer.cancel()
        self._again()

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

    def _again(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self.most / _LOOKS, self._look)

    def _look(self) -> None:
        self._left -= self._waits
        if self._left > 0:
            self._again()
        else:
            self._timer = None
            self._content.set_exception(TimeoutError())
