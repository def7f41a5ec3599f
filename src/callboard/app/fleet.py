"""The fleet in force, and its replacement when the configuration changes."""

from collections.abc import Sequence

import structlog

from callboard.app.configuration import Configuration
from callboard.app.listening import Listens, settings_for
from callboard.app.metrics import Metrics
from callboard.app.plugins import Plugins
from callboard.base.clock import Clock
from callboard.base.settings import Settings
from callboard.catalog.catalog import Catalog
from callboard.fleet.breaker import Breakers
from callboard.fleet.hub.hub import Hub
from callboard.fleet.plugin import FleetPlugin
from callboard.fleet.registry import Registry
from callboard.fleet.wiring import Fleet, wire
from callboard.kube.connection import Connections
from callboard.kube.fetcher import DirectFetcher
from callboard.kube.proxy import DirectProxy
from callboard.model.caller import Caller

__all__ = ["FleetInForce"]

_log = structlog.get_logger(__name__)


class FleetInForce:
    """Holds the one wired fleet and the extensions it was made of, ours before the others.

    A configuration is put to use only when every part of it could be made and checked.
    """

    def __init__(
        self,
        *,
        connections: Connections,
        hub: Hub,
        catalog: Catalog,
        metrics: Metrics,
        clock: Clock,
        listens: Listens,
    ) -> None:
        self._listens = listens
        self._extensions: tuple[tuple[str, object], ...] = ()
        self._connections = connections
        self._hub = hub
        self._catalog = catalog
        self._metrics = metrics
        self._clock = clock
        self._fleet: Fleet | None = None
        self._plugins = Plugins(self._extensions)
        self._settings = Settings()
        self._breakers = Breakers(
            lambda cluster: self._settings.callboard.clusters.limits_of(cluster).breaker, clock
        )

    @property
    def current(self) -> Fleet:
        """The fleet. Must not be asked for before the first `put_to_use`."""
        assert self._fleet is not None  # noqa: S101 - the application puts one to use before it serves
        return self._fleet

    def extend(self, extensions: Sequence[tuple[str, object]]) -> None:
        """Further extensions, from the next configuration on."""
        self._extensions = tuple(extensions)

    @property
    def plugins(self) -> Plugins:
        """All extensions, as wired last."""
        return self._plugins

    async def put_to_use(self, configuration: Configuration) -> None:
        """Replace the fleet. Raises BadInput, BadInputs or Conflict, and then the old one stays."""
        settings = settings_for(configuration.settings, self._listens)
        built_in = FleetPlugin(
            settings,
            fetcher=DirectFetcher(self._connections),
            proxy=DirectProxy(self._connections),
            clock=self._clock,
            observer=self._metrics,
            hub=self._hub,
            breakers=self._breakers,
            clock_offset=self._connections.clock_offset,
        )
        plugins = Plugins((("callboard.fleet", built_in), *self._extensions))
        fleet = wire(
            Registry.of(plugins),
            settings,
            clock=self._clock,
            entities=self._catalog,
            base_dir=str(configuration.directory),
        )
        for notice in await fleet.check(Caller.callboard()):
            _log.warning(
                notice.message, code=notice.code, **({"cluster": notice.cluster} if notice.cluster else {})
            )
        self._fleet, self._plugins, self._settings = fleet, plugins, settings
