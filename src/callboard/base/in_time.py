"""A plain function with a deadline: what an extension computes when it is loaded, asked for its hooks, or makes a part."""

import threading
from collections.abc import Callable
from typing import TypeVar

from callboard.base.fence import PartFailed

__all__ = ["in_time"]

T = TypeVar("T")


def in_time(part: str, work: Callable[[], T], *, within: float) -> T:
    """What `work`, a plain function of an extension, gives within so many seconds, in a thread of its own that is left behind
    where it does not end. Raises what it raises, PartFailed where it does not come back."""
    result: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            result.append(work())
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name=part, daemon=True)
    thread.start()
    thread.join(within)
    if raised:
        raise raised[0]
    if not result:
        raise PartFailed(part, f"did not come back within {within:g} seconds", code="part-late")
    return result[0]
