"""The portal itself: the one object the faces hold."""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Final

import msgspec

from callboard.base.errors import NotAllowed, NotFound, Unavailable
from callboard.base.gaps import is_link_template
from callboard.base.settings import CallboardSettings, LinkSettings
from callboard.extend.pages import Card, Tab
from callboard.history.verdict import LastVerdict
from callboard.history.verdicts import Verdicts
from callboard.model.audit import AuditDeed, AuditFilter, AuditPage
from callboard.model.caller import Caller
from callboard.model.entity import Entity, EntityRef
from callboard.model.finding import Finding
from callboard.model.grants import Grants
from callboard.model.permission import Action
from callboard.model.verdict import Verdict
from callboard.portal.administration.administration import Administration
from callboard.portal.asking.helping import stands_for
from callboard.portal.asking.kubernetes import KubernetesRoad
from callboard.portal.connecting import cluster_access
from callboard.portal.health.trouble_since import TroubleSince
from callboard.portal.listing.services import ServicesRoad
from callboard.portal.logs.grouping import grouped
from callboard.portal.permissions import Permissions
from callboard.portal.protocol import LogFollow, LogQuery, ServicesQuery
from callboard.portal.views import (
    ClusterAccess,
    CrashesView,
    CrashLog,
    HelpView,
    KubernetesView,
    LinkTemplate,
    LogView,
    ObjectKey,
    ObjectView,
    OutwardLinks,
    PoliciesView,
    ReaderView,
    ServicesView,
    ServiceView,
)

__all__ = ["CallboardPortal"]


NAMES_ON_RECORD: Final = 6
"""Pods that one line of the record names."""


