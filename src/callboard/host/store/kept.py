"""Switches and routes, on SQLite or PostgreSQL."""

from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import delete, insert, select

from callboard.base.database import Chain, Database, migrate, to_its_end
from callboard.host.store.schema import routes, switches

__all__ = ["CHAIN", "KeptRoute", "KeptStore", "KeptSwitch"]

CHAIN = Chain("host", Path(__file__).parent / "migrations")
MOST = 1000


class KeptSwitch(msgspec.Struct, frozen=True):
    """An extension that is off: who switched it off, and when."""

    extension: str
    by: str
    at: datetime


class KeptRoute(msgspec.Struct, frozen=True):
    """A declared route: JSON of what would stand in the configuration, who wrote it, and when."""

    path: str
    declared: str
    by: str
    at: datetime


class KeptStore:
    """Reads and writes; the database is the owner's to close. What a method cannot do raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self) -> None:
        """Make or update the tables."""
        await migrate(self._database, CHAIN)

    @to_its_end
    async def all(self) -> tuple[tuple[KeptSwitch, ...], tuple[KeptRoute, ...]]:
        """Those that there are, in the order of their names."""
        async with self._database.reading() as connection:
            off = await connection.execute(select(switches).order_by(switches.c.extension).limit(MOST))
            found = tuple(KeptSwitch(**row._mapping) for row in off)
            written = await connection.execute(select(routes).order_by(routes.c.path).limit(MOST))
            return found, tuple(KeptRoute(**row._mapping) for row in written)

    @to_its_end
    async def off(self, switch: KeptSwitch) -> None:
        """One is switched off."""
        async with self._database.writing() as connection:
            await connection.execute(delete(switches).where(switches.c.extension == switch.extension))
            await connection.execute(insert(switches).values(**msgspec.structs.asdict(switch)))

    @to_its_end
    async def on(self, extension: str) -> None:
        """One is switched on again."""
        async with self._database.writing() as connection:
            await connection.execute(delete(switches).where(switches.c.extension == extension))

    @to_its_end
    async def keep(self, route: KeptRoute) -> None:
        """A route is written, or another in its place."""
        async with self._database.writing() as connection:
            await connection.execute(delete(routes).where(routes.c.path == route.path))
            await connection.execute(insert(routes).values(**msgspec.structs.asdict(route)))

    @to_its_end
    async def drop(self, path: str) -> None:
        """A route goes."""
        async with self._database.writing() as connection:
            await connection.execute(delete(routes).where(routes.c.path == path))
