"""The migrations make the tables the statements expect, and run again without harm."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from callboard.base.errors import Unavailable
from callboard.catalog import FACETS, SearchQuery, Store
from callboard.catalog.store import statements
from callboard.catalog.store.schema import METADATA, NEWEST, VERSION_TABLE
from callboard.catalog.store.store import MIGRATIONS
from callboard.history.store import schema as history
from callboard.history.store import verdicts
from support.catalog import entity, has, opened, settings, write


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


@pytest.mark.parametrize(
    ("scripts", "newest"),
    [(MIGRATIONS, NEWEST), (verdicts.MIGRATIONS, history.NEWEST)],
    ids=["catalog", "history"],
)
def test_the_newest_revision_is_the_one_that_is_named(scripts: Path, newest: str) -> None:
    assert ScriptDirectory(str(scripts)).get_current_head() == newest


async def test_tables_of_another_version_are_brought_to_the_newest(tmp_path: Path) -> None:
    file = str(tmp_path / "callboard.sqlite")
    for _ in range(2):
        store = Store.on_sqlite(file)
        try:
            await store.start()
            async with store.engine.begin() as connection:
                assert await connection.run_sync(differences) == []
                assert await connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}")) == NEWEST
                for table in METADATA.tables:
                    await connection.execute(text(f"DROP TABLE {table}"))
                await connection.execute(text(f"DELETE FROM {VERSION_TABLE}"))
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


async def test_a_database_that_fails_is_one_plain_error_and_the_next_refresh_makes_up_for_it(
    tmp_path: Path,
) -> None:
    write(tmp_path / "a.yaml", entity("Component", "one"))
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        engine = catalog._store.engine
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE catalog_words RENAME TO elsewhere"))
        with pytest.raises(Unavailable) as caught:
            await catalog.refresh()
        assert caught.value.code == "catalog-database"
        assert "INSERT" not in caught.value.message
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE elsewhere RENAME TO catalog_words"))
        assert (await catalog.refresh()).written == 2
        assert await has(catalog, "component:one")


def test_tables_and_searches_can_be_said_in_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # it has no types
    tables = [str(CreateTable(table).compile(dialect=dialect)) for table in METADATA.sorted_tables]
    assert any('word VARCHAR(64) COLLATE "C"' in table for table in tables)
    chosen = dict.fromkeys(FACETS, ("x",))
    for sort in ("relevance", "title", "type", "owner"):
        query = SearchQuery(text="dice api", sort=sort, **chosen)  # type: ignore[arg-type]  # filters by name
        for statement in (statements.page(query), statements.total(query), statements.facets(query)):
            assert str(statement.compile(dialect=dialect)).startswith("SELECT")
