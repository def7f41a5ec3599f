"""Bringing the tables of one store from version to version, forward when it starts, back when an operator says so."""

import asyncio
import re
from pathlib import Path
from typing import Final

import msgspec
import structlog
from sqlalchemy import Connection, column, inspect, select, table
from sqlalchemy import text as sql

from callboard.base.database.address import SCHEMA
from callboard.base.database.database import Database
from callboard.base.database.failures import DatabaseAway
from callboard.base.errors import Conflict, UsageError

__all__ = ["Chain", "SchemaState", "migrate", "standing", "step_back"]

WAITING: Final = 60
"""Seconds to wait for another Callboard that moves the same tables, and for a server that does not answer yet."""
LOCK: Final = 0x63616C6C626F6172
"""The advisory lock under which tables are moved: "callboar", as a number."""
_FILE: Final = re.compile(r"v([0-9]{4})_\w+\.py")

_log = structlog.get_logger(__name__)


class Chain(msgspec.Struct, frozen=True):
    """The versions of one store's tables: `scripts` holds a file `vNNNN_what.py` for each."""

    name: str
    scripts: Path

    @property
    def version_table(self) -> str:
        """The table that tells at which version the others are: several stores share a database."""
        return f"{self.name}_version"

    @property
    def known(self) -> tuple[str, ...]:
        """All versions, the oldest first."""
        return tuple(sorted(m[1] for each in self.scripts.iterdir() if (m := _FILE.fullmatch(each.name))))

    @property
    def newest(self) -> str:
        """The one that the statements are written for."""
        return self.known[-1]


class SchemaState(msgspec.Struct, frozen=True):
    """At which version the tables are (None: there are none), and the newest that this Callboard knows."""

    version: str | None
    newest: str


async def migrate(database: Database, chain: Chain) -> None:
    """Bring the tables to their newest version. Of several that start at once, one does so and the others wait. Waits a minute
    for a server that does not answer yet. Raises Unavailable, and Conflict for tables that a newer Callboard made.

    Alembic is imported where there is something to do: nearly every start finds its tables as they should be.
    """
    loop = asyncio.get_running_loop()
    give_up = loop.time() + WAITING
    while True:
        try:
            await _migrate(database, chain)
        except DatabaseAway as away:
            if loop.time() > give_up or away.hopeless:
                raise
            await asyncio.sleep(1.0)
        else:
            return


async def _migrate(database: Database, chain: Chain) -> None:
    newest = chain.newest

    def upgrade(connection: Connection) -> None:
        _lock(connection)
        if _known(connection, chain) != newest:
            from callboard.base.database.scripts import move_tables

            move_tables(connection, chain.scripts, chain.version_table, "head")

    async with database.reading() as connection:
        if await connection.run_sync(_known, chain) == newest:
            return
    async with database.writing(2 * WAITING) as connection:
        await connection.run_sync(upgrade)


async def standing(database: Database, chain: Chain) -> SchemaState:
    """At which version the tables are. Raises Unavailable."""
    async with database.reading() as connection:
        return SchemaState(await connection.run_sync(_version, chain.version_table), chain.newest)


async def step_back(database: Database, chain: Chain) -> SchemaState:
    """Bring the tables back by one version, for a Callboard that does not know the newest. Raises UsageError where there is no
    version before this one, Conflict where a newer Callboard made them, Unavailable."""

    def downgrade(connection: Connection) -> None:
        _lock(connection)
        version = _known(connection, chain)
        if version is None or version == chain.known[0]:
            raise UsageError(
                f"The tables of {chain.name} have no version before this one.", code="no-version"
            )
        from callboard.base.database.scripts import move_tables

        move_tables(connection, chain.scripts, chain.version_table, "-1")

    async with database.writing(2 * WAITING) as connection:
        await connection.run_sync(downgrade)
    return await standing(database, chain)


def _lock(connection: Connection) -> None:
    """Until the end of the transaction nobody else moves tables."""
    if connection.dialect.name != "postgresql":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    connection.execute(sql(f"SET LOCAL lock_timeout = '{WAITING}s'"))
    connection.execute(sql("SET LOCAL statement_timeout = 0"))
    connection.execute(sql(f"SELECT pg_advisory_xact_lock({LOCK})"))
    encoding = connection.scalar(sql("SHOW server_encoding"))
    if encoding != "UTF8":
        raise Conflict(
            f"The database holds {encoding}, and Callboard's texts need UTF-8: make one with ENCODING 'UTF8'.",
            code="database-encoding",
        )
    if not connection.scalar(sql(f"SELECT to_regnamespace('{SCHEMA}') IS NOT NULL")):
        connection.execute(sql(f"CREATE SCHEMA {SCHEMA}"))


def _known(connection: Connection, chain: Chain) -> str | None:
    """The version, which must be one of those we know."""
    version = _version(connection, chain.version_table)
    if version is not None and version not in chain.known:
        raise Conflict(
            f"The tables of {chain.name} are at version {version}, and this Callboard knows them up to {chain.newest}: a newer "
            f"one made them. Go on with that one, or let it bring them back: callboard database back --store {chain.name}",
            code="newer-tables",
        )
    return version


def _version(connection: Connection, version_table: str) -> str | None:
    if not inspect(connection).has_table(version_table):
        return None
    version: str | None = connection.scalar(select(column("version_num")).select_from(table(version_table)))
    return version
