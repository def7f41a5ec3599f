"""A loop whose time leaps to the next timer whenever there is nothing to do, and which counts how often it woke."""

import asyncio
import selectors

__all__ = ["Leaping"]


class Leaping(asyncio.SelectorEventLoop):
    """`woken` counts how often it would have slept and been woken by a timer."""

    def __init__(self) -> None:
        super().__init__(_Leap(self))
        self.now = 1000.0
        self.woken = 0

    def time(self) -> float:
        return self.now


class _Leap(selectors.DefaultSelector):
    def __init__(self, loop: Leaping) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "waits for what never comes"
        self._loop.now += timeout
        self._loop.woken += timeout > 0
        return super().select(0)
