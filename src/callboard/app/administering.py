"""What the admin area is lent of the application: clusters as they stand, without asking any."""

from collections.abc import Callable, Mapping

from callboard.app.fleet import FleetInForce
from callboard.app.metrics import Metrics
from callboard.base.settings import ClustersSettings
from callboard.extend.parts import Supplied
from callboard.fleet.hub.figures import ClusterFigures, figures
from callboard.fleet.hub.hub import Hub
from callboard.fleet.hub.standing import StreamStanding, standing
from callboard.model.caller import Caller

__all__ = ["ClustersAsTheyStand"]


class ClustersAsTheyStand:
    """Implements `portal.administration.setup.ClustersKnown`."""

    def __init__(
        self, fleet: FleetInForce, hub: Hub, metrics: Metrics, settings: Callable[[], ClustersSettings]
    ) -> None:
        self._fleet = fleet
        self._hub = hub
        self._metrics = metrics
        self._settings = settings

    async def supplied(self) -> Supplied:
        return await self._fleet.current.suppliers.supplied(Caller.callboard())

    def standing(self) -> Mapping[str, tuple[StreamStanding, ...]]:
        return standing(self._hub)

    def figures(self) -> Mapping[str, ClusterFigures]:
        return figures(self._hub).clusters

    def answers(self) -> Mapping[str, Mapping[str, int]]:
        return self._metrics.answers()

    def most_watches(self, cluster: str) -> int:
        return self._settings().hub_of(cluster).streams

    def decides(self, cluster: str) -> str:
        return self._settings().visibility_of(cluster)
