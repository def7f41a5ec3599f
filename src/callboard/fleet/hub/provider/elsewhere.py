"""Whether an open page's service runs elsewhere than it did when the page was opened."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from callboard.base.errors import CallboardError
from callboard.fleet.hub.following.following import LOOK_FOR_CLUSTERS
from callboard.model.cluster import Cluster
from callboard.model.snapshot import Notice

__all__ = ["Elsewhere"]

log = structlog.get_logger(__name__)


class Elsewhere:
    """Whether a service runs elsewhere by now, or that cannot be told any more: looked for now and then while its page is open.
    `news` is called when there is something to look at."""

    def __init__(
        self,
        look: Callable[[], Coroutine[Any, Any, tuple[list[Cluster], tuple[Notice, ...]]]],
        news: Callable[[], None],
    ) -> None:
        self._look = look
        self._news = news
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[tuple[list[Cluster], tuple[Notice, ...]] | None] | None = None

    def begin(self, group: asyncio.TaskGroup) -> None:
        """Look in a while, in a task that ends with the look."""
        self._timer = asyncio.get_running_loop().call_later(LOOK_FOR_CLUSTERS, self._due, group)

    def found(self) -> tuple[list[Cluster], tuple[Notice, ...]] | None:
        """What was found since this was called last; None for nothing."""
        done = self._looking
        if done is None or not done.done() or done.cancelled():
            return None
        self._looking = None
        return done.result()

    def end(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()

    def _due(self, group: asyncio.TaskGroup) -> None:
        self._looking = group.create_task(self._looked(), name="look where it runs")
        self._looking.add_done_callback(lambda _: self._news())
        self.begin(group)

    async def _looked(self) -> tuple[list[Cluster], tuple[Notice, ...]] | None:
        try:
            return await self._look()
        except CallboardError:
            return None  # what was known stands; whoever opens the page anew is told
        except Exception as error:
            log.error(
                "it could not be looked where a service runs by now; what was known stands", exc_info=error
            )
            return None
