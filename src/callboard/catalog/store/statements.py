"""A search as SQL: every condition is a look-up in an index. `only` are the refs of the entities that are there for whoever asks,
None for all. Pure; nothing here is of one database only."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Subquery,
    and_,
    case,
    column,
    distinct,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.sql.selectable import CompoundSelect

from callboard.base.database import among
from callboard.base.texts import Texts
from callboard.catalog.search import FACETS, SearchQuery
from callboard.catalog.store.schema import entities, relations, search, words
from callboard.model.entity import EntityRef

__all__ = ["MAX_FACET_VALUES", "facets", "page", "refs", "total"]

MAX_FACET_VALUES = 200
"""Values of one filter that are told, the most frequent first: more are not read in a list."""

KEYS = {
    "kind": "kind",
    "type": "spec.type",
    "lifecycle": "spec.lifecycle",
    "tag": "metadata.tags",
    "namespace": "metadata.namespace",
}
RELATED = {"owner": ("ownedBy", "group"), "system": ("partOf", "system")}
"""Filters by relation: its type, and the kind of a ref that names none."""

LAST = chr(0x10FFFF)


def page(query: SearchQuery, only: Texts | None = None) -> Select[str]:
    """The documents of one page."""
    statement = select(entities.c.document).where(*_conditions(query, only))
    return statement.order_by(*_order(query)).limit(query.limit).offset(query.offset)


def refs(query: SearchQuery, only: Texts | None = None) -> Select[str, str, str]:
    """Kind, namespace and name of everything on all pages, in the order of the pages."""
    kind, namespace, name = entities.c.kind, entities.c.namespace, entities.c.name
    return select(kind, namespace, name).where(*_conditions(query, only)).order_by(*_order(query))


def total(query: SearchQuery, only: Texts | None = None) -> Select[int]:
    """How many entities there are on all pages."""
    return select(func.count()).select_from(entities).where(*_conditions(query, only))


def facets(query: SearchQuery, only: Texts | None = None) -> CompoundSelect[str, str, str, int]:
    """Rows of facet, value, value as written, count; each facet counted under all filters but its own. One statement."""
    return union_all(*(_facet(query, name, only) for name in FACETS))


def _facet(query: SearchQuery, name: str, only: Texts | None) -> Select[str, str, str, int]:
    conditions = _conditions(query, only, leave_out=name)
    if name in RELATED:
        kind, target_kind = RELATED[name]
        value, original, owner_id = relations.c.target_ref, relations.c.target_ref, relations.c.entity_id
        where = [relations.c.type == kind]
        if name == "system":
            where.append(_begins(value, f"{target_kind}:"))
    else:
        value, original, owner_id = search.c.value, search.c.original_value, search.c.entity_id
        where = [search.c.key == KEYS[name], value.is_not(None)]
    if conditions:
        where.append(owner_id.in_(select(entities.c.id).where(*conditions)))
    counted: Subquery = (
        select(
            literal(name, String).label("facet"),
            value.label("value"),
            func.min(original).label("original"),
            func.count(distinct(owner_id)).label("number"),
        )
        .where(*where)
        .group_by(value)
        .order_by(column("number").desc(), value)
        .limit(MAX_FACET_VALUES)
        .subquery()
    )
    return select(counted.c.facet, counted.c.value, counted.c.original, counted.c.number)


def _conditions(query: SearchQuery, only: Texts | None, leave_out: str = "") -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [] if only is None else [among(entities.c.ref, only)]
    for term in query.terms:
        found = select(words.c.entity_id).where(_begins(words.c.word, term))
        conditions.append(entities.c.id.in_(found))
    for name in FACETS:
        values = query.values(name)
        if not values or name == leave_out:
            continue
        if name in RELATED:
            kind, target_kind = RELATED[name]
            targets = [str(EntityRef.parse(value, default_kind=target_kind)) for value in values]
            found = select(relations.c.entity_id).where(
                relations.c.type == kind, relations.c.target_ref.in_(targets)
            )
        else:
            found = select(search.c.entity_id).where(
                search.c.key == KEYS[name], search.c.value.in_([value.lower() for value in values])
            )
        conditions.append(entities.c.id.in_(found))
    return conditions


def _order(query: SearchQuery) -> list[ColumnElement[Any]]:
    by_title: list[ColumnElement[Any]] = [entities.c.sort_key, entities.c.ref]
    if query.sort == "relevance":
        for term in query.terms[:1]:
            in_name, in_title = _begins(entities.c.name_key, term), _begins(entities.c.sort_key, term)
            return [case((in_name, 0), (in_title, 1), else_=2), *by_title]
        return by_title
    if query.sort == "title":
        order = by_title
    elif query.sort == "name":
        order = [entities.c.name_key, entities.c.ref]
    else:
        order = [_sorted_by(query.sort), *by_title]
    return [part.desc() for part in order] if query.descending else order


def _sorted_by(name: str) -> ColumnElement[Any]:
    if name in RELATED:
        own = and_(relations.c.entity_id == entities.c.id, relations.c.type == RELATED[name][0])
        smallest = select(func.min(relations.c.target_ref)).where(own)
    else:
        own = and_(search.c.entity_id == entities.c.id, search.c.key == KEYS[name])
        smallest = select(func.min(search.c.value)).where(own)
    # What has no such value comes last on every database, whatever it does with nulls.
    return func.coalesce(smallest.correlate(entities).scalar_subquery(), LAST)


def _begins(text: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """Whether a text begins with `prefix`, as a range that an index serves."""
    return and_(text >= prefix, text < prefix + LAST)
