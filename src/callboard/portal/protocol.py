"""What a portal can do for a face."""

from collections.abc import AsyncGenerator, Mapping
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from callboard.extend.pages import Card, Tab
from callboard.model.audit import AuditFilter, AuditPage
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.model.finding import Finding
from callboard.model.permission import Action
from callboard.model.verdict import Health
from callboard.portal.administration.administration import Administration
from callboard.portal.views import (
    ClusterAccess,
    CrashesView,
    CrashLog,
    HelpView,
    KubernetesView,
    LogNews,
    LogView,
    ObjectKey,
    ObjectView,
    OutwardLinks,
    PoliciesView,
    ReaderView,
    ServicesView,
    ServiceView,
)

__all__ = [
    "ALL_CONTAINERS",
    "SINCE",
    "ListGrouping",
    "ListOrder",
    "LogFollow",
    "LogQuery",
    "Portal",
    "ServicesQuery",
]


class ListOrder(StrEnum):
    """How the list of services is sorted; the values stand in addresses."""

    USUAL = ""
    """Trouble first for whoever may see everything, where healths are kept current, and for everybody else in a list of up to a
    hundred, by what they see; else by name, without a word of it. What is somebody's own stands before the rest."""
    TROUBLE = "health"
    """Trouble first; where that cannot be, `ServicesView.refused` says why."""
    NAME = "name"


class ListGrouping(StrEnum):
    """How the list of services is grouped; the values stand in addresses. By cluster and environment only for callers who may
    see everything: else `ServicesView.refused`. In groups, what is somebody's own does not stand first."""

    NONE = ""
    OWNER = "owner"
    SYSTEM = "system"
    ENVIRONMENT = "environment"
    CLUSTER = "cluster"


class ServicesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What the list of services shows. Several values of one filter are alternatives; filters are joined by and."""

    text: str = ""
    kind: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    lifecycle: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    health: tuple[Health, ...] = ()
    """As it is known now, or was last. Like `cluster` and `environment` for callers who may see everything: else
    `ServicesView.refused`."""
    cluster: tuple[str, ...] = ()
    """Where something of it is, by the cluster's name."""
    environment: tuple[str, ...] = ()
    """The same by what the labels of clusters say."""
    mine: bool = False
    """What the caller or a group of theirs owns, alone."""
    starred: bool = False
    """What the caller has starred, alone."""
    order: ListOrder = ListOrder.NAME
    group: ListGrouping = ListGrouping.NONE
    offset: int = 0
    limit: int = 50


