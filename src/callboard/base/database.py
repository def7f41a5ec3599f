"""Opening a database and bringing its tables up to date, for whoever keeps a store.

Statements belong to the stores. What differs between SQLite and PostgreSQL when a connection is opened stands here.
"""

import asyncio
import secrets
import sqlite3
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import AsyncAdaptedQueuePool, Connection, column, event, inspect, select, table
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

__all__ = ["migrate", "open_sqlite", "to_its_end"]

P = ParamSpec("P")
T = TypeVar("T")

BUSY_MILLISECONDS = 10_000
"""How long a writer waits for another one: well above our longest transaction, one batch of rows."""


def open_sqlite(file: str) -> AsyncEngine:
    """An engine on an SQLite file (its directory is made, mode 0700) or on `:memory:`. Whoever opens it disposes of it."""
    if file == ":memory:":
        engine = _in_memory()
    else:
        Path(file).absolute().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Errors are logged; values are not.
        engine = create_async_engine(URL.create("sqlite+aiosqlite", database=file), hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode = WAL")  # readers go on while a writer writes
        cursor.execute(
            "PRAGMA synchronous = NORMAL"
        )  # safe with WAL; a power cut may cost the last transaction
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    return engine


def _in_memory() -> AsyncEngine:
    """A database of this process alone, of one name for all its connections.

    One connection stays open until the engine is disposed of: with the last of them the database would go, and a query given
    up halfway closes its own. See https://www.sqlite.org/src/file/src/memdb.c
    """
    name = f"file:/callboard-{secrets.token_hex(8)}?vfs=memdb"
    kept = sqlite3.connect(name, uri=True, check_same_thread=False)
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{name}&uri=true", poolclass=AsyncAdaptedQueuePool, hide_parameters=True
    )

    @event.listens_for(engine.sync_engine, "engine_disposed")
    def close(_engine: object) -> None:
        kept.close()

    return engine


def to_its_end(query: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """A query that goes on when whoever wants it is cancelled; only then they are.

    What is given up in the middle costs its connection. SQLite keeps that, and what it has locked, until the last statement of
    it is finalized, which nobody does any more: see https://www.sqlite.org/c3ref/close.html.
    """

    @wraps(query)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.ensure_future(query(*args, **kwargs))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            while not task.done():
                try:
                    await asyncio.wait([task])
                except asyncio.CancelledError:
                    continue  # told already
            if not task.cancelled():
                task.exception()  # nobody is there to be told
            raise

    return run


async def migrate(engine: AsyncEngine, scripts: Path, *, version_table: str, newest: str) -> None:
    """Bring the tables of one store to their newest version. `scripts` is its Alembic directory and `newest` the last of its
    revisions; each store has a version table of its own, so that several share a database.

    Alembic is imported where there is something to do: nearly every start finds its tables as they should be.
    """

    def upgrade(connection: Connection) -> None:
        if _version(connection, version_table) != newest:
            from callboard.base.migration import upgrade_tables

            upgrade_tables(connection, scripts, version_table)

    async with engine.begin() as connection:
        await connection.run_sync(upgrade)


def _version(connection: Connection, version_table: str) -> str | None:
    if not inspect(connection).has_table(version_table):
        return None
    version: str | None = connection.scalar(select(column("version_num")).select_from(table(version_table)))
    return version
