"""So many requests at once to one API server, whoever asks; some more where its answers take long."""

import asyncio
from collections import deque

__all__ = ["RequestGate"]


class RequestGate:
    """Lets `places` through at once, the others in the order in which they came; only `few` of them until it is widened.

    As a semaphore, but that whoever finds it open passes without a coroutine, as nearly all questions do.
    """

    def __init__(self, places: int, few: int | None = None) -> None:
        self._free = places if few is None else min(few, places)
        self._more = places - self._free
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def narrow(self) -> bool:
        """Whether there are places that are not given away yet."""
        return self._more > 0

    def widen(self) -> None:
        """Give all places away from now on."""
        more, self._more = self._more, 0
        for _ in range(more):
            self.leave()

    def enter(self) -> bool:
        """Take a place if there is one and nobody waits for it."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    async def wait(self, until: float) -> None:
        """Take the next place that is left. Raises TimeoutError at the loop's time `until`."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout_at(until):
                await waiter
        except BaseException:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif not waiter.cancelled():
                self.leave()  # given to us as we gave up
            raise

    def leave(self) -> None:
        """Give a place back: to who has waited longest, if anybody does."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.cancelled():
                waiter.set_result(None)
                return
        self._free += 1