ALL_CONTAINERS: Final = "*"
"""In place of a container's name; none can be called so."""


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which log, and what of it. `container` "" is the first of a pod, and all of those of a workload; ALL_CONTAINERS are all.
    `tail_lines` at most 10,000; `previous` asks for the run before the last restart.

    `since` is one of SINCE, or a moment as RFC 3339 has it. `text` is looked for, as a pattern with `pattern`; `level` is the
    least that is shown. `line` names one line (`at~hash`), around which the log is read. `as_written`: lines of JSON are not
    taken apart.
    """

    container: str = ""
    previous: bool = False
    tail_lines: int = 1000
    since: str = ""
    text: str = ""
    pattern: bool = False
    level: str = ""
    line: str = ""
    as_written: bool = False


SINCE: Final[Mapping[str, float]] = {"5m": 300.0, "15m": 900.0, "1h": 3600.0, "6h": 21_600.0, "1d": 86_400.0}
"""Since when, by the words that stand in addresses; in seconds."""


class LogFollow(Protocol):
    """A log that somebody follows."""

    @property
    def settled(self) -> bool:
        """Whether something has come, or nothing for so long that none may be waiting."""
        ...

    def take(self) -> LogNews:
        """What has come since the last time, at most a bounded amount."""
        ...


class Portal(Protocol):
    """The road's entrance. Every method takes the caller; each raises NotFound for what is not there *for this caller*,
    UsageError for what cannot be understood, NotAllowed for what is not granted."""

    async def services(self, query: ServicesQuery, caller: Caller) -> ServicesView:
        """One page of the list."""
        ...

    def services_live(self, query: ServicesQuery, caller: Caller) -> AsyncGenerator[ServicesView, None]:
        """The page of the list, and again whenever it reads otherwise than before, until the generator is closed. Where
        nothing is kept current, it ends with the first."""
        ...

    async def service(self, ref: EntityRef, caller: Caller) -> ServiceView:
        """What the catalog says about one service."""
        ...

    def kubernetes(self, ref: EntityRef, caller: Caller) -> AsyncGenerator[KubernetesView, None]:
        """The Kubernetes tab as its clusters answer: the first view at once with what is known, the last settled. A
        `live` view is followed by another after each change, settled or not, until the generator is closed.
        Closing the generator cancels the asking."""
        ...

    async def kubernetes_settled(self, ref: EntityRef, caller: Caller, *, within: float) -> KubernetesView:
        """The newest view when settled, or after `within` seconds, whichever is first; then the asking is cancelled."""
        ...

    async def object(self, ref: EntityRef, key: ObjectKey, caller: Caller) -> ObjectView:
        """One object of the service."""
        ...

    def object_live(self, ref: EntityRef, key: ObjectKey, caller: Caller) -> AsyncGenerator[ObjectView, None]:
        """The object, and again whenever something of it changes, until the generator is closed; that it is gone is the last that
        comes. Where nothing is listened to, it ends with the first."""
        ...

    async def log(self, ref: EntityRef, key: ObjectKey, query: LogQuery, caller: Caller) -> LogView:
        """A container's log. A cluster's refusal is a LogView with `failure`, not an error."""
        ...

    def log_live(
        self, ref: EntityRef, key: ObjectKey, query: LogQuery, cursors: Mapping[str, str], caller: Caller
    ) -> AsyncGenerator[LogFollow, None]:
        """The log as it goes on from where a view or the news before ended, by source; given again whenever there is something to
        take, until the generator is closed, the containers are gone, or the caller may not read it any more (NotAllowed).
        Raises Unavailable for whoever follows too many."""
        ...

    async def crash(
        self, ref: EntityRef, key: ObjectKey, container: str, caller: Caller, *, previous: bool = True
    ) -> CrashLog:
        """The end of the log of a container's last run that is over, or of the present one, and what it tells. A cluster's
        refusal is a CrashLog with `failure`, not an error."""
        ...

    async def star(self, ref: EntityRef, caller: Caller, *, starred: bool) -> None:
        """Star an entity that the caller may read, or star it no longer."""
        ...

    def reader(self, caller: Caller) -> ReaderView:
        """Who somebody is, for every page they read; without what they may."""
        ...

    async def reach(self, caller: Caller) -> ReaderView:
        """The same, with what they may do to the services that they see."""
        ...

    def looks_after(self, caller: Caller) -> frozenset[Action]:
        """What of looking after Callboard a caller may do, by what is known; nothing for most."""
        ...

    async def crashes(self, ref: EntityRef, caller: Caller, *, most: int) -> CrashesView:
        """The last crash of each container of a service, of which the newest `most` are read. What this caller may read no logs
        of is there without its lines, and says why."""
        ...

    @property
    def administration(self) -> Administration:
        """What whoever looks after Callboard reads and does; each method asks first. Raises NotFound where nobody does."""
        ...

    async def connect(self, ref: EntityRef, cluster: str, namespace: str, caller: Caller) -> ClusterAccess:
        """How somebody who may see a service reaches a cluster of it with kubectl, never with a credential."""
        ...

    def outward(self) -> OutwardLinks:
        """Where pages lead to outside Callboard, as it is configured now."""
        ...

    async def audit(self, wanted: AuditFilter, caller: Caller) -> AuditPage:
        """One page of the record of who did what. Raises Unavailable while it cannot be read."""
        ...

    async def policies(self, asked: Mapping[str, str], caller: Caller) -> PoliciesView:
        """The policies in force; where `who` is asked, whether they may do `action` to `what` (and `cluster`, `namespace`,
        `type`)."""
        ...

    async def help(self, ref: EntityRef, finding: Finding, caller: Caller) -> HelpView:
        """What somebody who helps with a finding of this service would look at first. For whom logs are not to be read it has
        none; what is not there any more is told in its place."""
        ...

    def tabs(self) -> tuple[Tab, ...]:
        """The tabs of a service's page in their order: Overview, Kubernetes and those of extensions, all registered alike."""
        ...

    def cards(self) -> tuple[Card, ...]:
        """The cards of the Overview tab, in order."""
        ...
