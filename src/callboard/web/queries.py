"""Query strings into the portal's queries. Foreign text in, a query or a UsageError that names the parameter out."""

import re
from typing import Final

from starlette.datastructures import QueryParams

from callboard.base.errors import UsageError
from callboard.http.queries import bounded, number, shown, values
from callboard.model.entity import EntityRef
from callboard.model.verdict import Health
from callboard.portal.protocol import ListGrouping, ListOrder, ServicesQuery
from callboard.portal.views import ObjectKey
from callboard.web.list_links import FILTERS, PAGE_SIZE
from callboard.web.urls import CLUSTER_SCOPED, from_segment

__all__ = ["entity_ref", "object_key", "services_query"]

ENTITY_PART = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")


def services_query(params: QueryParams) -> ServicesQuery:
    """What `/catalog?…` asks for. Unknown parameters are left alone: links from elsewhere carry their own."""
    return ServicesQuery(
        text=bounded("q", params.get("q", "")).strip(),
        health=tuple(dict.fromkeys(_health(v) for v in params.getlist("health") if v)),
        mine=params.get("mine", "") == "1",
        starred=params.get("starred", "") == "1",
        order=_order(params.get("sort", "")),
        group=_group(params.get("group", "")),
        offset=number(params, "offset", usual=0, least=0, most=1_000_000),
        limit=PAGE_SIZE,
        **{key: values(params, key) for key in FILTERS},
    )


def entity_ref(params: dict[str, str]) -> EntityRef:
    """The entity that a path names."""
    for part in ("namespace", "kind", "name"):
        if not ENTITY_PART.fullmatch(params[part]):
            raise UsageError(
                f"{shown(params[part])} cannot be the {part} of a catalog entity. "
                "An entity's address is /catalog/namespace/kind/name, for example /catalog/default/component/dice-roller."
            )
    return EntityRef.of(params["kind"], params["namespace"], params["name"])


def object_key(params: dict[str, str]) -> ObjectKey:
    """The object that a path names below its entity."""
    namespace = from_segment(params["object_namespace"])
    return ObjectKey(
        cluster=bounded("cluster", from_segment(params["cluster"])),
        type=bounded("type", from_segment(params["type"])),
        namespace="" if namespace == CLUSTER_SCOPED else bounded("namespace", namespace),
        name=bounded("name", from_segment(params["object_name"])),
    )


_OF_SERVICES: Final = {h.value: h for h in Health if h not in (Health.HELD, Health.NOT_JUDGED)}
"""What a service may be; the others are said of objects."""


def _health(value: str) -> Health:
    try:
        return _OF_SERVICES[value]
    except KeyError:
        known = ", ".join(_OF_SERVICES)
        raise UsageError(f"“health” in the address is one of {known}, not {shown(value)}.") from None


def _group(value: str) -> ListGrouping:
    try:
        return ListGrouping(value)
    except ValueError:
        known = ", ".join(g.value for g in ListGrouping if g.value)
        raise UsageError(
            f"“group” in the address is one of {known}, or left out, not {shown(value)}."
        ) from None


def _order(value: str) -> ListOrder:
    try:
        return ListOrder(value)
    except ValueError:
        raise UsageError(
            f"“sort” in the address is health (trouble first), name or left out, not {shown(value)}."
        ) from None
