"""From a click command to the portal: one event loop a command, errors out of the task groups they came through."""

from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from callboard.base.errors import CallboardError
from callboard.cli.wiring import OpenedPortal, Wiring

__all__ = ["run", "with_portal"]

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run one command's coroutine to its end. Ctrl-C cancels it and is then raised as KeyboardInterrupt."""
    return uvloop.run(work)


def with_portal(
    wiring: Wiring, configs: tuple[Path, ...], work: Callable[[OpenedPortal], Awaitable[Result]]
) -> Result:
    """Open the portal, do `work` with it, close it. A CallboardError comes out as itself, whatever groups it crossed."""

    async def opened() -> Result:
        failed: CallboardError | None = None
        async with wiring.open(configs) as portal:
            try:
                return await work(portal)
            except CallboardError as error:
                failed = error
        if failed is None:
            raise AssertionError("the wiring swallowed an error")
        raise failed

    return run(opened())
