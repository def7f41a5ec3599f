"""The list of services, and what the catalog says about one."""

from datetime import datetime

import msgspec

from callboard.model.entity import Entity, EntityRef
from callboard.model.finding import Impact
from callboard.model.verdict import Health

__all__ = [
    "Count",
    "Facet",
    "HealthTally",
    "RelatedEntity",
    "RelationGroup",
    "ServiceHealth",
    "ServiceRow",
    "ServiceView",
    "ServicesView",
]


class Count(msgspec.Struct, frozen=True):
    """One value of a facet and how many services have it."""

    value: str
    count: int
    selected: bool = False


class Facet(msgspec.Struct, frozen=True):
    """One filter of the list: `key` is its query parameter (`kind`, `type`, `owner`, `lifecycle`, `tag`, `system`; `environment`
    and `cluster` for callers who may see everything)."""

    key: str
    title: str
    values: tuple[Count, ...]


class ServiceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One entity of the list. `verdict` is the last one known to Callboard, with its age; None where none was ever seen."""

    ref: EntityRef
    title: str
    kind: str
    description: str = ""
    type: str = ""
    owner: EntityRef | None = None
    system: EntityRef | None = None
    lifecycle: str = ""
    tags: tuple[str, ...] = ()
    broken: bool = False
    """Its file broke; the last good state is shown."""
    mine: bool = False
    """It is the reader's own, or a group's of theirs."""
    starred: bool | None = None
    """Whether they have starred it; None where stars of theirs are not kept."""
    runs: bool = False
    """It says that it runs on Kubernetes (one of the annotations is there), so that a health is to be expected."""
    health: Health | None = None
    impact: Impact | None = None
    """How bad it is for users, where it is known to be unhealthy by what is kept current."""
    sentence: str = ""
    health_since: datetime | None = None
    health_as_of: datetime | None = None
    health_live: bool = False
    """It is kept current: the next change changes it here."""
    health_polled: bool = False
    """It is, but some of it is asked for again and again instead of listened to."""
    health_stale_since: datetime | None = None
    """Since when some of its clusters are shown as they were seen last."""
    health_stale: tuple[str, ...] = ()
    """Those clusters."""


class ServiceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How one service is, and how current that is; the fields mean what they mean in a ServiceRow. Without a health, nothing
    can be told any more."""

    ref: EntityRef
    health: Health | None = None
    impact: Impact | None = None
    sentence: str = ""
    since: datetime | None = None
    as_of: datetime | None = None
    live: bool = False
    polled: bool = False
    stale_since: datetime | None = None
    stale: tuple[str, ...] = ()


class HealthTally(msgspec.Struct, frozen=True, kw_only=True):
    """How the services are that a list finds and that are kept current, those of other pages included, whatever health is
    chosen: how many of each health, of how many it is known, and how many there are. `earlier` of those known are as they
    were before Callboard started, and have not been looked at since."""

    known: int
    total: int
    counts: dict[Health, int] = {}
    earlier: int = 0


class GroupCount(msgspec.Struct, frozen=True):
    """One group of a list: its value ("" for services that have none), how many services are in it, and how many of them are
    unhealthy, where groups are places unhealthy there; None where that is not told."""

    value: str
    count: int
    unhealthy: int | None = None


class ServicesView(msgspec.Struct, frozen=True, kw_only=True):
    """The list of services: one page of it, with the filters that led here."""

    rows: tuple[ServiceRow, ...]
    total: int
    offset: int
    limit: int
    text: str = ""
    facets: tuple[Facet, ...] = ()
    problems: tuple[str, ...] = ()
    """What is wrong with the catalog's files, one sentence each."""
    tally: HealthTally | None = None
    health: tuple[Health, ...] = ()
    """Only services of these healths are listed."""
    trouble_first: bool = False
    refused: str = ""
    """Why the list is not chosen or sorted by health although that was asked for, in one sentence."""
    live: bool = False
    """Healths are kept current: `Portal.services_live` goes on."""
    yours: bool = False
    """Whether anything can be the reader's own, or starred by them; `own` services are, whatever is asked for. `mine` and
    `starred` say that those alone are listed."""
    own: int = 0
    mine: bool = False
    starred: bool = False
    group: str = ""
    """How it is grouped; `total` counts a service in every group that it is in."""
    groups: tuple[GroupCount, ...] = ()
    """All groups of all pages, in order."""
    row_groups: tuple[str, ...] = ()
    """The group of each row, where it is grouped."""


class RelatedEntity(msgspec.Struct, frozen=True):
    """The other end of a relation; `exists` tells whether the catalog has it."""

    ref: EntityRef
    title: str
    exists: bool


class RelationGroup(msgspec.Struct, frozen=True):
    """All relations of one type. `title` is in words ("depends on", "owned by")."""

    type: str
    title: str
    entities: tuple[RelatedEntity, ...]


class ServiceView(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalog says about one service."""

    entity: Entity
    owners: tuple[RelatedEntity, ...] = ()
    relations: tuple[RelationGroup, ...] = ()
    problems: tuple[str, ...] = ()
