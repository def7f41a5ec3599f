"""What a part gives one after the other: each step is fenced, in the task of whoever reads."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TypeVar

from callboard.base.fence import Check, Fence, PartFailed, WrongAnswer
from callboard.base.shape import shown_type

__all__ = ["each"]

T = TypeVar("T")


async def each(
    fence: Fence,
    doing: str,
    begin: Callable[[], AsyncIterator[object]],
    check: Check[T],
    *,
    patience: Callable[[T | None], float | None] = lambda _: None,
) -> AsyncGenerator[T, None]:
    """Every element, checked. `patience` says for how many seconds the next is waited for after one (None before the first),
    None for as long as it takes. Raises PartFailed, and what the part raises of `CallboardError`. Closing it closes what the
    part gave."""
    source = fence.now(doing, begin, _iterator)
    last: T | None = None
    try:
        while True:
            seconds = patience(last)
            limit = asyncio.timeout(seconds)
            try:
                async with limit:
                    value = await anext(source)
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
        if (close := getattr(source, "aclose", None)) is not None:
            await _closed(fence, close)


async def _closed(fence: Fence, close: Callable[[], object]) -> None:
    try:
        async with asyncio.timeout(1.0):
            await close()  # type: ignore[misc]  # of an async generator
    except (asyncio.CancelledError, GeneratorExit):
        raise
    except BaseException as error:
        fence.failed("end what it began", error)


def _iterator(value: object) -> AsyncIterator[object]:
    if not isinstance(value, AsyncIterator):
        raise WrongAnswer(f"expected something to iterate over with `async for`, got {shown_type(value)}")
    return value
