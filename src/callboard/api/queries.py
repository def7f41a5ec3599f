"""Paths and query strings of the API. What is not understood is refused by name: a misspelt filter must not list everything."""

import re
from collections.abc import Mapping

from starlette.datastructures import QueryParams

from callboard.base.errors import UsageError
from callboard.model.entity import EntityRef
from callboard.portal.protocol import ServicesQuery

__all__ = ["MOST_PAGE", "entity_ref", "services_query", "wait_seconds"]

FILTERS = ("kind", "type", "owner", "lifecycle", "tag", "system")
MOST_PAGE = 500
MOST_TEXT = 500
"""Characters of one parameter."""
MOST_VALUES = 50
MOST_WAIT = 60.0
USUAL_WAIT = 10.0
"""Seconds; above the soft deadline of a cluster, so that the usual answer is complete."""


def services_query(params: QueryParams) -> ServicesQuery:
    """The list's filters and page. Raises UsageError that names the parameter."""
    _known(params, (*FILTERS, "q", "offset", "limit"))
    return ServicesQuery(
        text=params.get("q", "").strip(),
        kind=_values(params, "kind"),
        type=_values(params, "type"),
        owner=_values(params, "owner"),
        lifecycle=_values(params, "lifecycle"),
        tag=_values(params, "tag"),
        system=_values(params, "system"),
        offset=_whole(params, "offset", usual=0, least=0, most=10_000_000),
        limit=_whole(params, "limit", usual=50, least=1, most=MOST_PAGE),
    )


def wait_seconds(params: QueryParams) -> float:
    """How long to wait for clusters, in seconds; 0 asks for what there is at once."""
    _known(params, ("wait",))
    given = params.get("wait", str(USUAL_WAIT))
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", given) or float(given) > MOST_WAIT:
        raise UsageError(f"wait is a number of seconds from 0 to {MOST_WAIT:g}, not {_shown(given)}.")
    return float(given)


def entity_ref(parts: Mapping[str, str]) -> EntityRef:
    """The entity that a path names, in any case."""
    return EntityRef.of(parts["kind"], parts["namespace"], parts["name"])


def _known(params: QueryParams, names: tuple[str, ...]) -> None:
    for key, value in params.multi_items():
        if key not in names:
            raise UsageError(f"There is no parameter {_shown(key)} here; known are {', '.join(names)}.")
        if len(value) > MOST_TEXT:
            raise UsageError(f"{key} is longer than {MOST_TEXT} characters.")


def _values(params: QueryParams, key: str) -> tuple[str, ...]:
    given = tuple(value for value in params.getlist(key) if value)
    if len(given) > MOST_VALUES:
        raise UsageError(f"{key} is given {len(given)} times; at most {MOST_VALUES} values are understood.")
    return given


def _whole(params: QueryParams, key: str, *, usual: int, least: int, most: int) -> int:
    given = params.get(key, str(usual))
    if not re.fullmatch(r"[0-9]{1,9}", given) or not least <= int(given) <= most:
        raise UsageError(f"{key} is a whole number from {least} to {most}, not {_shown(given)}.")
    return int(given)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:79] + "…")
