"""The migrations make the tables the statements expect, and run again without harm."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from callboard.catalog import Store
from callboard.catalog.store.schema import METADATA, VERSION_TABLE


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
    )
    found: list[object] = list(compare_metadata(context, METADATA))
    return found


async def test_the_migrations_make_what_the_schema_says(tmp_path: Path) -> None:
    store = Store.on_sqlite(str(tmp_path / "deep" / "er" / "callboard.sqlite"))
    try:
        await store.start()
        async with store.engine.connect() as connection:
            assert await connection.run_sync(differences) == []
            tables = await connection.run_sync(lambda c: inspect(c).get_table_names())
        assert VERSION_TABLE in tables
        assert all(name.startswith("catalog_") for name in tables)
    finally:
        await store.close()


async def test_starting_again_keeps_what_is_there(tmp_path: Path) -> None:
    file = str(tmp_path / "callboard.sqlite")
    for _ in range(2):
        store = Store.on_sqlite(file)
        try:
            await store.start()
            assert await store.known() == {}
        finally:
            await store.close()
