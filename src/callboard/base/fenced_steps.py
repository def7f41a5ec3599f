"""What a part gives one after the other: each step is fenced."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from typing import Final, TypeVar

from callboard.base.fence import Check, Fence, PartFailed, WrongAnswer
from callboard.base.part_calls import Given
from callboard.base.shape import shown_type

__all__ = ["each"]

T = TypeVar("T")
_END: Final = object()


async def each(
    fence: Fence,
    doing: str,
    begin: Callable[[], AsyncIterator[object]],
    check: Check[T],
    *,
    patience: Callable[[T | None], float | None] = lambda _: None,
    given: Given | None = None,
) -> AsyncGenerator[T, None]:
    """Every element, checked. `patience` says for how many seconds the next is waited for after one (None before the first),
    None for as long as it takes. Raises PartFailed, and what the part raises of `CallboardError`. Closing it ends what the part
    began: ours in the task of whoever reads, an extension's in one of its own, which is left behind where it does not end."""
    source = fence.now(doing, begin, _iterator, given=given)
    steps = _apart(fence, source) if fence.extension else _here(source)
    last: T | None = None
    try:
        while True:
            seconds = patience(last)
            limit = asyncio.timeout(seconds)
            try:
                async with limit:
                    value = await anext(steps)
            except StopAsyncIteration:
                return
            except BaseException as error:
                if isinstance(error, TimeoutError) and limit.expired():
                    why = f"did not {doing} within {seconds:g} seconds"
                    fence.tell(doing, why)
                    raise PartFailed(fence.part, why, code="part-late") from None
                raise fence.failed(doing, error) from None
            last = fence.checked(doing, value, check)
            yield last
    finally:
        await steps.aclose()


async def _here(source: AsyncIterator[object]) -> AsyncGenerator[object, None]:
    try:
        async for value in source:
            yield value
    finally:
        if (close := getattr(source, "aclose", None)) is not None:
            await close()


async def _apart(fence: Fence, source: AsyncIterator[object]) -> AsyncGenerator[object, None]:
    """One element ahead of the reader at most."""
    given: asyncio.Queue[tuple[object, BaseException | None]] = asyncio.Queue(1)

    async def read() -> None:
        try:
            async for value in source:
                await given.put((value, None))
            await given.put((_END, None))
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and left:
                raise
            await given.put((_END, error))  # a cancellation of its own making, too
        finally:
            if (close := getattr(source, "aclose", None)) is not None:
                with suppress(Exception):
                    await close()

    left: list[bool] = []
    reading = fence.begin(read())
    try:
        while True:
            value, error = await given.get()
            if error is not None:
                raise error
            if value is _END:
                return
            yield value
    finally:
        left.append(True)
        fence.leave(reading)


def _iterator(value: object) -> AsyncIterator[object]:
    if not isinstance(value, AsyncIterator):
        raise WrongAnswer(f"expected something to iterate over with `async for`, got {shown_type(value)}")
    return value
