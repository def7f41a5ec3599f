"""Numbers that stand for what may be used while a call lasts.

What an extension is given holds such a number and nothing else, so that nothing leads from it to what stands behind: the portal,
its clusters, their credentials. That guards against mistakes (a struct that is logged, an object that is kept, a caller that is
mixed up with another), and not against code that looks for everything in its process.
"""

import asyncio
from collections.abc import Coroutine
from itertools import count
from typing import Any, TypeVar

from callboard.base.errors import UsageError
from callboard.base.tasks import without_frames

__all__ = ["apart", "behind", "end", "issue"]

T = TypeVar("T")

_NUMBERS = count(1)
_OPEN: dict[int, object] = {}


def issue(value: object) -> int:
    """A number for a value, good until `end`."""
    number = next(_NUMBERS)
    _OPEN[number] = value
    return number


def behind(number: int, of: type[T]) -> T:
    """The value. Raises UsageError when its call has ended."""
    value = _OPEN.get(number)
    if not isinstance(value, of):
        raise UsageError("This was lent for a call that has ended.", code="call-ended")
    return value


def end(number: int) -> None:
    """The number opens nothing any more."""
    _OPEN.pop(number, None)


async def apart(work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives, in a task of its own: what it raises does not show the frames it went through, with what they hold."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        return await task
    except Exception as error:
        raise without_frames(error) from None
    finally:
        task.cancel()
