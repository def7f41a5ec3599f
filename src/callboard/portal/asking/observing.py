"""One service's objects with what they mean, for a caller: the form that extensions are given."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import NamedTuple

from callboard.access.visibility import Visibility
from callboard.access.visible import visible
from callboard.base.errors import NotFound
from callboard.extend.asking import Observed
from callboard.fleet.wiring.wiring import WiredFleet
from callboard.model.caller import Caller
from callboard.model.entity import Entity
from callboard.model.grants import Grants
from callboard.model.snapshot import ServiceSnapshot
from callboard.portal.asking.class_views import ClassView, ClassViews
from callboard.portal.asking.kubernetes import KubernetesRoad
from callboard.portal.views import KubernetesView

__all__ = ["Observing"]


class _Known(NamedTuple):
    """A snapshot, what may be seen of it, and whether waiting longer would tell more."""

    snapshot: ServiceSnapshot
    grants: Grants
    settled: bool


class Observing:
    """Follows services on all their clusters, or on one."""

    def __init__(
        self,
        road: KubernetesRoad,
        fleet: Callable[[], WiredFleet],
        visibility: Visibility,
        class_views: ClassViews,
    ) -> None:
        self._road = road
        self._fleet = fleet
        self._visibility = visibility
        self._class_views = class_views

    async def changes(
        self, entity: Entity, caller: Caller, *, cluster: str = ""
    ) -> AsyncGenerator[Observed, None]:
        """What may be seen of the objects, and what it means, as it comes. Of one `cluster`, that one alone is asked; raises
        NotFound where the service has no such cluster for this caller."""
        known = self._on_one(entity, caller, cluster) if cluster else self._on_all(entity, caller)
        sights: dict[Grants, ClassView] = {}
        shown: KubernetesView | None = None
        told_settled = False
        async with aclosing(known):
            async for snapshot, grants, settled in known:
                if grants not in sights:
                    sights = {grants: ClassView(self._class_views, grants)}
                view = await sights[grants].newest(partial(_itself, snapshot))
                if cluster and settled and not view.clusters:
                    raise NotFound(f"{entity.ref} has no cluster called {cluster}.", code="no-such-cluster")
                if view is shown and settled == told_settled:
                    continue
                shown, told_settled = view, settled
                yield Observed(snapshot=visible(snapshot, grants), verdict=view.verdict, settled=settled)

    async def _on_all(self, entity: Entity, caller: Caller) -> AsyncGenerator[_Known, None]:
        async with aclosing(self._road.snapshots(entity, caller)) as snapshots:
            async for each in snapshots:
                yield _Known(each.snapshot, each.grants, each.settled)

    async def _on_one(self, entity: Entity, caller: Caller, cluster: str) -> AsyncGenerator[_Known, None]:
        asking = self._fleet().provider.objects(entity, caller, only=frozenset({cluster}))
        async with aclosing(asking) as snapshots:
            async for snapshot in snapshots:
                grants = await self._visibility.decided(snapshot, caller)
                yield _Known(snapshot, grants, snapshot.settled)


def _itself(snapshot: ServiceSnapshot) -> ServiceSnapshot:
    return snapshot
