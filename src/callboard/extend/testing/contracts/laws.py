"""What holds for parts of any kind: an answer of the right type within a time, to two at once, after somebody left."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, TypeVar, cast

from callboard.base.errors import CallboardError
from callboard.base.shape import misfit, shown_type
from callboard.extend.parts import Closes, Starts

__all__ = ["ContractBroken", "Laws", "Took"]

T = TypeVar("T")
Took = Callable[[], Awaitable[object]]

ENDING: Final = 5.0
"""Seconds a call may take to end once it is told to."""
AT_ONCE: Final = 4
MOST_ITEMS: Final = 10_000
"""Of one answer that comes in steps."""


class ContractBroken(AssertionError):
    """A part does not hold to its contract; `broken` has a sentence for each way."""

    def __init__(self, part: object, broken: tuple[str, ...]) -> None:
        super().__init__(
            "\n".join((f"{shown_type(part)} does not hold to its contract:", *(f"- {b}" for b in broken)))
        )
        self.broken = broken


class Laws:
    """Gathers in which ways a part is broken, and raises them all at the end. `within` is in seconds."""

    def __init__(self, part: object, protocol: Any, *, within: float) -> None:
        self.part = part
        self.within = within
        self._broken: list[str] = []
        if not isinstance(part, protocol):
            self.broken(f"it is no {protocol.__name__}: a method of that is missing")
            self.judge()

    def broken(self, words: str) -> None:
        """One way, in a sentence without an end."""
        if words not in self._broken:
            self._broken.append(words)

    def judge(self) -> None:
        """Raises ContractBroken where it is broken."""
        if self._broken:
            raise ContractBroken(self.part, tuple(self._broken))

    async def begin(self) -> None:
        """Start the part, where it has a beginning."""
        if isinstance(self.part, Starts):
            await self.call("start()", self.part.start, lambda value: "")

    async def end(self) -> None:
        """Close the part twice, where it has an end, and judge it."""
        if isinstance(self.part, Closes):
            await self.call("close()", self.part.close, lambda value: "")
            await self.call("a second close()", self.part.close, lambda value: "")
        self.judge()

    async def call(
        self,
        what: str,
        work: Took,
        check: Callable[[Any], str],
        *,
        raises: tuple[type[BaseException], ...] = (),
    ) -> Any:
        """What it gives, or None where `check` finds something wrong with that. It may raise `raises`, and nothing else."""
        try:
            async with asyncio.timeout(self.within):
                given = work()
                if not hasattr(given, "__await__"):
                    self.broken(f"{what} gives {shown_type(given)}, and not something to await")
                    return None
                value = await given
        except TimeoutError:
            self.broken(f"{what} does not come back within {self.within:g} seconds")
        except raises:
            pass
        except Exception as error:
            self.broken(f"{what} raises {shown_type(error)}: {str(error)[:200]}")
        else:
            if not (found := check(value)):
                return value
            self.broken(f"{what}: {found}")
        return None

    async def steady(
        self, what: str, work: Took, check: Callable[[Any], str], key: Callable[[Any], object]
    ) -> Any:
        """The same, asked once, by several at once, and after somebody has left; the answers have the same `key`."""
        first = await self.call(what, work, check)
        if first is None:
            return None
        await self.left(what, work)
        for again in await asyncio.gather(
            *(self.call(f"{what}, asked by several", work, check) for _ in range(AT_ONCE))
        ):
            if again is not None and key(again) != key(first):
                self.broken(f"{what} gives something else when several ask")
        return first

    async def left(self, what: str, work: Took) -> None:
        """Somebody asks and leaves before there is an answer."""
        for steps in range(3):
            task = asyncio.ensure_future(cast("Awaitable[Any]", work()))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await self._ended(what, task)

    async def hangs(self, what: str, work: Took) -> None:
        """What is behind it does not answer: it waits, and ends when it is told to; or it gives up by itself, as Unavailable."""
        task = asyncio.ensure_future(cast("Awaitable[Any]", work()))
        done, _ = await asyncio.wait({task}, timeout=0.1)
        if not done:
            task.cancel()
            await self._ended(what, task)
        elif not task.cancelled() and not isinstance(task.exception(), CallboardError):
            self.broken(f"{what} neither waits nor says that nothing answers")

    async def fails(self, what: str, work: Took) -> None:
        """What is behind it cannot be read: it raises one of Callboard's errors."""
        try:
            async with asyncio.timeout(self.within):
                await work()
        except TimeoutError:
            self.broken(f"{what} does not come back within {self.within:g} seconds")
        except CallboardError as error:
            if not error.message.strip():
                self.broken(f"{what} raises {shown_type(error)} without a word")
        except Exception as error:
            self.broken(f"{what} raises {shown_type(error)}, which is none of callboard.extend's errors")
        else:
            self.broken(f"{what} raises nothing")

    async def _ended(self, what: str, task: "asyncio.Future[Any]") -> None:
        done, _ = await asyncio.wait({task}, timeout=ENDING)
        if not done:
            self.broken(f"{what} does not end when whoever asked has left")
        elif not task.cancelled() and (error := task.exception()) and not isinstance(error, CallboardError):
            self.broken(f"{what} raises {shown_type(error)} when whoever asked has left")

    async def steps(
        self, what: str, begin: Callable[[], object], *, until: Callable[[Any], bool] = lambda _: False
    ) -> list[Any]:
        """What an iterator gives, at most so much that it is bounded; it is closed at the end, which may not raise."""
        given = begin()
        if not isinstance(given, AsyncIterator):
            self.broken(f"{what} gives {shown_type(given)}, and not an asynchronous iterator")
            return []
        found: list[Any] = []
        try:
            async with asyncio.timeout(self.within):
                async for each in given:
                    found.append(each)
                    if until(each) or len(found) >= MOST_ITEMS:
                        break
                close = getattr(given, "aclose", None)
                if close is not None:
                    await close()
        except TimeoutError:
            self.broken(f"{what} does not come to an end within {self.within:g} seconds")
        except Exception as error:
            self.broken(f"{what} raises {shown_type(error)}: {str(error)[:200]}")
        if len(found) >= MOST_ITEMS:
            self.broken(f"{what} gives {MOST_ITEMS} answers, and more")
        return found

    async def step_left(self, what: str, begin: Callable[[], Any]) -> None:
        """Somebody begins, takes one step, and leaves."""
        given = begin()
        if not isinstance(given, AsyncIterator):
            return  # told elsewhere
        task = asyncio.ensure_future(anext(given, None))
        await asyncio.wait({task}, timeout=0.05)
        task.cancel()
        await self._ended(what, task)
        close = getattr(given, "aclose", None)
        if close is not None:
            await self.call(f"closing {what}", close, lambda value: "")


def fits(wanted: Any) -> Callable[[object], str]:
    """The check that a value is of a type, all the way down."""

    def check(value: object) -> str:
        return misfit(value, wanted)

    return check
