"""A wiring whose portal answers with views that a test made: for output and exit codes, which are functions of the view."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from callboard.app.locations import leading_nowhere
from callboard.base.errors import CallboardError, NotFound, UsageError
from callboard.base.secret import Secret
from callboard.base.settings import Settings
from callboard.cli.wiring import (
    AccessTools,
    DemoOptions,
    OpenedPortal,
    ServeOptions,
    SessionDocument,
    SimulateOptions,
    StoreTables,
    TokenDocument,
    WiredCheck,
)
from callboard.extend.pages import Card, Tab
from callboard.extend.parts import Supplied
from callboard.model.audit import AuditFilter, AuditPage
from callboard.model.caller import Caller
from callboard.model.cluster import Cluster
from callboard.model.entity import EntityRef
from callboard.model.finding import Finding
from callboard.model.permission import Action
from callboard.model.snapshot import Notice, ServiceSnapshot
from callboard.portal.administration.administration import Administration
from callboard.portal.arranging.arrangement import arrange
from callboard.portal.logs.buffer import LogBuffer
from callboard.portal.logs.filtering import LogFilter
from callboard.portal.operations import FleetCheck
from callboard.portal.protocol import LogFollow, LogQuery, ServicesQuery
from callboard.portal.views import (
    ClusterAccess,
    CrashesView,
    CrashLog,
    HelpView,
    KubernetesView,
    LogView,
    ObjectKey,
    ObjectView,
    OutwardLinks,
    PoliciesView,
    ReaderView,
    ServicesView,
    ServiceView,
)

__all__ = ["StubOperations", "StubPortal", "StubWiring"]


class StubPortal:
    """One service, `component:default/web`, whose snapshots come one after the other, `pause` seconds apart; then it hangs
    or ends."""

    def __init__(
        self,
        *snapshots: ServiceSnapshot,
        hang: bool = False,
        pause: float = 0.0,
        error: CallboardError | None = None,
        services: ServicesView | None = None,
        service: ServiceView | None = None,
    ) -> None:
        self.views = tuple(arrange(s) for s in snapshots)
        self.hang = hang
        self.pause = pause
        self.error = error
        self.listed = services
        self.described = service
        self.queries: list[ServicesQuery] = []
        self.callers: list[Caller] = []
        self.waits: list[float] = []
        self.closed = 0

    async def services(self, query: ServicesQuery, caller: Caller) -> ServicesView:
        self.queries.append(query)
        self.callers.append(caller)
        assert self.listed is not None
        return self.listed

    async def services_live(self, query: ServicesQuery, caller: Caller) -> AsyncGenerator[ServicesView, None]:
        yield await self.services(query, caller)

    async def service(self, ref: EntityRef, caller: Caller) -> ServiceView:
        self._known(ref)
        self.callers.append(caller)
        assert self.described is not None
        return self.described

    async def kubernetes(self, ref: EntityRef, caller: Caller) -> AsyncGenerator[KubernetesView, None]:
        self._known(ref)
        self.callers.append(caller)
        try:
            for view in self.views:
                yield view
                await asyncio.sleep(self.pause)
            if self.hang:
                await asyncio.Event().wait()
        finally:
            self.closed += 1

    async def kubernetes_settled(self, ref: EntityRef, caller: Caller, *, within: float) -> KubernetesView:
        self._known(ref)
        self.waits.append(within)
        self.callers.append(caller)
        return self.views[-1]

    async def object(self, ref: EntityRef, key: ObjectKey, caller: Caller) -> ObjectView:
        raise NotFound("This portal has no objects.")

    async def object_live(
        self, ref: EntityRef, key: ObjectKey, caller: Caller
    ) -> AsyncGenerator[ObjectView, None]:
        yield await self.object(ref, key, caller)

    async def log(self, ref: EntityRef, key: ObjectKey, query: LogQuery, caller: Caller) -> LogView:
        raise NotFound("This portal has no logs.")

    @property
    def administration(self) -> Administration:
        raise NotFound("There is nothing to look after here.")

    async def star(self, ref: EntityRef, caller: Caller, *, starred: bool) -> None:
        raise NotFound("There are no stars here.")

    def reader(self, caller: Caller) -> ReaderView:
        return ReaderView(name="Anna", subject=caller.subject, kind=caller.kind.value)

    async def reach(self, caller: Caller) -> ReaderView:
        return self.reader(caller)

    def looks_after(self, caller: Caller) -> frozenset[Action]:
        return frozenset()

    async def log_live(
        self, ref: EntityRef, key: ObjectKey, query: LogQuery, cursors: Mapping[str, str], caller: Caller
    ) -> AsyncGenerator[LogFollow, None]:
        await self.log(ref, key, query, caller)
        yield LogBuffer(LogFilter())

    async def audit(self, wanted: AuditFilter, caller: Caller) -> AuditPage:
        raise NotImplementedError

    async def policies(self, asked: Mapping[str, str], caller: Caller) -> PoliciesView:
        raise NotImplementedError

    async def crash(
        self, ref: EntityRef, key: ObjectKey, container: str, caller: Caller, *, previous: bool = True
    ) -> CrashLog:
        raise NotFound("This portal has no logs.")

    async def crashes(self, ref: EntityRef, caller: Caller, *, most: int) -> CrashesView:
        raise NotFound("This portal has no logs.")

    async def connect(self, ref: EntityRef, cluster: str, namespace: str, caller: Caller) -> ClusterAccess:
        raise NotFound("This portal has no clusters.")

    def outward(self) -> OutwardLinks:
        return OutwardLinks()

    async def help(self, ref: EntityRef, finding: Finding, caller: Caller) -> HelpView:
        raise NotFound("This portal has no help.")

    def tabs(self) -> tuple[Tab, ...]:
        return ()

    def cards(self) -> tuple[Card, ...]:
        return ()

    def _known(self, ref: EntityRef) -> None:
        if self.error is not None:
            raise self.error
        if str(ref) != "component:default/web":
            raise NotFound(f"There is no entity {ref}.", code="no-such-entity")


class StubOperations:
    """Clusters that a test made up."""

    def __init__(self, clusters: Sequence[Cluster] = (), notices: Sequence[Notice] = ()) -> None:
        self._supplied = Supplied(tuple(clusters), tuple(notices))

    async def clusters(self, caller: Caller) -> Supplied:
        return self._supplied

    async def check(
        self, caller: Caller, *, namespaces: Sequence[str] = (), only: frozenset[str] = frozenset()
    ) -> FleetCheck:
        return FleetCheck((), self._supplied)


class StubAccess:
    """Nobody may come in: what is made and ended is tried with a database."""

    async def make_token(
        self, service: str, may: tuple[str, ...], until: datetime
    ) -> tuple[TokenDocument, Secret]:
        raise UsageError("No token is made here.")

    async def tokens(self) -> tuple[TokenDocument, ...]:
        return ()

    async def revoke_token(self, id_: str) -> None:
        raise NotFound("There is none.")

    async def sessions(self) -> tuple[SessionDocument, ...]:
        return ()

    async def end_session(self, id_: str) -> None:
        raise NotFound("There is none.")

    async def end_all_sessions(self) -> int:
        return 0


class StubWiring:
    """Opens the given portal as the composition root does: inside a task group, so that errors come out as groups."""

    def __init__(self, portal: StubPortal | None = None, operations: StubOperations | None = None) -> None:
        self._portal = portal or StubPortal()
        self._operations = operations or StubOperations()
        self.started: list[ServeOptions | DemoOptions | SimulateOptions] = []
        self.raises: BaseException | None = None
        self.opened: list[tuple[Path, ...]] = []
        self.never_opens = False

    def leading_nowhere(self, settings: Settings) -> Mapping[str, str]:
        return leading_nowhere(settings.catalog, Path.cwd())

    def config_files(self, configs: tuple[Path, ...]) -> tuple[Path, ...]:
        return configs

    async def wired_check(self, configs: tuple[Path, ...]) -> WiredCheck:
        return WiredCheck()

    @asynccontextmanager
    async def open(self, configs: tuple[Path, ...], *, watching: bool = False) -> AsyncIterator[OpenedPortal]:
        self.opened.append(configs)
        async with asyncio.TaskGroup():
            if self.raises is not None:
                raise self.raises
            if self.never_opens:
                await asyncio.Event().wait()
            yield OpenedPortal(self._portal, self._operations)

    async def tables(
        self, configs: tuple[Path, ...], *, forward: bool = False, back: str = ""
    ) -> tuple[StoreTables, ...]:
        self.opened.append(configs)
        return ()

    @asynccontextmanager
    async def access(self, configs: tuple[Path, ...]) -> AsyncIterator[AccessTools]:
        if self.raises is not None:
            raise self.raises
        yield StubAccess()

    async def serve(self, options: ServeOptions) -> None:
        self._start(options)

    async def demo(self, options: DemoOptions) -> None:
        self._start(options)

    async def simulate(self, options: SimulateOptions) -> None:
        self._start(options)

    def _start(self, options: ServeOptions | DemoOptions | SimulateOptions) -> None:
        self.started.append(options)
        if self.raises is not None:
            raise self.raises
