"""Opening every service once in a while, so that the list tells a health that nobody had to ask for."""

import asyncio
from collections.abc import AsyncIterator, Callable

import structlog

from callboard.base.errors import CallboardError
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.portal.protocol import Portal, ServicesQuery

__all__ = ["periodic_sweep"]

PAGE = 100
PATIENCE = 10.0
"""Seconds a service may take; what has not answered by then is told as such."""
PAUSE = 0.05
"""Seconds between two services: a round takes turns with the people who look."""

_log = structlog.get_logger(__name__)


async def periodic_sweep(
    portal: Portal, every: float, current: Callable[[EntityRef], bool] = lambda _: False
) -> None:
    """Open every Component that is not `current` anyway, one after the other, again `every` seconds after the last; until
    cancelled.

    It looks as Callboard itself, whose verdicts are remembered for callers who may see everything.
    """
    caller = Caller.callboard()
    while True:
        async for ref in _components(portal, caller):
            if current(ref):
                continue
            try:
                await portal.kubernetes_settled(ref, caller, within=PATIENCE)
            except CallboardError as error:
                _log.debug("not-looked-at", entity=str(ref), error=error.message)
            await asyncio.sleep(PAUSE)
        await asyncio.sleep(every)


async def _components(portal: Portal, caller: Caller) -> AsyncIterator[EntityRef]:
    offset = 0
    while True:
        view = await portal.services(ServicesQuery(kind=("component",), offset=offset, limit=PAGE), caller)
        for row in view.rows:
            yield row.ref
        offset += PAGE
        if offset >= view.total:
            return
