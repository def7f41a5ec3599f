"""The migrations make the tables the statements expect, and run again without harm, on each database."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, inspect, text
from structlog.testing import capture_logs

from callboard.base.database import Chain, migrate
from callboard.base.errors import Unavailable
from callboard.catalog import Store
from callboard.catalog.store.schema import METADATA
from callboard.catalog.store.store import CHAIN
from callboard.history.store import schema as history
from callboard.history.store import verdicts
from support.catalog import ME, entity, has, opened, settings, write
from support.databases import Place
from support.listening import eventually


def differences(connection: Connection, chain: Chain, metadata: MetaData) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"version_table": chain.version_table, "compare_type": True}
    )
    found: list[object] = list(compare_metadata(context, metadata))
    return found


@pytest.mark.parametrize(
    ("chain", "metadata"),
    [(CHAIN, METADATA), (verdicts.CHAIN, history.METADATA)],
    ids=["catalog", "history"],
)
async def test_the_migrations_make_what_the_schema_says(
    place: Place, chain: Chain, metadata: MetaData
) -> None:
    database = place.open()
    try:
        await migrate(database, chain)
        async with database.reading() as connection:
            assert await connection.run_sync(differences, chain, metadata) == []
            tables = await connection.run_sync(lambda c: inspect(c).get_table_names())
        assert set(tables) == {*metadata.tables, chain.version_table}
        assert all(name.startswith(f"{chain.name}_") for name in tables)
    finally:
        await database.close()


async def test_on_a_server_all_tables_are_in_a_schema_of_ours(place: Place) -> None:
    database = place.open()
    try:
        await Store(database).start()
        if place.on_server:
            async with database.reading() as connection:
                schemas = await connection.scalars(
                    text("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 'catalog%'")
                )
                assert list(schemas) == ["callboard"]
                elsewhere = await connection.scalars(
                    text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
                )
                assert list(elsewhere) == []
    finally:
        await database.close()


async def test_tables_of_another_version_are_brought_to_the_newest(place: Place) -> None:
    for _ in range(2):
        database = place.open()
        try:
            await Store(database).start()
            async with database.writing() as connection:
                assert await connection.run_sync(differences, CHAIN, METADATA) == []
                version = text(f"SELECT version_num FROM {CHAIN.version_table}")
                assert await connection.scalar(version) == CHAIN.newest
                for table in reversed(METADATA.sorted_tables):
                    await connection.execute(text(f"DROP TABLE {table}"))
                await connection.execute(text(f"DELETE FROM {CHAIN.version_table}"))
        finally:
            await database.close()


async def test_starting_again_keeps_what_is_there(place: Place) -> None:
    for _ in range(2):
        database = place.open()
        try:
            store = Store(database)
            await store.start()
            assert await store.known() == {}
        finally:
            await database.close()


@pytest.mark.usefixtures("place")
async def test_a_database_that_fails_is_one_plain_error_and_the_next_refresh_makes_up_for_it(
    tmp_path: Path,
) -> None:
    write(tmp_path / "a.yaml", entity("Component", "one"))
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        engine = catalog._store._database.engine
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE catalog_words RENAME TO elsewhere"))
        with pytest.raises(Unavailable) as caught:
            await catalog.refresh()
        assert caught.value.code == "database-failed"
        assert "INSERT" not in caught.value.message
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE elsewhere RENAME TO catalog_words"))
        assert (await catalog.refresh()).written == 2
        assert await has(catalog, "component:one")


@pytest.mark.usefixtures("place")
async def test_texts_that_no_database_takes_cost_nothing_but_themselves(tmp_path: Path) -> None:
    odd = [
        "nul \0 here",
        "x" * 5000,
        "\ufffe\uffff",
        "'; DROP TABLE catalog_words; --",
    ]
    write(
        tmp_path / "a.yaml",
        *(
            entity("Component", f"c{i}", metadata={"title": text, "description": text, "labels": {}})
            for i, text in enumerate(odd)
        ),
    )
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        for i in range(len(odd)):
            assert await has(catalog, f"component:c{i}"), odd[i]


@pytest.mark.usefixtures("place")
async def test_a_refresh_that_comes_to_nothing_is_on_the_list_and_once_in_the_log(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", entity("Component", "one"))
    async with opened(tmp_path, settings("a.yaml")) as catalog:
        await catalog.refresh()
        catalog._look_interval = 0.01
        engine = catalog._store._database.engine
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE catalog_words RENAME TO elsewhere"))
        with capture_logs() as logs:
            running = asyncio.create_task(catalog.run())
            try:
                write(tmp_path / "a.yaml", entity("Component", "two"))
                async with asyncio.timeout(30):
                    await eventually(lambda: bool(catalog._refused))
                    (told, *_) = await catalog.problems(ME)
                    assert "as it was before" in told.message
                    async with engine.begin() as connection:
                        await connection.execute(text("ALTER TABLE elsewhere RENAME TO catalog_words"))
                    await eventually(lambda: not catalog._refused)
                    assert await has(catalog, "component:two")
                    assert await catalog.problems(ME) == ()
            finally:
                running.cancel()
                await asyncio.wait([running])
        assert [each["log_level"] for each in logs if "anew" in each["event"]] == ["error", "info"]
