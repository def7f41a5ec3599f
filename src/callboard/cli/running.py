"""From a click command to the portal: one event loop a command, errors out of the task groups they came through."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from callboard.base.errors import CallboardError, Unavailable
from callboard.cli.wiring import AccessTools, OpenedPortal, Wiring

__all__ = ["run", "with_access", "with_portal"]

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run one command's coroutine to its end. Ctrl-C cancels it and is then raised as KeyboardInterrupt."""

    async def told() -> Result:
        asyncio.get_running_loop().set_exception_handler(_tell)
        return await work

    return uvloop.run(told())


def _tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """uvloop reports bytes that reach a TLS connection after we closed it, which is what leaving a watch is: no news."""
    error = context.get("exception")
    if not (isinstance(error, RuntimeError) and str(error).endswith("the handler is closed")):
        loop.default_exception_handler(context)


def with_portal(
    wiring: Wiring,
    configs: tuple[Path, ...],
    work: Callable[[OpenedPortal], Awaitable[Result]],
    *,
    watching: bool = False,
    within: float | None = None,
) -> Result:
    """Open the portal, within so many seconds, do `work` with it, close it. A CallboardError comes out as itself, whatever groups
    it crossed; so does the OSError of a reader of our output who is gone."""

    async def opened() -> Result:
        failed: CallboardError | OSError | None = None
        async with AsyncExitStack() as stack:
            limit = asyncio.timeout(within)
            try:
                async with limit:
                    portal = await stack.enter_async_context(wiring.open(configs, watching=watching))
            except TimeoutError:
                if not limit.expired():
                    raise
                raise Unavailable(f"Nothing was ready to be asked within {within:g} seconds.") from None
            try:
                return await work(portal)
            except (CallboardError, OSError) as error:
                failed = error
        if failed is None:
            raise AssertionError("the wiring swallowed an error")
        raise failed

    return run(opened())


def with_access(
    wiring: Wiring, configs: tuple[Path, ...], work: Callable[[AccessTools], Awaitable[Result]]
) -> Result:
    """Open the tools for who may come in, do `work` with them, close them."""

    async def opened() -> Result:
        async with wiring.access(configs) as tools:
            return await work(tools)
        raise AssertionError("the wiring swallowed an error")

    return run(opened())
