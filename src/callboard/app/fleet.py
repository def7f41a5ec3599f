"""The fleet in force, and its replacement when the configuration changes."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from callboard.app.configuration import Configuration
from callboard.app.listening import Listens, settings_for
from callboard.app.managing import declared_of, off_of
from callboard.app.metrics import Metrics
from callboard.app.plugins import Extension, Plugins, asked
from callboard.app.rules import rules_of
from callboard.app.services import offers_of, services_of
from callboard.base.clock import Clock
from callboard.base.errors import CallboardError
from callboard.base.part_calls import CALLS
from callboard.base.settings import RouteSettings, Settings
from callboard.diagnosis.rules.registry import ORDINARY
from callboard.extend.parts import EntityReader
from callboard.fleet.asking.breaker import Breakers
from callboard.fleet.hub.hub import Hub
from callboard.fleet.plugin import FleetPlugin
from callboard.fleet.wiring.registry import Registry
from callboard.fleet.wiring.wiring import WiredFleet, wire
from callboard.host.beside.services import ServicesBeside
from callboard.host.contexts import Contexts
from callboard.host.declared import DECLARED
from callboard.host.expressions.pool import ExpressionPool
from callboard.host.routes import ExtensionRoutes
from callboard.kube.connection.connection import Connections
from callboard.kube.reads.fetcher import DirectFetcher
from callboard.kube.reads.proxy import DirectProxy
from callboard.model.caller import Caller
from callboard.web.rendering import template_problem

__all__ = ["FleetInForce"]

CHECKING = 2.0
"""Seconds the sources of clusters are waited for before a configuration is put to use: what they say is only told."""
ENDING = 10.0
"""Seconds a fleet lives on when another is in force, for what was asked of it before."""

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
        entities: EntityReader,
        metrics: Metrics,
        clock: Clock,
        listens: Listens,
        contexts: Contexts | None = None,
        routes: ExtensionRoutes | None = None,
        beside: ServicesBeside | None = None,
        expressions: ExpressionPool | None = None,
    ) -> None:
        self._expressions = expressions or ExpressionPool()
        self._beside = beside
        self._contexts = contexts
        self._routes = routes
        self._listens = listens
        self._extensions: tuple[Extension, ...] = ()
        self._connections = connections
        self._hub = hub
        self._entities = entities
        self._metrics = metrics
        self._clock = clock
        self._fleet: WiredFleet | None = None
        self._plugins = Plugins(())
        self._ending: set[asyncio.Task[None]] = set()
        self._settings = Settings()
        self._configuration: Configuration | None = None
        self._changing = asyncio.Lock()
        self._off: frozenset[str] = frozenset()
        self._kept: tuple[RouteSettings, ...] = ()
        self.folder: Path | None = None
        """Where extensions were found beside those installed."""
        self.left_out: tuple[str, ...] = ()
        """What of the routes that were kept is not served, a sentence each."""
        self.declared = 0
        """How many declared routes there are."""
        self.rules = ORDINARY
        """The rules of diagnosis in force."""
        self._breakers = Breakers(
            lambda cluster: self._settings.callboard.clusters.limits_of(cluster).breaker, clock
        )

    @property
    def current(self) -> WiredFleet:
        """The fleet. Must not be asked for before the first `put_to_use`."""
        assert self._fleet is not None  # noqa: S101 - the application puts one to use before it serves
        return self._fleet

    def extend(self, extensions: Sequence[Extension]) -> None:
        """Further extensions, from the next configuration on. Each was asked once for what it offers."""
        self._extensions = tuple(extensions)

    async def aclose(self) -> None:
        """End the fleet in force, and those that are still ending."""
        for task in self._ending:
            task.cancel()
        if self._ending:
            await asyncio.wait(self._ending)
        if self._fleet is not None:
            await self._fleet.close()
        if self._beside is not None:
            await self._beside.close()
        await self._expressions.aclose()

    @property
    def plugins(self) -> Plugins:
        """All extensions, as wired last."""
        return self._plugins

    @property
    def extensions(self) -> tuple[Extension, ...]:
        """Those that were found, those that are off among them."""
        return self._extensions

    @property
    def kept(self) -> tuple[RouteSettings, ...]:
        """Declared routes beside the configuration's."""
        return self._kept

    @property
    def settings(self) -> Settings:
        """Of the configuration in force."""
        return self._settings

    def without(self, off: frozenset[str], kept: Sequence[RouteSettings]) -> None:
        """From the next configuration on: extensions that are off, and declared routes beside the configuration's."""
        self._off, self._kept = off, tuple(kept)

    async def switch(self, off: frozenset[str], kept: Sequence[RouteSettings]) -> None:
        """The same at once. Raises as `put_to_use`, and then all stays."""
        before = self._off, self._kept
        self.without(off, kept)
        if self._configuration is None:
            return
        try:
            await self.put_to_use(self._configuration)
        except CallboardError:
            self._off, self._kept = before
            raise

    async def put_to_use(self, configuration: Configuration) -> None:
        """Replace the fleet. Raises BadInput, BadInputs or Conflict, and then the old one stays."""
        async with self._changing:
            await self._put_to_use(configuration)
            self._configuration = configuration

    async def _put_to_use(self, configuration: Configuration) -> None:
        settings = settings_for(configuration.settings, self._listens)
        if self._contexts is not None:
            self._contexts.checked(settings.callboard.extensions.settings)
        off = off_of(settings, self._off)
        declared, left_out = await declared_of(
            settings, () if DECLARED in off else self._kept, self._expressions
        )
        services = services_of(settings, self._beside, [e.name for e in self._extensions])
        rules = rules_of(settings)
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
        plugins = Plugins(
            (
                asked("callboard.fleet", built_in),
                *(each for each in self._extensions if each.name not in off),
                *(offers_of(each) for name, each in services.items() if name not in off),
            ),
            template_problem=template_problem,
            contexts=self._contexts,
            sections=settings.callboard.extensions.settings.keys() - off,
        )
        fleet = await asyncio.to_thread(
            wire,
            Registry.of(plugins),
            settings,
            clock=self._clock,
            entities=self._entities,
            base_dir=str(configuration.directory),
        )
        await fleet.start()
        try:
            async with asyncio.timeout(CHECKING):
                notices = await fleet.check(Caller.callboard())
        except TimeoutError:
            notices = []
            _log.warning(
                "not all sources of clusters have answered yet; which clusters there are is told when they do"
            )
        for notice in notices:
            _log.warning(
                notice.message, code=notice.code, **({"cluster": notice.cluster} if notice.cluster else {})
            )
        if self._contexts is not None:
            self._contexts.use(settings.callboard.extensions.settings)
        CALLS.watch(settings.callboard.extensions.watched)
        before = self._fleet
        self._fleet, self._plugins, self._settings, self.rules = fleet, plugins, settings, rules
        if self._routes is not None:
            served = () if DECLARED in off else declared
            self.left_out, self.declared = left_out, len(declared)
            for gone in self._routes.use(
                [*((route, False) for route in plugins.routes()), *((route, True) for route in served)]
            ):
                await gone.close()
        if self._beside is not None:
            await self._beside.use(services)
        if before is not None:
            ending = asyncio.get_running_loop().create_task(_ended(before), name="end the fleet before")
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)


async def _ended(fleet: WiredFleet) -> None:
    try:
        await asyncio.sleep(ENDING)
    finally:
        await fleet.close()
