"""Last verdicts, on any database of SQLAlchemy's."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from callboard.base.database import migrate, to_its_end
from callboard.base.errors import Unavailable
from callboard.history.store.schema import NEWEST, VERSION_TABLE, verdicts
from callboard.history.verdict import LastVerdict
from callboard.model.entity import EntityRef
from callboard.model.verdict import Health

__all__ = ["VerdictStore"]

MIGRATIONS = Path(__file__).parent / "migrations"
BATCH = 400
"""Refs in one query: below the number of parameters any database takes."""


class VerdictStore:
    """Reads and writes; the engine is the owner's to dispose of."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def start(self, forget_before: datetime) -> None:
        """Make or update the tables, and drop what nobody has looked at since `forget_before`."""
        await migrate(self._engine, MIGRATIONS, version_table=VERSION_TABLE, newest=NEWEST)
        async with self._engine.begin() as connection:
            await connection.execute(delete(verdicts).where(verdicts.c.as_of < _naive(forget_before)))

    @to_its_end
    async def put(self, visibility: str, found: Sequence[LastVerdict]) -> None:
        """Replace the last verdicts on these services. Raises Unavailable when the database cannot be written."""
        try:
            await self._put(visibility, found)
        except SQLAlchemyError as error:
            raise Unavailable(f"the database cannot be written ({type(error).__name__})") from error

    async def _put(self, visibility: str, found: Sequence[LastVerdict]) -> None:
        async with self._engine.begin() as connection:
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
                            "since": _naive(v.since),
                            "as_of": _naive(v.as_of),
                        }
                        for v in batch
                    ],
                )

    @to_its_end
    async def get(self, visibility: str, refs: Sequence[EntityRef]) -> dict[EntityRef, LastVerdict]:
        """The last verdicts on these services, where there are any. Raises Unavailable when the database cannot be read."""
        try:
            return await self._get(visibility, refs)
        except SQLAlchemyError as error:
            raise Unavailable(f"the database cannot be read ({type(error).__name__})") from error

    async def _get(self, visibility: str, refs: Sequence[EntityRef]) -> dict[EntityRef, LastVerdict]:
        out: dict[EntityRef, LastVerdict] = {}
        columns = (verdicts.c.ref, verdicts.c.health, verdicts.c.sentence, verdicts.c.since, verdicts.c.as_of)
        async with self._engine.connect() as connection:
            for start in range(0, len(refs), BATCH):
                batch = [str(r) for r in refs[start : start + BATCH]]
                rows = await connection.execute(
                    select(*columns).where(verdicts.c.visibility == visibility, verdicts.c.ref.in_(batch))
                )
                for ref, health, sentence, since, as_of in rows:
                    parsed = EntityRef.parse(ref)
                    out[parsed] = LastVerdict(parsed, Health(health), sentence, _aware(since), _aware(as_of))
        return out


def _naive(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None)


def _aware(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC)
