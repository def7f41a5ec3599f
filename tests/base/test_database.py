"""A database of this process alone lives as long as its engine, whatever happens to a connection."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from callboard.base.database import open_database, sqlite, to_its_end

LONG = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n"
)


@pytest.fixture
async def engine() -> AsyncIterator[AsyncEngine]:
    engine = open_database(":memory:").engine
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
    other = open_database(":memory:").engine
    try:
        async with other.connect() as connection:
            tables = (await connection.execute(text("SELECT name FROM sqlite_master"))).scalars()
            assert list(tables) == []
    finally:
        await other.dispose()


@pytest.mark.parametrize("file", [":memory:", "tables.sqlite"])
async def test_a_reader_who_is_cancelled_in_the_middle_locks_nobody_out(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_MILLISECONDS", 500)
    engine = open_database(file if file == ":memory:" else str(tmp_path / file)).engine
    ended: list[list[str]] = []

    @to_its_end
    async def read() -> None:
        ended.append(await services(engine))

    try:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE services (name TEXT)"))
            await connection.execute(text("INSERT INTO services VALUES ('dice-roller')"))
        reader = asyncio.create_task(read())

        def leave(*_: object) -> None:
            reader.cancel()

        event.listen(engine.sync_engine, "before_cursor_execute", leave, once=True)
        with pytest.raises(asyncio.CancelledError):
            await reader
        async with engine.begin() as connection:
            await connection.execute(text("INSERT INTO services VALUES ('payments')"))
        assert await services(engine) == ["dice-roller", "payments"]
        assert ended == [["dice-roller"]]
    finally:
        await engine.dispose()


async def test_who_is_cancelled_twice_still_waits_for_the_end_and_a_failure_after_that_is_nobodys() -> None:
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @to_its_end
    async def query() -> None:
        begun.set()
        await go_on.wait()
        ended.set()
        raise ValueError("nobody is there to be told")

    task = asyncio.create_task(query())
    await begun.wait()
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
