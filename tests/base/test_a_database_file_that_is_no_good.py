"""Whatever has become of the SQLite file: it works, or is refused by name with what is wrong and how to go on."""

import asyncio
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from callboard.base.database import open_database
from callboard.base.errors import BadInput, CallboardError, Unavailable
from callboard.catalog import Catalog, SearchQuery, Store
from support.catalog import ME, entity, settings, write


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with some entities in it, closed."""
    directory = tmp_path_factory.mktemp("good")
    write(directory / "a.yaml", *(entity("Component", f"c{i}") for i in range(60)))
    asyncio.run(used(directory / "callboard.sqlite", directory))
    return directory


async def used(file: Path, directory: Path) -> int:
    """Start on it, refresh, search: what a server does."""
    database = open_database(str(file))
    try:
        store = Store(database)
        await store.start()
        catalog = Catalog(settings("a.yaml"), store, directory=directory)
        await catalog.refresh()
        return (await catalog.search(SearchQuery(), ME)).total
    finally:
        await database.close()


def placed(good: Path, directory: Path) -> Path:
    shutil.copy(good / "a.yaml", directory / "a.yaml")
    file = directory / "callboard.sqlite"
    shutil.copy(good / "callboard.sqlite", file)
    file.chmod(0o600)
    return file


async def what_is_told(file: Path, directory: Path) -> str:
    """ "" where it works."""
    for beside in await asyncio.to_thread(lambda: [*directory.glob("callboard.sqlite-*")]):
        beside.unlink()
    try:
        await used(file, directory)
    except CallboardError as error:
        return error.message
    return ""


async def test_bits_that_flipped(good: Path, tmp_path: Path) -> None:
    rng = random.Random(7)
    file = placed(good, tmp_path)
    whole = file.read_bytes()
    told = 0
    for attempt in range(25):
        damaged = bytearray(whole)
        for _ in range(1 if attempt % 2 else 400):
            place = rng.randrange(100 if attempt % 3 == 0 else len(damaged))
            damaged[place] ^= 1 << rng.randrange(8)
        file.write_bytes(damaged)
        words = await what_is_told(file, tmp_path)
        if words:
            told += 1
            assert str(file) in words
    assert told > 3


def half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def garbage(file: Path) -> None:
    file.write_bytes(random.Random(1).randbytes(20_000))


def a_directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


def a_fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def a_link(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


def a_text(file: Path) -> None:
    file.write_text("this is no database, but a text that someone put here\n" * 100)


def others_may_write(file: Path) -> None:
    file.chmod(0o666)


def others_log(file: Path) -> None:
    beside = file.with_name(file.name + "-wal")
    beside.write_bytes(b"planted")
    beside.chmod(0o666)


@pytest.mark.parametrize(
    "spoil", [half, garbage, a_directory, a_fifo, a_link, a_text, others_may_write, others_log]
)
async def test_what_is_no_database_of_ours(good: Path, tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    file = placed(good, tmp_path)
    spoil(file)
    with pytest.raises((BadInput, Unavailable)) as caught:
        await used(file, tmp_path)
    assert str(file) in caught.value.message
    for unwanted in ("report", "the log has", "Traceback", "SELECT", "sqlalche"):
        assert unwanted not in caught.value.message


async def test_an_empty_file_becomes_a_database(good: Path, tmp_path: Path) -> None:
    file = placed(good, tmp_path)
    file.write_bytes(b"")
    assert await used(file, tmp_path) == 61


async def test_a_disk_that_is_full_is_told_and_when_there_is_room_it_goes_on(
    good: Path, tmp_path: Path
) -> None:
    file = placed(good, tmp_path)
    database = open_database(str(file))
    try:
        store = Store(database)
        await store.start()
        async with database.writing() as connection:
            pages = await connection.scalar(text("PRAGMA page_count"))
            await connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        write(tmp_path / "a.yaml", *(entity("Component", f"d{i}") for i in range(200)))
        catalog = Catalog(settings("a.yaml"), store, directory=tmp_path)
        with pytest.raises(Unavailable, match="the disk is full") as caught:
            await catalog.refresh()
        assert str(file) in caught.value.message
        async with database.writing() as connection:
            await connection.execute(text("PRAGMA max_page_count = 100000"))
        await catalog.refresh()
        assert (await catalog.search(SearchQuery(text="d199"), ME)).total == 1
    finally:
        await database.close()


async def test_another_process_that_keeps_it_locked_is_told(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callboard.base.database.sqlite.BUSY_MILLISECONDS", 50)
    file = placed(good, tmp_path)
    write(tmp_path / "a.yaml", entity("Component", "other"))
    holder = sqlite3.connect(file, isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unavailable, match="keeps it locked"):
            await used(file, tmp_path)
    finally:
        holder.close()
