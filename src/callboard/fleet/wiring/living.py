"""A part with a beginning and an end."""

import contextlib

from callboard.base.errors import CallboardError
from callboard.base.fence import Fence
from callboard.extend.parts import Closes, Starts
from callboard.fleet.wiring.making import Missing

__all__ = ["LivingPart"]


class LivingPart:
    """Begun once before it is called, and ended once when nothing calls it any more."""

    def __init__(self, part: object, fence: Fence) -> None:
        self._part = part
        self._fence = fence
        self._begun = False

    async def start(self) -> None:
        """Begin it; that it cannot is told in the log."""
        part = self._part
        self._begun = True
        if not isinstance(part, Missing) and isinstance(part, Starts):
            with contextlib.suppress(CallboardError):
                await self._fence.call("start", part.start, _anything)

    async def close(self) -> None:
        """End it, and what is still asked of it."""
        part = self._part
        await self._fence.close()
        if self._begun and not isinstance(part, Missing) and isinstance(part, Closes):
            with contextlib.suppress(CallboardError):
                await self._fence.call("close", part.close, _anything)


def _anything(value: object) -> object:
    return value
