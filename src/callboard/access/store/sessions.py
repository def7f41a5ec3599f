"""Sessions of browsers, on SQLite or PostgreSQL."""

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import Row, delete, func, insert, select, update

from callboard.access.store.schema import sessions
from callboard.access.store.tokens import CHAIN
from callboard.base.database import Database, migrate, to_its_end

__all__ = ["KeptSession", "SessionStore"]

_AT_ONCE = 500
"""Values of one query: databases bound them."""


class KeptSession(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one: everything but what its cookie holds, of which `digest` is the SHA-256, in hexadecimal.

    `id` is a name to speak of it; `place` the listener that began it, `host` the secret name of that listener; `kind` and
    `subject` those of its Caller.
    """

    digest: str
    id: str
    place: str
    host: str
    kind: str
    subject: str
    began: datetime
    seen: datetime
    """When it was last used, a minute more or less."""
    ends: datetime
    """At the latest."""
    way: str = ""
    """By which way they signed in; "" for a link."""
    issuer: str = ""
    account: str = ""
    claims: str = "{}"
    """JSON."""
    sealed: str = ""
    """What the way keeps, encrypted."""
    confirm: datetime | None = None
    """When the issuer has to be asked again."""
    asked: datetime | None = None
    """When a server last began to ask it."""


class SessionStore:
    """Reads and writes; the database is the owner's to close. What a method cannot do raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self) -> None:
        """Make or update the tables."""
        await migrate(self._database, CHAIN)

    @to_its_end
    async def all(self, most: int, place: str = "") -> tuple[KeptSession, ...]:
        """At most so many, those that began last first; of one place, or of all."""
        query = select(sessions).order_by(sessions.c.began.desc()).limit(most)
        if place:
            query = query.where(sessions.c.place == place)
        async with self._database.reading() as connection:
            return tuple(_kept(row) for row in await connection.execute(query))

    @to_its_end
    async def find(
        self, who: str, *, now: datetime, seen_after: datetime, offset: int, limit: int
    ) -> tuple[KeptSession, ...]:
        """Those that go on and were used since, whose owner has `who` in their name, the newest first."""
        query = select(sessions).where(
            sessions.c.began <= now, sessions.c.ends > now, sessions.c.seen >= seen_after
        )
        if who:
            query = query.where(func.lower(sessions.c.subject).contains(who.lower(), autoescape=True))
        query = query.order_by(sessions.c.began.desc(), sessions.c.digest).limit(limit).offset(offset)
        async with self._database.reading() as connection:
            return tuple(_kept(row) for row in await connection.execute(query))

    @to_its_end
    async def get(self, digest: str) -> KeptSession | None:
        """One of them."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(sessions).where(sessions.c.digest == digest))).first()
            return _kept(row) if row is not None else None

    @to_its_end
    async def which(self, digests: Collection[str]) -> frozenset[str]:
        """Those of these that there are."""
        wanted, found = list(digests), set[str]()
        async with self._database.reading() as connection:
            for at in range(0, len(wanted), _AT_ONCE):
                query = select(sessions.c.digest).where(sessions.c.digest.in_(wanted[at : at + _AT_ONCE]))
                found.update(await connection.scalars(query))
        return frozenset(found)

    @to_its_end
    async def add(self, session: KeptSession, forget_before: datetime) -> None:
        """Keep one more, and forget those that ended before `forget_before`."""
        async with self._database.writing() as connection:
            await connection.execute(delete(sessions).where(sessions.c.ends < forget_before))
            await connection.execute(insert(sessions).values(**msgspec.structs.asdict(session)))

    @to_its_end
    async def see(self, digest: str, when: datetime) -> None:
        """Note that one was used."""
        async with self._database.writing() as connection:
            await connection.execute(update(sessions).where(sessions.c.digest == digest).values(seen=when))

    @to_its_end
    async def begin_to_ask(self, session: KeptSession, now: datetime) -> bool:
        """Whether it is for us to ask the issuer: False where another server has begun to since the session was read."""
        before = sessions.c.asked.is_(None) if session.asked is None else sessions.c.asked == session.asked
        query = update(sessions).where(sessions.c.digest == session.digest, before).values(asked=now)
        async with self._database.writing() as connection:
            return bool((await connection.execute(query)).rowcount)

    @to_its_end
    async def confirmed(self, session: KeptSession) -> None:
        """Keep what the issuer said now."""
        values = {name: getattr(session, name) for name in ("claims", "sealed", "confirm", "asked")}
        async with self._database.writing() as connection:
            await connection.execute(
                update(sessions).where(sessions.c.digest == session.digest).values(**values)
            )

    @to_its_end
    async def end(self, *, digest: str = "", id_: str = "", subject: str = "", all_: bool = False) -> int:
        """End the one of that digest, or of that id, those of that subject, or all; how many there were."""
        query = delete(sessions)
        if not all_:
            by = (
                sessions.c.digest == digest
                if digest
                else sessions.c.id == id_
                if id_
                else sessions.c.subject == subject
            )
            query = query.where(by)
        async with self._database.writing() as connection:
            return int((await connection.execute(query)).rowcount)


def _kept(row: Row[tuple[object, ...]]) -> KeptSession:
    return KeptSession(**row._mapping)
