"""Opening an SQLite file, or a database in memory."""

import secrets
import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import AsyncAdaptedQueuePool, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from callboard.base.database.address import MEMORY
from callboard.base.own_files import hold, own_directory

__all__ = ["sqlite_engine"]

BUSY_MILLISECONDS = 10_000
"""How long a writer waits for another one: well above our longest transaction, one batch of rows."""
BESIDE: Final = ("-wal", "-shm", "-journal")
"""Files that SQLite keeps beside the database, with the same mode."""


def sqlite_engine(file: str) -> AsyncEngine:
    """An engine on an SQLite file (its directory is made, mode 0700) or on MEMORY. Raises NotOurs for a file that cannot be used
    or that others may have written."""
    if file == MEMORY:
        engine = _in_memory()
    else:
        path = Path(file)
        own_directory(path.absolute().parent)
        hold(path)
        for ending in BESIDE:
            beside = path.with_name(path.name + ending)
            if beside.exists() or beside.is_symlink():
                hold(beside)
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
