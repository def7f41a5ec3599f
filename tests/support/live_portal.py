"""A portal whose one view changes while it is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.portal.views import ClusterPart, KubernetesView
from support.web_scenes import StubPortal, healthy, kubernetes

__all__ = ["NAMES", "LivePortal"]

NAMES = tuple(f"eu-{i:02}" for i in range(12))


class LivePortal(StubPortal):
    """A settled, live page: all callers see the same view, and a change replaces one part of it."""

    def __init__(self, *parts: ClusterPart) -> None:
        super().__init__()
        self.parts = {part.cluster.name: part for part in parts or map(healthy, NAMES)}
        self.changed = asyncio.Condition()
        self.view = self._made()
        self.watching = 0
        """Iterators of it that are open."""

    def _made(self) -> KubernetesView:
        return kubernetes(*self.parts.values(), live=True, settled=True, complete=True)

    async def change(self, part: ClusterPart) -> None:
        """One cluster is another."""
        async with self.changed:
            self.parts[part.cluster.name] = part
            self.view = self._made()
            self.changed.notify_all()

    async def kubernetes(self, ref: EntityRef, caller: Caller) -> AsyncGenerator[KubernetesView, None]:
        self._seen(caller)
        shown = None
        self.watching += 1
        try:
            while True:
                async with self.changed:
                    while self.view is shown:
                        await self.changed.wait()
                    shown = self.view
                yield shown
        finally:
            self.closed += 1
            self.watching -= 1

    async def kubernetes_settled(self, ref: EntityRef, caller: Caller, *, within: float) -> KubernetesView:
        self._seen(caller)
        return self.view
