"""A query that goes on to its end, whoever stops waiting for it."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

__all__ = ["to_its_end"]

P = ParamSpec("P")
T = TypeVar("T")


def to_its_end(query: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """A query that goes on when whoever wants it is cancelled; only then they are.

    What is given up in the middle costs its connection. SQLite keeps that, and what it has locked, until the last statement of
    it is finalized, which nobody does any more: see https://www.sqlite.org/c3ref/close.html.
    """

    @wraps(query)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.ensure_future(query(*args, **kwargs))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            while not task.done():
                try:
                    await asyncio.wait([task])
                except asyncio.CancelledError:
                    continue  # told already
            if not task.cancelled():
                task.exception()  # nobody is there to be told
            raise

    return run
