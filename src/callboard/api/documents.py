"""The list of services and a service's catalog part as JSON. Entity refs are canonical strings; times are RFC 3339 in UTC."""

from datetime import datetime

import msgspec

from callboard.model.entity import Entity
from callboard.model.finding import Impact
from callboard.model.verdict import Health
from callboard.portal.views import RelatedEntity, ServiceRow, ServicesView, ServiceView

__all__ = [
    "FacetDocument",
    "RelatedDocument",
    "RelationsDocument",
    "ServiceDocument",
    "ServiceListItem",
    "ServicesDocument",
    "TallyDocument",
    "ValueDocument",
    "service_document",
    "services_document",
]


class ServiceListItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One service. `health` is the last verdict Callboard knows, from `health_as_of`; null where none was ever seen.
    `impact` is how bad it is for users (down, degraded, at-risk), null unless it is unhealthy and kept current.

    `live`: it is kept current while nobody looks. `stale_since` is then the time since when `stale_clusters` could not be
    heard, and what is told of them is what was seen last.
    """

    ref: str
    kind: str
    namespace: str
    name: str
    title: str
    description: str
    type: str
    owner: str | None
    system: str | None
    lifecycle: str
    tags: tuple[str, ...]
    broken: bool
    health: Health | None
    impact: Impact | None
    sentence: str
    health_as_of: datetime | None
    live: bool
    stale_since: datetime | None
    stale_clusters: tuple[str, ...]


class TallyDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How the services are that the filters leave and that are kept current, those of other pages included: how many of each
    health, of how many it is known, and how many there are. `earlier` of those known are as they were before Callboard
    started, and have not been looked at since."""

    known: int
    total: int
    counts: dict[Health, int]
    earlier: int


class ValueDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One value of a filter, and how many services have it."""

    value: str
    count: int
    selected: bool


class FacetDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A filter: `key` is its query parameter."""

    key: str
    title: str
    values: tuple[ValueDocument, ...]


class ServicesDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One page. `next_offset` is the next page's `offset`, null on the last one; `tally` is null where nothing is kept
    current, and for callers who may not see all that is counted."""

    services: tuple[ServiceListItem, ...]
    total: int
    offset: int
    limit: int
    next_offset: int | None
    facets: tuple[FacetDocument, ...]
    problems: tuple[str, ...]
    tally: TallyDocument | None


class RelatedDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The other end of a relation."""

    ref: str
    title: str
    exists: bool


class RelationsDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All relations of one type."""

    type: str
    title: str
    entities: tuple[RelatedDocument, ...]


class ServiceDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the catalog says: the entity as the catalog model has it, and its relations with their titles."""

    ref: str
    entity: Entity
    owners: tuple[RelatedDocument, ...]
    relations: tuple[RelationsDocument, ...]
    problems: tuple[str, ...]


def services_document(view: ServicesView) -> ServicesDocument:
    """One page of the list."""
    following = view.offset + len(view.rows)
    return ServicesDocument(
        services=tuple(_item(row) for row in view.rows),
        total=view.total,
        offset=view.offset,
        limit=view.limit,
        next_offset=following if view.rows and following < view.total else None,
        facets=tuple(
            FacetDocument(
                key=facet.key,
                title=facet.title,
                values=tuple(
                    ValueDocument(value=v.value, count=v.count, selected=v.selected) for v in facet.values
                ),
            )
            for facet in view.facets
        ),
        problems=view.problems,
        tally=TallyDocument(known=t.known, total=t.total, counts=t.counts, earlier=t.earlier)
        if (t := view.tally)
        else None,
    )


def service_document(view: ServiceView) -> ServiceDocument:
    """One service."""
    return ServiceDocument(
        ref=str(view.entity.ref),
        entity=view.entity,
        owners=tuple(_related(r) for r in view.owners),
        relations=tuple(
            RelationsDocument(type=g.type, title=g.title, entities=tuple(_related(r) for r in g.entities))
            for g in view.relations
        ),
        problems=view.problems,
    )


def _item(row: ServiceRow) -> ServiceListItem:
    return ServiceListItem(
        ref=str(row.ref),
        kind=row.kind,
        namespace=row.ref.namespace,
        name=row.ref.name,
        title=row.title,
        description=row.description,
        type=row.type,
        owner=str(row.owner) if row.owner else None,
        system=str(row.system) if row.system else None,
        lifecycle=row.lifecycle,
        tags=row.tags,
        broken=row.broken,
        health=row.health,
        impact=row.impact,
        sentence=row.sentence,
        health_as_of=row.health_as_of,
        live=row.health_live,
        stale_since=row.health_stale_since,
        stale_clusters=row.health_stale,
    )


def _related(related: RelatedEntity) -> RelatedDocument:
    return RelatedDocument(ref=str(related.ref), title=related.title, exists=related.exists)