class CallboardPortal:
    """Implements `protocol.Portal`. `tabs` and `cards` are asked for when a page is drawn, after all extensions are in. Whether a
    caller may is asked of `permissions` first, on every road here."""

    def __init__(
        self,
        *,
        services: ServicesRoad,
        kubernetes: KubernetesRoad,
        verdicts: Verdicts,
        tabs: Callable[[], tuple[Tab, ...]],
        cards: Callable[[], tuple[Card, ...]],
        permissions: Permissions | None = None,
        administration: Administration | None = None,
        settings: Callable[[], CallboardSettings] = CallboardSettings,
    ) -> None:
        self._services = services
        self._kubernetes = kubernetes
        self._verdicts = verdicts
        self._tabs = tabs
        self._cards = cards
        self._trouble_since = TroubleSince()
        self._permissions = permissions or Permissions()
        self._administration = administration
        self._settings = settings

    async def services(self, query: ServicesQuery, caller: Caller) -> ServicesView:
        """One page of the list."""
        await self._permissions.catalog(caller)
        return await self._services.list(query, caller)

    def services_live(self, query: ServicesQuery, caller: Caller) -> AsyncGenerator[ServicesView, None]:
        """The page of the list, and again whenever it reads otherwise than before, until the generator is closed. Where
        nothing is kept current, it ends with the first."""
        self._permissions.catalog_now(caller)
        return self._services.live(query, caller)

    async def service(self, ref: EntityRef, caller: Caller) -> ServiceView:
        """What the catalog says about one service."""
        await self._permissions.catalog(caller)
        return await self._services.service(ref, caller)

    async def kubernetes(self, ref: EntityRef, caller: Caller) -> AsyncGenerator[KubernetesView, None]:
        """The Kubernetes tab as its clusters answer; each settled verdict is remembered."""
        entity = await self._read(ref, caller, Action.RESOURCES_READ)
        remembered: tuple[Grants, Verdict] | None = None
        last: LastVerdict | None = None
        async with aclosing(self._kubernetes.views(entity, caller)) as views:
            async for view, grants in views:
                if (grants, view.verdict) != remembered:
                    last = await self._last(ref, view, grants, caller)
                    remembered = (grants, view.verdict) if view.settled else None
                yield self._trouble_since.told(view, last)

    async def kubernetes_settled(self, ref: EntityRef, caller: Caller, *, within: float) -> KubernetesView:
        """The newest view when settled, or after `within` seconds."""
        entity = await self._read(ref, caller, Action.RESOURCES_READ)
        view, grants = await self._kubernetes.settled(entity, caller, within=within)
        return self._trouble_since.told(view, await self._last(ref, view, grants, caller))

    async def object(self, ref: EntityRef, key: ObjectKey, caller: Caller) -> ObjectView:
        """One object of the service."""
        entity = await self._read(ref, caller, Action.RESOURCES_READ, key=key)
        view = await self._kubernetes.object(entity, key, caller)
        if view.yaml:
            self._permissions.record(AuditDeed.YAML, caller, _told(ref, key), action=Action.YAML_READ)
        return view

    async def object_live(
        self, ref: EntityRef, key: ObjectKey, caller: Caller
    ) -> AsyncGenerator[ObjectView, None]:
        """One object of the service as it changes; its YAML is on record once."""
        entity = await self._read(ref, caller, Action.RESOURCES_READ, key=key)
        told = f"{_told(ref, key)} (kept current)"
        drawers = self._kubernetes.drawers
        goes_on = drawers.goes_on(caller.identity, told)
        with drawers.opened(caller.identity, told):
            async with aclosing(self._kubernetes.object_live(entity, key, caller)) as views:
                async for view in views:
                    await self._read(ref, caller, Action.RESOURCES_READ, key=key)
                    if view.yaml and not goes_on:
                        self._permissions.record(AuditDeed.YAML, caller, told, action=Action.YAML_READ)
                        goes_on = True
                    yield view

    async def log(self, ref: EntityRef, key: ObjectKey, query: LogQuery, caller: Caller) -> LogView:
        """A container's log."""
        # the log's drawer tells of its pod as well
        entity = await self._read(ref, caller, Action.RESOURCES_READ, Action.LOGS_READ, key=key)
        told = f"{_told(ref, key)} {query.container}".rstrip()
        self._permissions.record(AuditDeed.LOG, caller, told, action=Action.LOGS_READ)
        return await self._kubernetes.log(entity, key, query, caller)

    async def log_live(
        self, ref: EntityRef, key: ObjectKey, query: LogQuery, cursors: Mapping[str, str], caller: Caller
    ) -> AsyncGenerator[LogFollow, None]:
        """The log as it goes on; on record once, however often the stream that carries it is opened anew."""

        async def allowed() -> Entity:
            return await self._read(ref, caller, Action.RESOURCES_READ, Action.LOGS_READ, key=key)

        async def again() -> None:
            await allowed()

        entity = await allowed()
        told = f"{_told(ref, key)} {query.container}".rstrip() + " (followed)"
        goes_on = self._kubernetes.follows.goes_on(caller.identity, told)
        with self._kubernetes.follows.opened(caller.identity, told):
            if not goes_on:
                self._permissions.record(AuditDeed.LOG, caller, told, action=Action.LOGS_READ)
            following = self._kubernetes.follow(entity, key, query, cursors, caller, again)
            async with aclosing(following) as views:
                async for view in views:
                    yield view

    async def crash(
        self, ref: EntityRef, key: ObjectKey, container: str, caller: Caller, *, previous: bool = True
    ) -> CrashLog:
        """The end of the log of one run of a container."""
        entity = await self._read(ref, caller, Action.RESOURCES_READ, Action.LOGS_READ, key=key)
        told = f"{_told(ref, key)} {container}"
        self._permissions.record(AuditDeed.LOG, caller, told, action=Action.LOGS_READ)
        return await self._kubernetes.crash(entity, key, container, caller, previous=previous)

    async def star(self, ref: EntityRef, caller: Caller, *, starred: bool) -> None:
        """Star an entity, or star it no longer."""
        await self._permissions.catalog(caller)
        if starred:
            await self._services.entity(ref, caller)
        await self._services.star(ref, caller, starred=starred)

    def reader(self, caller: Caller) -> ReaderView:
        """Who somebody is, for every page they read."""
        return ReaderView(
            name=caller.name or caller.subject.rpartition("/")[2] or caller.subject,
            subject=caller.subject,
            kind=caller.kind.value,
            issuer=caller.issuer,
            through=caller.through,
            groups=caller.groups,
            looks_after=bool(self.looks_after(caller)),
            contact=self._permissions.contact(),
        )

    async def reach(self, caller: Caller) -> ReaderView:
        """The same, with what they may do to the services that they see."""
        found = await self._permissions.reach(caller)
        return msgspec.structs.replace(self.reader(caller), reach=tuple(found.items()))

    def looks_after(self, caller: Caller) -> frozenset[Action]:
        """What of looking after Callboard a caller may do."""
        return self._administration.guard.may(caller) if self._administration is not None else frozenset()

    @property
    def administration(self) -> Administration:
        """What whoever looks after Callboard does."""
        return self._looked_after()

    async def crashes(self, ref: EntityRef, caller: Caller, *, most: int) -> CrashesView:
        """The last crash of each container, the newest `most` with the end of its log."""
        entity = await self._read(ref, caller, Action.RESOURCES_READ)
        found = await self._kubernetes.crashed(entity, caller)
        reading = found.runs[:most]
        refused = await self._refused_logs(entity, [run.key for run, _ in reading], caller)
        for place, names in _by_place(run.key for run, _ in reading if run.key not in refused).items():
            for start in range(0, len(names), NAMES_ON_RECORD):
                told = f"{ref} {place} {', '.join(names[start : start + NAMES_ON_RECORD])}"
                self._permissions.record(AuditDeed.LOG, caller, told, action=Action.LOGS_READ)
        logs = await self._kubernetes.crash_logs(
            entity, [each for each in reading if each[0].key not in refused], caller
        )
        logs += [
            msgspec.structs.replace(run, failure=refused[run.key]) for run, _ in reading if run.key in refused
        ]
        return CrashesView(groups=grouped(logs), older=len(found.runs) - len(reading), unheard=found.unheard)

    async def _refused_logs(
        self, entity: Entity, keys: Sequence[ObjectKey], caller: Caller
    ) -> dict[ObjectKey, str]:
        """Why a caller may read no logs of these pods, of those of which they may read none."""
        refused: dict[ObjectKey, str] = {}
        for key in dict.fromkeys(keys):
            try:
                await self._permissions.objects(caller, entity, Action.LOGS_READ, key=key)
            except NotAllowed as error:
                refused[key] = error.message
        return refused

    async def connect(self, ref: EntityRef, cluster: str, namespace: str, caller: Caller) -> ClusterAccess:
        """The commands that lead somebody into a cluster of the service."""
        await self._read(ref, caller, Action.RESOURCES_READ, key=ObjectKey(cluster, "", namespace, ""))
        found = await self._kubernetes.cluster(ref, cluster, caller)
        return cluster_access(found, namespace, self._settings().connect)

    def outward(self) -> OutwardLinks:
        """What `callboard.links` says, and nothing that is no http, https or mailto address."""
        links = self._settings().links
        consoles = (LinkTemplate(app, url) for app, url in links.consoles.items())
        return OutwardLinks(
            logs=_templates(links.logs), consoles=tuple(consoles), support=_templates(links.support)
        )

    async def audit(self, wanted: AuditFilter, caller: Caller) -> AuditPage:
        """One page of the record of who did what."""
        return await self._looked_after().audit(wanted, caller)

    async def policies(self, asked: Mapping[str, str], caller: Caller) -> PoliciesView:
        """The policies in force, and who may what by them, where that is asked."""
        return await self._looked_after().policies(asked, caller)

    def _looked_after(self) -> Administration:
        if self._administration is None:
            raise NotFound("There is nothing to look after here.")
        return self._administration

    async def help(self, ref: EntityRef, finding: Finding, caller: Caller) -> HelpView:
        """What helps with one finding."""
        key = stands_for(finding)
        placed = bool(key.cluster)  # what is nowhere has no object to be read
        entity = await self._read(ref, caller, Action.RESOURCES_READ, key=key if placed else None)
        pods = ObjectKey(key.cluster, "pods", key.namespace, "") if placed else None
        try:
            await self._permissions.objects(caller, entity, Action.LOGS_READ, key=pods)
        except NotAllowed:
            logs = False
        else:
            logs = True

        def before(read: ObjectKey) -> None:
            told = f"{_told(ref, read)} {finding.code}"
            self._permissions.record(AuditDeed.LOG, caller, told, action=Action.LOGS_READ)

        return await self._kubernetes.help(entity, finding, caller, before_log=before if logs else None)

    def tabs(self) -> tuple[Tab, ...]:
        """All tabs in their order."""
        return self._tabs()

    def cards(self) -> tuple[Card, ...]:
        """All cards in their order."""
        return self._cards()

    async def _read(
        self, ref: EntityRef, caller: Caller, *actions: Action, key: ObjectKey | None = None
    ) -> Entity:
        """The entity, for a caller who may read it and do all this to its objects, or to one of them."""
        await self._permissions.catalog(caller)
        entity = await self._services.entity(ref, caller)
        await self._permissions.objects(caller, entity, *actions, key=key)
        return entity

    async def _last(
        self, ref: EntityRef, view: KubernetesView, grants: Grants, caller: Caller
    ) -> LastVerdict | None:
        """What is remembered for callers of these grants, this view included where it is settled."""
        # What a caller's own token read is forgotten with the request; so is what was told while it was not known who may see.
        if caller.tokens or not grants.decided:
            return None
        if view.settled:
            rows = (row for part in view.clusters for row in part.freshness)
            stale = min((row.stale_since for row in rows if row.stale_since), default=None)
            return await self._verdicts.remember(ref, grants, view.verdict, as_of=stale)
        if not self._trouble_since.asked_for(view):
            return None  # a look at the disk for each view on the way is many rounds of a loop that is busy with answers
        try:
            return (await self._verdicts.last([ref], grants)).get(ref)
        except Unavailable:
            return None  # what the view says of itself stands; settled, it is tried again and told


def _told(ref: EntityRef, key: ObjectKey) -> str:
    """An object, for the record."""
    return f"{ref} {key.cluster}/{key.namespace}/{key.type}/{key.name}"


def _by_place(keys: Iterable[ObjectKey]) -> dict[str, list[str]]:
    """Names of pods by cluster and namespace, for the record."""
    found: dict[str, list[str]] = {}
    for key in dict.fromkeys(keys):
        found.setdefault(f"{key.cluster}/{key.namespace}/{key.type}", []).append(key.name)
    return found


def _templates(links: Iterable[LinkSettings]) -> tuple[LinkTemplate, ...]:
    return tuple(LinkTemplate(link.title, link.url) for link in links if is_link_template(link.url))
