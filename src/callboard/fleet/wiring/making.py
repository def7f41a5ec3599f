"""A part made of its registration: by a factory that may raise, hang, or give something else."""

from collections.abc import Callable
from typing import Any, NoReturn

from callboard.base.errors import BadInput, BadInputs, CallboardError, Conflict
from callboard.base.fence import Fence, PartFailed
from callboard.base.in_time import in_time
from callboard.base.shape import shown_type
from callboard.extend.registration import Offered

__all__ = ["MAKING", "Missing", "made"]

MAKING = 10.0
"""Seconds a factory may take. What takes longer belongs into `start`."""


class Missing:
    """Stands for a part that could not be made: whatever is asked of it fails with the reason."""

    def __init__(self, error: PartFailed) -> None:
        self._error = error

    def __getattr__(self, name: str) -> NoReturn:
        raise self._error.again()


def made(offered: Offered[Any], make: Callable[[], object], wanted: type, fence: Fence) -> Any:
    """The part, or what stands for it. What is wrong with the configuration is raised, as BadInput, BadInputs or Conflict."""

    def check(value: object) -> object:
        if not isinstance(value, wanted):
            raise PartFailed(
                fence.part, f"could not be made: its factory gave {shown_type(value)}", code="part-wrong"
            )
        return value

    try:
        if not offered.extension:
            return check(make())
        return fence.now("make a part", lambda: in_time(fence.part, make, within=MAKING), check)
    except (BadInput, BadInputs, Conflict):
        raise
    except PartFailed as error:
        return Missing(error)
    except CallboardError as error:
        return Missing(PartFailed(fence.part, f"could not be made: {error.message}"))
