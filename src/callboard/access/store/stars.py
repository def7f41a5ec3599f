"""Services that people have starred, on SQLite or PostgreSQL."""

from datetime import datetime

from sqlalchemy import delete, func, insert, select

from callboard.access.store.schema import stars
from callboard.base.database import Database, to_its_end

__all__ = ["StarStore"]


class StarStore:
    """Reads and writes; the tables are made with those of tokens. What a method cannot do raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @to_its_end
    async def of(self, subject: str) -> tuple[str, ...]:
        """Refs of what somebody has starred."""
        async with self._database.reading() as connection:
            return tuple(await connection.scalars(select(stars.c.ref).where(stars.c.subject == subject)))

    @to_its_end
    async def add(self, subject: str, ref: str, when: datetime, most: int) -> bool:
        """Star one; False where somebody has `most` already."""
        own = stars.c.subject == subject
        async with self._database.writing() as connection:
            if (await connection.execute(select(stars.c.ref).where(own, stars.c.ref == ref))).first():
                return True
            held = (await connection.execute(select(func.count()).select_from(stars).where(own))).scalar_one()
            if held >= most:
                return False
            await connection.execute(insert(stars).values(subject=subject, ref=ref, at=when))
            return True

    @to_its_end
    async def remove(self, subject: str, ref: str) -> None:
        """Star it no longer."""
        async with self._database.writing() as connection:
            await connection.execute(delete(stars).where(stars.c.subject == subject, stars.c.ref == ref))
