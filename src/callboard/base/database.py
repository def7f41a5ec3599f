"""Opening a database and bringing its tables up to date, for whoever keeps a store.

Statements belong to the stores. What differs between SQLite and PostgreSQL when a connection is opened stands here.
"""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import AsyncAdaptedQueuePool, Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

__all__ = ["migrate", "open_sqlite"]

BUSY_MILLISECONDS = 10_000
"""How long a writer waits for another one: well above our longest transaction, one batch of rows."""


def open_sqlite(file: str) -> AsyncEngine:
    """An engine on an SQLite file (its directory is made, mode 0700) or on `:memory:`. Whoever opens it disposes of it.

    In memory there is one connection, and whoever uses it has it alone: do not ask for a second one while holding it.
    """
    url = URL.create("sqlite+aiosqlite", database=file)
    if file == ":memory:":
        # SQLAlchemy's own choice would share it, and one reader's end would roll back another's half-done writing.
        engine = create_async_engine(
            url, poolclass=AsyncAdaptedQueuePool, pool_size=1, max_overflow=0, hide_parameters=True
        )
    else:
        Path(file).absolute().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = create_async_engine(url, hide_parameters=True)  # errors are logged; values are not

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


async def migrate(engine: AsyncEngine, scripts: Path, *, version_table: str) -> None:
    """Bring the tables of one store to their newest version. `scripts` is its Alembic directory; each store has a version
    table of its own, so that several share a database."""

    def upgrade(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        config.attributes["version_table"] = version_table
        command.upgrade(config, "head")

    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
