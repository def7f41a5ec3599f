"""A PostgreSQL server that goes away is told once, in words; nobody waits for it, and it is used again when it is back."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from psycopg import sql
from psycopg.errors import DuplicateObject
from sqlalchemy import text

from callboard.base.database import Database, DatabaseAddress, DatabaseAway, migrate, open_database
from callboard.base.errors import Conflict, Unavailable
from callboard.base.secret import Secret
from callboard.catalog import Catalog, SearchQuery
from callboard.catalog.store import CHAIN, CopiedStore
from callboard.simulator.serving.certificates import Authority
from support.catalog import ME, entity, get, has, settings, write
from support.databases import PostgresServer, binaries, server


@pytest.fixture(scope="module")
def own(postgresql: PostgresServer) -> Iterator[PostgresServer]:
    """A server for these tests alone: they stop it."""
    del postgresql  # asked for, so that a machine without PostgreSQL says so
    programs = binaries()
    assert programs
    with TemporaryDirectory(prefix="callboard-postgresql-") as directory:
        Path(directory).chmod(0o755)
        with server(programs, Path(directory) / "server") as running:
            yield running


@asynccontextmanager
async def opened(address: DatabaseAddress) -> AsyncIterator[Database]:
    database = open_database(address)
    watching = asyncio.create_task(database.run())
    try:
        await asyncio.sleep(0)
        yield database
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await database.close()


async def one(database: Database) -> int | None:
    async with database.reading() as connection:
        found: int | None = await connection.scalar(text("SELECT 1"))
        return found


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def until_it_answers(database: Database) -> None:
    async with asyncio.timeout(60):
        await database.returned()


async def test_who_asks_meanwhile_is_told_at_once_and_who_asks_after_is_answered(own: PostgresServer) -> None:
    async with opened(own.new()) as database:
        assert await one(database) == 1
        await asyncio.to_thread(own.stop)
        try:
            with pytest.raises(DatabaseAway) as caught:
                await one(database)
            assert "does not answer" in caught.value.message
            assert "SELECT" not in caught.value.message
            tried = database.engine.pool.status()
            for _ in range(100):
                with pytest.raises(DatabaseAway):
                    await one(database)
            assert database.engine.pool.status() == tried
        finally:
            await asyncio.to_thread(own.start)
        await until_it_answers(database)
        assert await one(database) == 1


async def test_a_server_that_is_frozen_is_away_and_nobody_waits_longer_than_the_first(
    own: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callboard.base.database.database.WITHIN", 1.0)
    async with opened(own.new()) as database:
        assert await one(database) == 1
        own.freeze()
        try:
            with pytest.raises(DatabaseAway, match="nothing came"):
                async with database.writing(1.0) as connection:
                    await connection.execute(text("SELECT 1"))
            caught = []
            for _ in range(50):
                with pytest.raises(DatabaseAway) as each:
                    await one(database)
                caught.append(each.value)
            assert len({id(error) for error in caught}) == 50, "each has a traceback of its own"
        finally:
            own.freeze(signal.SIGCONT)
        await until_it_answers(database)
        assert await one(database) == 1


async def test_a_restart_between_two_questions_is_not_noticed(own: PostgresServer) -> None:
    async with opened(own.new()) as database:
        assert await one(database) == 1
        await asyncio.to_thread(own.stop)
        await asyncio.to_thread(own.start)
        assert await one(database) == 1
        assert database.away is None


async def test_the_catalog_is_read_from_memory_meanwhile_and_loses_nothing(
    own: PostgresServer, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.yaml", entity("Component", "one"), entity("Component", "two"))
    copy = open_database(":memory:")
    async with opened(own.new()) as database:
        try:
            store = CopiedStore(database, copy)
            await store.start()
            catalog = Catalog(settings("a.yaml"), store, directory=tmp_path)
            await catalog.refresh()
            before = await get(catalog, "component:one")
            await asyncio.to_thread(own.stop)
            try:
                write(file, entity("Component", "one", owner="team-b"), entity("Component", "three"))
                with pytest.raises(DatabaseAway):
                    await catalog.refresh()
                catalog._known.clear()  # what was asked for lately is known in any case
                assert await get(catalog, "component:one") == before
                assert (await catalog.search(SearchQuery(text="tw"), ME)).total == 1
                assert dict(await catalog.facets(SearchQuery(), ME))["kind"]
                assert await catalog.document(before.ref, ME)
                (told, *_) = await catalog.problems(ME)
                assert "as it was before" in told.message
            finally:
                await asyncio.to_thread(own.start)
            await until_it_answers(database)
            await catalog.refresh()
            assert await has(catalog, "component:three")
            assert await catalog.problems(ME) == ()
            assert (await catalog.search(SearchQuery(text="two"), ME)).total == 0
            await asyncio.to_thread(own.stop)
            try:  # and what came since is in memory, too
                assert (await catalog.search(SearchQuery(text="three"), ME)).total == 1
                assert (await catalog.search(SearchQuery(text="two"), ME)).total == 0
            finally:
                await asyncio.to_thread(own.start)
        finally:
            await copy.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dbname": "nowhere"}, "nowhere"),
        ({"user": "nobody"}, "authentication failed"),
        ({"sslmode": "require"}, "SSL"),
        ({"port": "1"}, "refused"),
        ({"host": "database.invalid"}, "database.invalid"),
    ],
)
async def test_why_it_cannot_be_had_is_said_without_a_password(
    postgresql: PostgresServer, change: dict[str, str], words: str
) -> None:
    address = postgresql.address("postgres")
    wrong = DatabaseAddress(parameters={**address.parameters, **change}, password=Secret("hunter2"))
    database = open_database(wrong)
    try:
        with pytest.raises(Unavailable) as caught:
            await one(database)
        assert words in caught.value.message
        assert "hunter2" not in caught.value.message
        assert "\n" not in caught.value.message
    finally:
        await database.close()


async def test_all_connections_in_use_is_told_as_such(
    postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callboard.base.database.postgresql.FREE", 0.1)
    address = postgresql.address("postgres")
    database = open_database(
        DatabaseAddress(parameters=address.parameters, password=address.password, connections=1)
    )
    try:
        async with database.reading() as connection:
            await connection.execute(text("SELECT 1"))
            with pytest.raises(Unavailable, match="busy") as caught:
                await one(database)
            assert caught.value.code == "database-busy"
        assert await one(database) == 1
    finally:
        await database.close()


def with_tls(address: DatabaseAddress, mode: str, ca: str = "", **more: str) -> DatabaseAddress:
    certificates = {"sslrootcert": Secret(ca)} if ca else {}
    return DatabaseAddress(
        parameters={**address.parameters, "sslmode": mode, **more},
        password=address.password,
        certificates=certificates,
    )


async def test_tls_is_checked_as_it_is_asked_for_and_no_file_is_left(
    own: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, others = Authority("ours"), Authority("others")
    pair = ours.server()
    own.use_tls(pair.certificate, pair.key)
    await asyncio.to_thread(own.stop)
    await asyncio.to_thread(own.start, "-c ssl=on")
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(ours.pem)
    before = open_files()
    address = own.address("postgres")
    taken = (
        with_tls(address, "verify-full", ours.pem),
        with_tls(address, "verify-full", ours.pem, host="localhost", hostaddr="127.0.0.1"),
        with_tls(address, "require"),
        with_tls(address, "verify-full", sslrootcert="system"),
    )
    refused = (
        with_tls(address, "verify-full", others.pem),
        with_tls(address, "verify-full", ours.pem, host="db.example.org", hostaddr="127.0.0.1"),
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    try:
        for each in taken:
            database = open_database(each)
            async with database.reading() as connection:
                used = await connection.scalar(
                    text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
                )
                assert used is True, each
            await database.close()
        for each in refused:
            database = open_database(each)
            with pytest.raises(Unavailable, match="certificate"):
                await one(database)
            await database.close()
        monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
        database = open_database(with_tls(address, "verify-full", sslrootcert="system"))
        with pytest.raises(Unavailable, match="certificate"):
            await one(database)
        await database.close()
    finally:
        await asyncio.to_thread(own.stop)
        await asyncio.to_thread(own.start)
    assert open_files() == before


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (
            ("CREATE SCHEMA callboard", "CREATE TABLE callboard.catalog_entities (x int)"),
            "that we did not make",
        ),
        (("CREATE SCHEMA callboard", "ALTER ROLE low SET search_path = public"), "OWNER TO"),
        ((), "CREATE SCHEMA callboard AUTHORIZATION"),
        (("ALTER DATABASE {0} SET default_transaction_read_only = on",), "it can only be read"),
    ],
)
async def test_a_database_that_is_not_for_us_is_told_with_what_to_do(
    postgresql: PostgresServer, prepare: tuple[str, ...], words: str
) -> None:
    address = postgresql.new()
    name = sql.Identifier(address.parameters["dbname"])
    low = "ALTER ROLE" in "".join(prepare) or not prepare
    with suppress(DuplicateObject):
        postgresql.sql(sql.SQL("CREATE ROLE low LOGIN PASSWORD 'low'"))
    for statement in prepare:
        postgresql.sql(sql.SQL(statement).format(name), address.parameters["dbname"])
    if low:
        address = DatabaseAddress(parameters={**address.parameters, "user": "low"}, password=Secret("low"))
    database = open_database(address)
    try:
        with pytest.raises(Unavailable) as caught:
            await migrate(database, CHAIN)
        assert words in caught.value.message
        assert not isinstance(caught.value, DatabaseAway)
    finally:
        await database.close()
        postgresql.drop(address)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_a_database_that_does_not_hold_every_text_is_refused(
    postgresql: PostgresServer, encoding: str
) -> None:
    name = f"e{encoding.lower()}"
    create = f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    postgresql.sql(sql.SQL(create))
    database = open_database(postgresql.address(name))
    try:
        with pytest.raises(Conflict, match="UTF-8"):
            await migrate(database, CHAIN)
    finally:
        await database.close()
        postgresql.drop(postgresql.address(name))
