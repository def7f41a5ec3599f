"""Which part of the record of who did what an address asks for."""

from datetime import UTC, datetime

from starlette.datastructures import QueryParams

from callboard.base.errors import UsageError
from callboard.http.queries import bounded, number, shown
from callboard.model.audit import AuditDeed, AuditFilter, AuditOutcome

__all__ = ["MOST_EVENTS", "audit_filter"]

MOST_EVENTS = 500


def audit_filter(params: QueryParams) -> AuditFilter:
    """Of `?who=&what=&deed=&outcome=&since=&until=&before=&limit=`. Raises UsageError that names the parameter."""
    deed, outcome = params.get("deed", ""), params.get("outcome", "")
    if deed and deed not in set(AuditDeed):
        raise UsageError(f"“deed” in the address is {shown(deed)}; there are {', '.join(AuditDeed)}.")
    if outcome and outcome not in set(AuditOutcome):
        raise UsageError(
            f"“outcome” in the address is {shown(outcome)}; there are {', '.join(AuditOutcome)}."
        )
    return AuditFilter(
        deed=AuditDeed(deed) if deed else None,
        outcome=AuditOutcome(outcome) if outcome else None,
        who=bounded("who", params.get("who", "")).strip(),
        what=bounded("what", params.get("what", "")).strip(),
        since=_time(params, "since"),
        until=_time(params, "until"),
        before=number(params, "before", usual=0, least=0, most=2**31 - 1),
        limit=number(params, "limit", usual=100, least=1, most=MOST_EVENTS),
    )


def _time(params: QueryParams, key: str) -> datetime | None:
    text = bounded(key, params.get(key, "")).strip()
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"“{key}” in the address is {shown(text)}; write a day or a time as 2026-01-31 or 2026-01-31T08:00Z."
        ) from None
