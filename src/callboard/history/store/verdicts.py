"""Last verdicts, on SQLite or PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, insert, select

from callboard.base.database import Chain, Database, migrate, to_its_end
from callboard.history.store.schema import verdicts
from callboard.history.verdict import LastVerdict
from callboard.model.entity import EntityRef
from callboard.model.verdict import Health

__all__ = ["CHAIN", "VerdictStore"]

CHAIN = Chain("history", Path(__file__).parent / "migrations")
BATCH = 400
"""Refs in one query: below the number of parameters any database takes."""


class VerdictStore:
    """Reads and writes; the database is the owner's to close."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self, forget_before: datetime) -> None:
        """Make or update the tables, and drop what nobody has looked at since `forget_before`."""
        await migrate(self._database, CHAIN)
        async with self._database.writing() as connection:
            await connection.execute(delete(verdicts).where(verdicts.c.as_of < forget_before))

    @to_its_end
    async def put(self, visibility: str, found: Sequence[LastVerdict]) -> None:
        """Replace the last verdicts on these services. Raises Unavailable when the database cannot be written."""
        async with self._database.writing() as connection:
            for start in range(0, len(found), BATCH):
                batch = found[start : start + BATCH]
                refs = [str(v.ref) for v in batch]
                await connection.execute(
                    delete(verdicts).where(verdicts.c.visibility == visibility, verdicts.c.ref.in_(refs))
                )
                await connection.execute(
                    insert(verdicts),
                    [
                        {
                            "ref": str(v.ref),
                            "visibility": visibility,
                            "health": v.health.value,
                            "sentence": v.sentence,
                            "since": v.since,
                            "as_of": v.as_of,
                        }
                        for v in batch
                    ],
                )

    @to_its_end
    async def get(self, visibility: str, refs: Sequence[EntityRef]) -> dict[EntityRef, LastVerdict]:
        """The last verdicts on these services, where there are any. Raises Unavailable when the database cannot be read."""
        out: dict[EntityRef, LastVerdict] = {}
        columns = (verdicts.c.ref, verdicts.c.health, verdicts.c.sentence, verdicts.c.since, verdicts.c.as_of)
        async with self._database.reading() as connection:
            for start in range(0, len(refs), BATCH):
                batch = [str(r) for r in refs[start : start + BATCH]]
                rows = await connection.execute(
                    select(*columns).where(verdicts.c.visibility == visibility, verdicts.c.ref.in_(batch))
                )
                for ref, health, sentence, since, as_of in rows:
                    parsed = EntityRef.parse(ref)
                    out[parsed] = LastVerdict(parsed, Health(health), sentence, since, as_of)
        return out
