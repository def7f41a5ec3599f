"""A database of this process alone lives as long as its engine, whatever happens to a connection."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from callboard.base.database import open_sqlite

LONG = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n"
)


@pytest.fixture
async def engine() -> AsyncIterator[AsyncEngine]:
    engine = open_sqlite(":memory:")
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE services (name TEXT)"))
        await connection.execute(text("INSERT INTO services VALUES ('dice-roller')"))
    yield engine
    await engine.dispose()


async def services(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return list((await connection.execute(text("SELECT name FROM services"))).scalars())


async def test_its_tables_survive_a_reader_who_left_in_the_middle(engine: AsyncEngine) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), engine.connect() as connection:
            await connection.execute(text(LONG))
    assert await services(engine) == ["dice-roller"]


async def test_a_connection_that_was_thrown_away_takes_nothing_with_it(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        await connection.invalidate()
    assert await services(engine) == ["dice-roller"]


async def test_readers_see_what_is_written_and_two_engines_share_nothing(engine: AsyncEngine) -> None:
    async with engine.connect() as reading:
        assert (await reading.execute(text("SELECT count(*) FROM services"))).scalar() == 1
    async with engine.begin() as writing:
        await writing.execute(text("INSERT INTO services VALUES ('payments')"))
    assert await services(engine) == ["dice-roller", "payments"]
    other = open_sqlite(":memory:")
    try:
        async with other.connect() as connection:
            tables = (await connection.execute(text("SELECT name FROM sqlite_master"))).scalars()
            assert list(tables) == []
    finally:
        await other.dispose()
