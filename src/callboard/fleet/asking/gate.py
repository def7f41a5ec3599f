"""How many clusters are asked at one time, over all pages."""

import asyncio

__all__ = ["ClusterGate", "Slot"]


class Slot:
    """A place among those being asked. It is given back once: at the end, or when the cluster turns out to be slow."""

    def __init__(self, semaphore: asyncio.Semaphore) -> None:
        self._semaphore = semaphore
        self._held = False

    async def take(self) -> None:
        """Wait for the place; the caller bounds the waiting."""
        await self._semaphore.acquire()
        self._held = True

    def give_back(self) -> None:
        """Let the next one in; without the place this changes nothing."""
        if self._held:
            self._held = False
            self._semaphore.release()


class ClusterGate:
    """At most `most` clusters that answer in time are asked at once, so that answers in memory are bounded.

    A slow cluster gives its slot back at its soft deadline: a hanging one never keeps healthy ones waiting for longer.
    """

    def __init__(self, most: int) -> None:
        self._semaphore = asyncio.Semaphore(most)

    def slot(self) -> Slot:
        """A slot that is not taken yet."""
        return Slot(self._semaphore)
