"""Paths and query strings of the API. What is not understood is refused by name: a misspelt filter must not list everything."""

from collections.abc import Mapping

from starlette.datastructures import QueryParams

from callboard.base.errors import UsageError
from callboard.http.queries import bounded, number, seconds, shown, values
from callboard.model.entity import EntityRef
from callboard.portal.protocol import ServicesQuery

__all__ = ["MOST_PAGE", "entity_ref", "services_query", "wait_seconds"]

FILTERS = ("kind", "type", "owner", "lifecycle", "tag", "system")
MOST_PAGE = 500
MOST_WAIT = 60.0
USUAL_WAIT = 10.0
"""Seconds; above the soft deadline of a cluster, so that the usual answer is complete."""


def services_query(params: QueryParams) -> ServicesQuery:
    """The list's filters and page. Raises UsageError that names the parameter."""
    _known(params, (*FILTERS, "q", "offset", "limit"))
    return ServicesQuery(
        text=params.get("q", "").strip(),
        offset=number(params, "offset", usual=0, least=0, most=10_000_000),
        limit=number(params, "limit", usual=50, least=1, most=MOST_PAGE),
        kind=values(params, "kind"),
        type=values(params, "type"),
        owner=values(params, "owner"),
        lifecycle=values(params, "lifecycle"),
        tag=values(params, "tag"),
        system=values(params, "system"),
    )


def wait_seconds(params: QueryParams) -> float:
    """How long to wait for clusters, in seconds; 0 asks for what there is at once."""
    _known(params, ("wait",))
    return seconds(params, "wait", usual=USUAL_WAIT, most=MOST_WAIT)


def entity_ref(parts: Mapping[str, str]) -> EntityRef:
    """The entity that a path names, in any case."""
    return EntityRef.of(parts["kind"], parts["namespace"], parts["name"])


def _known(params: QueryParams, names: tuple[str, ...]) -> None:
    for key, value in params.multi_items():
        if key not in names:
            raise UsageError(f"There is no parameter {shown(key)} here; known are {', '.join(names)}.")
        bounded(key, value)
