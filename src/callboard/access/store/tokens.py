"""Tokens for services, on SQLite or PostgreSQL."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import delete, func, insert, select, update

from callboard.access.store.schema import tokens
from callboard.base.database import Chain, Database, migrate, to_its_end

__all__ = ["CHAIN", "KeptToken", "TokenStore"]

CHAIN = Chain("access", Path(__file__).parent / "migrations")


class KeptToken(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one: everything but itself. `digest` is its SHA-256, in hexadecimal."""

    id: str
    digest: str
    service: str
    may: frozenset[str]
    made: datetime
    ends: datetime
    used: datetime | None = None
    """When it was last used, a minute more or less."""
    revoked: datetime | None = None


class TokenStore:
    """Reads and writes; the database is the owner's to close. What a method cannot do raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self) -> None:
        """Make or update the tables."""
        await migrate(self._database, CHAIN)

    @to_its_end
    async def all(self, most: int) -> Mapping[str, KeptToken]:
        """Every token, by its id, those that have ended or were revoked included; at most so many, the newest first."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(tokens).order_by(tokens.c.made.desc()).limit(most))
            return {
                row.id: KeptToken(
                    id=row.id,
                    digest=row.digest,
                    service=row.service,
                    may=frozenset(row.may.split()),
                    made=row.made,
                    ends=row.ends,
                    used=row.used,
                    revoked=row.revoked,
                )
                for row in rows
            }

    @to_its_end
    async def add(self, token: KeptToken, most: int, forget_before: datetime) -> bool:
        """Keep one more, after forgetting those that ended before `forget_before`; False where there are `most` already."""
        async with self._database.writing() as connection:
            await connection.execute(delete(tokens).where(tokens.c.ends < forget_before))
            held = (await connection.execute(select(func.count()).select_from(tokens))).scalar_one()
            if held >= most:
                return False
            await connection.execute(
                insert(tokens).values(
                    id=token.id,
                    digest=token.digest,
                    service=token.service,
                    may=" ".join(sorted(token.may)),
                    made=token.made,
                    ends=token.ends,
                )
            )
            return True

    @to_its_end
    async def use(self, id_: str, when: datetime) -> None:
        """Note that one was used."""
        async with self._database.writing() as connection:
            await connection.execute(update(tokens).where(tokens.c.id == id_).values(used=when))

    @to_its_end
    async def revoke(self, id_: str, when: datetime) -> bool:
        """End one for good; False where there is none of that id, or it was revoked before."""
        async with self._database.writing() as connection:
            done = await connection.execute(
                update(tokens).where(tokens.c.id == id_, tokens.c.revoked.is_(None)).values(revoked=when)
            )
            return bool(done.rowcount)
