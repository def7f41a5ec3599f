"""Who did what, on SQLite or PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Row, and_, delete, insert, select

from callboard.access.store.schema import audit
from callboard.base.database import Database, to_its_end
from callboard.model.audit import AuditDeed, AuditEvent, AuditFilter, AuditOutcome

__all__ = ["AuditStore"]

BATCH = 500
_LENGTHS = {
    "who": 300,
    "kind": 16,
    "through": 100,
    "action": 64,
    "what": 600,
    "code": 64,
    "request": 64,
    "address": 64,
}
_LAST = chr(0x10FFFF)


class AuditStore:
    """Adds and reads; the database and its tables are the owner's. What a method cannot do raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @to_its_end
    async def add(self, events: Sequence[AuditEvent]) -> None:
        """Keep these, in their order."""
        async with self._database.writing() as connection:
            for start in range(0, len(events), BATCH):
                await connection.execute(insert(audit), [_row(e) for e in events[start : start + BATCH]])

    @to_its_end
    async def find(self, wanted: AuditFilter) -> tuple[AuditEvent, ...]:
        """At most `limit` of those that were asked for, the newest first."""
        query = select(audit).where(*_conditions(wanted)).order_by(audit.c.number.desc()).limit(wanted.limit)
        async with self._database.reading() as connection:
            return tuple(_event(row) for row in await connection.execute(query))

    @to_its_end
    async def forget(self, before: datetime) -> int:
        """Remove what is older; how many there were."""
        async with self._database.writing() as connection:
            return int((await connection.execute(delete(audit).where(audit.c.at < before))).rowcount)


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.deed is not None:
        found.append(audit.c.deed == wanted.deed.value)
    if wanted.outcome is not None:
        found.append(audit.c.outcome == wanted.outcome.value)
    for column, prefix in ((audit.c.who, wanted.who), (audit.c.what, wanted.what)):
        if prefix:
            found.append(and_(column >= prefix, column < prefix + _LAST))
    if wanted.since is not None:
        found.append(audit.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(audit.c.at < wanted.until)
    if wanted.before:
        found.append(audit.c.number < wanted.before)
    return found


def _row(event: AuditEvent) -> dict[str, object]:
    row: dict[str, object] = msgspec.structs.asdict(event)
    del row["number"]
    for name, most in _LENGTHS.items():
        row[name] = str(row[name])[:most]
    return {**row, "deed": event.deed.value, "outcome": event.outcome.value}


def _event(row: Row[tuple[object, ...]]) -> AuditEvent:
    values = dict(row._mapping)
    return AuditEvent(
        **{**values, "deed": AuditDeed(values["deed"]), "outcome": AuditOutcome(values["outcome"])}
    )
