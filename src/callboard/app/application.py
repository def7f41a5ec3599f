"""One wired application: catalog, fleet, portal and history, with the tasks that keep them up to date."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypedDict

import structlog

from callboard.access.audit import AuditTrail
from callboard.access.identity_tokens import IdentityTokens
from callboard.access.policies.another import AnotherEngine
from callboard.access.reviews import Reviews
from callboard.access.sessions_list import SessionsList
from callboard.access.stars import Stars
from callboard.access.store import AuditStore, SessionStore, StarStore, TokenStore
from callboard.access.tokens import ServiceTokens
from callboard.access.visibility import Visibility
from callboard.app.administering import ClustersAsTheyStand
from callboard.app.configuration import Configuration, extension_folder, read_configuration
from callboard.app.fleet import FleetInForce
from callboard.app.installed import installed
from callboard.app.judged import judged_by
from callboard.app.listening import Listens
from callboard.app.managing import ExtensionsInForce, off_of
from callboard.app.metrics import Metrics
from callboard.app.plugins import Extension, asked
from callboard.app.policies import PoliciesInForce, engine_of
from callboard.app.restarts import waiting_for_a_restart
from callboard.app.services import identity_tokens_of
from callboard.app.sign_in import SignInInForce
from callboard.app.tables import opened
from callboard.base.clock import Clock, SystemClock
from callboard.base.config import watch
from callboard.base.database import MEMORY, Database, open_database
from callboard.base.errors import CallboardError
from callboard.base.part_calls import CALLS
from callboard.base.settings import HttpsSettings, LoggingSettings, OutboundSettings, Settings
from callboard.base.tasks import keep_running
from callboard.catalog.catalog import Catalog
from callboard.catalog.sources.hosting import git_hosts
from callboard.catalog.sources.http import HttpFetch
from callboard.catalog.store import CopiedStore, Store
from callboard.diagnosis.engine import turns
from callboard.diagnosis.rules.well import owners_if_well
from callboard.extend.parts import ObjectsProvider
from callboard.fleet.hub.checkpoint.checkpoints import Checkpoints
from callboard.fleet.hub.checkpoint.files import Files
from callboard.fleet.hub.figures import figures
from callboard.fleet.hub.hub import Hub
from callboard.fleet.hub.streams.watching import ConnectionsWatcher
from callboard.history.store import VerdictStore
from callboard.history.verdicts import Verdicts
from callboard.host.beside.services import ServicesBeside
from callboard.host.contexts import Contexts
from callboard.host.entities import LentEntities
from callboard.host.expressions.pool import ExpressionPool
from callboard.host.managing.manager import ExtensionManager
from callboard.host.routes import ExtensionRoutes
from callboard.host.stalls import StallWatch
from callboard.host.store import KeptStore
from callboard.kube.connection.connection import Connection, Connections
from callboard.kube.limits import Limits
from callboard.model.caller import Caller
from callboard.outbound import Outbound
from callboard.portal.administration.administration import Administration
from callboard.portal.administration.coming_in import ComingIn
from callboard.portal.administration.guard import AdminGuard
from callboard.portal.administration.setup import SetUp
from callboard.portal.asking.class_views import ClassViews
from callboard.portal.asking.feeds import SnapshotFeeds
from callboard.portal.asking.kubernetes import KubernetesRoad
from callboard.portal.asking.observing import Observing
from callboard.portal.health.board import HealthBoard
from callboard.portal.health.sweep import periodic_sweep
from callboard.portal.listing.pinned import Pinned
from callboard.portal.listing.readable import ReadableCatalog
from callboard.portal.listing.services import ServicesRoad
from callboard.portal.operations import FleetOperations
from callboard.portal.permissions import Permissions
from callboard.portal.portal import CallboardPortal
from callboard.portal.questions import Questions
from callboard.web.plugin import Pages

__all__ = ["Application", "open_application"]

SWITCHES = 10.0
"""Seconds between two looks at what other servers have switched."""

_log = structlog.get_logger(__name__)


class Application:
    """What the servers and commands stand on. Made by `open_application`."""

    def __init__(
        self,
        *,
        configuration: Configuration,
        portal: CallboardPortal,
        operations: FleetOperations,
        catalog: Catalog,
        outbound: Outbound,
        fleet: FleetInForce,
        verdicts: Verdicts,
        board: HealthBoard,
        metrics: Metrics,
        class_views: ClassViews,
        visibility: Visibility,
        policies: PoliciesInForce,
        trail: AuditTrail,
        clock: Clock,
        database: Database,
        tokens: ServiceTokens,
        sessions: SessionsList,
        sign_in: SignInInForce,
        extensions: ExtensionRoutes,
        identity_tokens: IdentityTokens,
        extension_manager: ExtensionManager,
        managed: ExtensionsInForce,
        stalls: StallWatch,
    ) -> None:
        self.extension_manager = extension_manager
        self._managed = managed
        self.stalls = stalls
        self.identity_tokens = identity_tokens
        self.extensions = extensions
        self.database = database
        self.sign_in = sign_in
        self.tokens = tokens
        self.sessions = sessions
        self.configuration = configuration
        self._started = configuration.settings
        self._logging = configuration.settings.callboard.logging
        self.relog: Callable[[LoggingSettings], None] | None = None
        """Called with other settings for the log when they change; None where the log is not ours to set."""
        self.recertify: Callable[[HttpsSettings], None] | None = None
        """Called with another certificate to serve with; raises BadInput for one that cannot be used."""
        self.portal = portal
        self.operations = operations
        self.catalog = catalog
        self.outbound = outbound
        self.fleet = fleet
        self.verdicts = verdicts
        self.board = board
        self.metrics = metrics
        self.class_views = class_views
        self.visibility = visibility
        self.policies = policies
        self.trail = trail
        self.clock = clock

    async def keep_up(self) -> None:
        """Follow the files of configuration and catalog until cancelled."""
        interval = self.configuration.settings.callboard.watch_interval
        async with asyncio.TaskGroup() as group:
            for name, work in (
                ("database", self.database.run),
                ("catalog", self.catalog.run),
                ("verdicts", self.verdicts.run),
                ("board", self.board.run),
                ("people", self.sign_in.keep_up),
                ("configuration", self._reload),
                ("what policies decide by", self.policies.run),
                ("audit", self.trail.run),
                ("policies", partial(self.policies.keeper.run, interval)),
                *((("switches", self._follow_switches),) if self.database.on_server else ()),
            ):
                group.create_task(keep_running(name, work), name=name)
            every = self.configuration.settings.callboard.look_around
            if every is not None:
                around = partial(periodic_sweep, self.portal, every, self.board.follows)
                group.create_task(keep_running("look-around", around))

    async def _follow_switches(self) -> None:
        """What other servers on the same database have switched."""
        while True:
            await asyncio.sleep(SWITCHES)
            await self.extension_manager.follow()

    async def _reload(self) -> None:
        """A valid change replaces clusters, credentials and catalog locations; an invalid one is told and the old stays."""
        interval = self.configuration.settings.callboard.watch_interval
        stamps = self.configuration.loaded.sources
        async for changed in watch(
            lambda: [*self.configuration.paths, *(s.path for s in self.configuration.loaded.sources)],
            interval,
            known=stamps,
        ):
            names = sorted(str(p) for p in changed)
            try:
                await self._put_to_use(
                    read_configuration(self.configuration.paths, os.environ, self.configuration.directory)
                )
            except CallboardError as error:
                _log.error(
                    "a changed configuration cannot be used; the one before stays in force",
                    files=names,
                    error=error.message,
                )
            else:
                self._told(names)

    def _told(self, names: list[str]) -> None:
        """That a changed configuration is in force, and what of it is not."""
        settings = self.configuration.settings
        if settings.callboard.logging != self._logging:
            self._logging = settings.callboard.logging
            if self.relog is not None:
                self.relog(self._logging)
        waiting = waiting_for_a_restart(self._started, settings)
        if waiting:
            _log.warning(
                "a changed configuration is in force, but for keys that are read at the start only: restart Callboard for them",
                files=names,
                keys=list(waiting),
            )
        else:
            _log.info("a changed configuration is in force", files=names)

    def engine_of(self, settings: Settings) -> AnotherEngine | None:
        """The engine that is asked beside the policies, made anew. Raises BadInput."""
        return engine_of(
            settings.callboard.access.policies,
            self.fleet.plugins.offered("callboard_decide"),
            clock=self.clock,
            catalog=self.catalog,
            directory=self.configuration.directory,
        )

    async def _put_to_use(self, configuration: Configuration) -> None:
        policies = await self.policies.keeper.read(configuration.settings.callboard.access.policies)
        settings, before = configuration.settings, self.configuration.settings
        same = settings.callboard.access.policies.engine == before.callboard.access.policies.engine
        another = None if same else self.engine_of(settings)
        await self._managed.load(settings, self.extension_manager.off)
        await self.fleet.put_to_use(configuration)
        if not same:
            await self.policies.use_engine(another)
        if settings.callboard.access.policies != before.callboard.access.policies:
            self.policies.keeper.put(policies)
        if settings.callboard.outbound != before.callboard.outbound:
            await self.outbound.use(**_way_out(settings.callboard.outbound))
        if _catalog_part(settings) != _catalog_part(before):
            fetch = _fetch(configuration, self.outbound)
            await self.catalog.reconfigure(
                settings.catalog, fetch, settings.callboard.catalog, configuration.assumed_catalog
            )
        self.sign_in.put_to_use(settings, self.fleet.plugins)
        https = settings.backend.https
        if self.recertify is not None and https is not None and https != before.backend.https:
            self.recertify(https)
        self.configuration = configuration


@asynccontextmanager
async def open_application(
    named: Sequence[Path],
    *,
    directory: Path | None = None,
    clock: Clock | None = None,
    persist: bool = True,
    listens: Listens = Listens.FLEET,
    extensions_of: Callable[[Contexts], Sequence[Extension]] | None = None,
) -> AsyncIterator[Application]:
    """Read the configuration, wire everything, read the catalog once. Raises BadInputs, BadInput or Conflict before anything
    is started. `persist` False keeps everything in memory: a command must not write beside what it looks at. `extensions_of`
    gives extensions in the place of those that are installed."""
    clock = clock or SystemClock()
    configuration = read_configuration(named, os.environ, directory or Path.cwd())
    settings = configuration.settings
    database = opened(settings) if persist else open_database(MEMORY)
    copy = open_database(MEMORY) if database.on_server else None
    checkpoints = None
    if persist:
        files = Files(Path(settings.callboard.data_directory) / "hub")
        checkpoints = Checkpoints(files, settings.callboard.checkpoint, clock, judged=judged_by())
    metrics = Metrics()
    metrics.read_database(lambda: database.away is None)
    try:
        store = Store(database) if copy is None else CopiedStore(database, copy)
        await store.start()
        verdicts = Verdicts(VerdictStore(database), clock)
        await verdicts.start()
        held_tokens = TokenStore(database)
        await held_tokens.start()
        outbound = Outbound(**_way_out(settings.callboard.outbound))
        catalog = Catalog(
            settings.catalog,
            store,
            directory=configuration.directory,
            fetch=_fetch(configuration, outbound),
            reading=settings.callboard.catalog,
            assumed=configuration.assumed_catalog,
            look_interval=settings.callboard.watch_interval,
            clock=clock,
        )
        app: Application

        def limits_of(cluster: str) -> Limits:
            return Limits.of(app.configuration.settings.callboard.clusters.limits_of(cluster))

        async with (
            outbound,
            Connections(limits_of, clock=clock, well=owners_if_well) as connections,
            Hub(
                ConnectionsWatcher(connections),
                clock,
                observer=metrics,
                checkpoints=checkpoints,
                steps=connections.steps,
                well=owners_if_well,
                revisit=lambda part: turns(part, fleet.rules),
            ) as hub,
        ):
            metrics.read_hub(partial(figures, hub))
            questions: Questions | None = None
            contexts = Contexts(
                clock=clock,
                outbound=lambda: outbound,
                questions=lambda: questions,
                sections=settings.callboard.extensions.settings,
            )
            extensions = ExtensionRoutes(contexts, lambda: questions)
            identity_tokens = identity_tokens_of(settings, clock)
            expressions = ExpressionPool()
            fleet = FleetInForce(
                connections=connections,
                hub=hub,
                entities=LentEntities(lambda ref, caller: readable.entity(ref, caller)),
                metrics=metrics,
                clock=clock,
                listens=listens,
                contexts=contexts,
                routes=extensions,
                beside=ServicesBeside(identity_tokens, lambda: questions),
                expressions=expressions,
            )

            managed = ExtensionsInForce(lambda: fleet, contexts)

            async def way(cluster: str) -> Connection:
                return connections.to(*await fleet.current.way(cluster, Caller.callboard()))

            async with (
                AsyncExitStack() as ending,
                aclosing(fleet),
                SnapshotFeeds(lambda: fleet.current.provider, clock) as feeds,
                Reviews(
                    way,
                    lambda name: app.configuration.settings.callboard.clusters.limits_of(name).soft_deadline,
                ) as reviews,
            ):
                policies = PoliciesInForce(
                    catalog,
                    lambda: fleet.current.parts.clusters.clusters(Caller.callboard()),
                    lambda: app.configuration.settings.callboard.access.policies,
                    configuration.directory,
                )
                ending.push_async_callback(policies.close)
                await policies.keeper.use(settings.callboard.access.policies)
                engine = policies.engine
                visibility = Visibility(
                    lambda: app.configuration.settings.callboard, reviews, engine.decide, engine
                )

                def to_follow() -> ObjectsProvider | None:
                    followed = app.configuration.settings.callboard.follow_services
                    return fleet.current.provider if followed else None

                board = HealthBoard(
                    provider=to_follow,
                    catalog=catalog,
                    verdicts=verdicts,
                    visibility=visibility,
                    clock=clock,
                    rules=lambda: fleet.rules,
                )
                class_views = ClassViews(rules=lambda: fleet.rules)
                trail = AuditTrail(
                    clock,
                    AuditStore(database) if persist else None,
                    lambda: app.configuration.settings.callboard.access.audit.keep,
                )

                def contact() -> str:
                    return app.configuration.settings.callboard.access.contact

                permissions = Permissions(
                    engine.decide,
                    prepare=policies.prepare,
                    knows=policies.knows,
                    reach=policies.reach,
                    contact=contact,
                    record=trail.record,
                    answered=engine.answered,
                )
                readable = ReadableCatalog(catalog, engine)
                services = ServicesRoad(
                    readable,
                    verdicts,
                    visibility,
                    board,
                    Pinned(
                        readable,
                        Stars(clock, StarStore(database) if persist else None),
                        policies.groups_of,
                    ),
                )
                kubernetes = KubernetesRoad(
                    feeds=feeds,
                    fleet=lambda: fleet.current,
                    visibility=visibility,
                    class_views=class_views,
                    clock=clock,
                    limits_of=limits_of,
                    contact=contact,
                )
                questions = Questions(
                    services=services,
                    observing=Observing(kubernetes, lambda: fleet.current, visibility, class_views),
                    fleet=lambda: fleet.current,
                    visibility=visibility,
                    limits_of=limits_of,
                    permissions=permissions,
                )
                tokens = ServiceTokens(held_tokens, clock)

                def idle() -> timedelta:
                    return timedelta(seconds=app.configuration.settings.callboard.auth.session_idle)

                sessions = SessionsList(SessionStore(database), clock, idle)
                portal = CallboardPortal(
                    services=services,
                    kubernetes=kubernetes,
                    verdicts=verdicts,
                    tabs=lambda: fleet.plugins.tabs(),
                    cards=lambda: fleet.plugins.cards(),
                    permissions=permissions,
                    administration=Administration(
                        permissions,
                        policies,
                        trail.find,
                        coming_in=ComingIn(
                            AdminGuard(permissions), sessions, tokens, clock, policies.may_to_all
                        ),
                        setup=SetUp(
                            AdminGuard(permissions),
                            ClustersAsTheyStand(
                                fleet,
                                hub,
                                metrics,
                                lambda: app.configuration.settings.callboard.clusters,
                            ),
                            lambda: app.configuration.loaded,
                        ),
                    ),
                    settings=lambda: app.configuration.settings.callboard,
                )
                stalls = StallWatch(managed.whose)
                extension_manager = ExtensionManager(
                    managed,
                    KeptStore(database),
                    permissions,
                    stalls,
                    clock,
                    contexts=contexts,
                    questions=lambda: questions,
                    expressions=expressions,
                )
                await extension_manager.start()
                fleet.without(extension_manager.off, extension_manager.routes)
                leave = off_of(settings, extension_manager.off)
                CALLS.watch(settings.callboard.extensions.watched)
                fleet.folder = extension_folder(configuration)
                fleet.extend(
                    (
                        asked("callboard.web", Pages(portal)),
                        *await (
                            asyncio.to_thread(extensions_of, contexts)
                            if extensions_of
                            else asyncio.to_thread(installed, contexts, leave, fleet.folder)
                        ),
                    )
                )
                app = Application(
                    configuration=configuration,
                    portal=portal,
                    operations=FleetOperations(
                        lambda: fleet.current,
                        connections=connections,
                        settings=lambda: app.configuration.settings,
                        decide=engine.decide,
                    ),
                    catalog=catalog,
                    outbound=outbound,
                    fleet=fleet,
                    verdicts=verdicts,
                    board=board,
                    metrics=metrics,
                    class_views=class_views,
                    visibility=visibility,
                    policies=policies,
                    trail=trail,
                    clock=clock,
                    database=database,
                    tokens=tokens,
                    sessions=sessions,
                    sign_in=SignInInForce(
                        outbound=outbound,
                        catalog=catalog,
                        clock=clock,
                        directory=str(configuration.directory),
                    ),
                    extensions=extensions,
                    identity_tokens=identity_tokens,
                    extension_manager=extension_manager,
                    managed=managed,
                    stalls=stalls,
                )
                await fleet.put_to_use(configuration)
                await policies.use_engine(app.engine_of(settings))
                await catalog.refresh()
                yield app
    finally:
        await database.close()
        if copy is not None:
            await copy.close()


def _catalog_part(settings: Settings) -> tuple[object, ...]:
    return (settings.catalog, settings.backend.reading, settings.integrations, settings.callboard.catalog)


class _WayOut(TypedDict):
    proxy: str | None
    ca_file: str


def _way_out(settings: OutboundSettings) -> _WayOut:
    proxy = settings.proxy.reveal() if settings.proxy is not None else None
    return {"proxy": proxy, "ca_file": settings.ca_file or ""}


def _fetch(configuration: Configuration, outbound: Outbound) -> HttpFetch:
    settings = configuration.settings
    return HttpFetch(
        outbound,
        settings.backend.reading.allow,
        deadline=settings.callboard.catalog.url_deadline,
        max_bytes=settings.callboard.catalog.max_file_bytes,
        hosts=git_hosts(settings.integrations),
    )
