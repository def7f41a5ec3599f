"""The tables of every store go back to their first version and forward again, with what was written in them, on each database."""

from datetime import UTC, datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    func,
    insert,
    select,
)

from callboard.access.store.schema import METADATA as ACCESS
from callboard.app.tables import CHAINS
from callboard.base.database import Chain, UtcTime, migrate, standing, step_back
from callboard.base.errors import UsageError
from callboard.catalog.store.schema import METADATA as CATALOG
from callboard.history.store.schema import METADATA as HISTORY
from callboard.host.store.schema import METADATA as HOST
from support.databases import Place

BY_NAME = {chain.name: chain for chain in CHAINS}
SCHEMAS = {"access": ACCESS, "catalog": CATALOG, "history": HISTORY, "host": HOST}


def test_every_store_is_tried() -> None:
    assert set(BY_NAME) == set(SCHEMAS)


def differences(connection: Connection, chain: Chain, metadata: MetaData) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"version_table": chain.version_table, "compare_type": True}
    )
    found: list[object] = list(compare_metadata(context, metadata))
    return found


def something(column: Column[Any]) -> object:
    """What it is does not matter to a migration."""
    if isinstance(column.type, UtcTime):
        return datetime(2026, 1, 1, tzinfo=UTC)
    if isinstance(column.type, LargeBinary):
        return b"{}"
    return 1 if isinstance(column.type, (Integer, Float, Boolean)) else "something"


@pytest.mark.parametrize("name", sorted(SCHEMAS))
async def test_back_to_the_first_version_and_forward_again(place: Place, name: str) -> None:
    chain, metadata = BY_NAME[name], SCHEMAS[name]
    database = place.open()
    try:
        await migrate(database, chain)
        async with database.writing() as connection:
            for table in metadata.sorted_tables:
                await connection.execute(insert(table).values({c.name: something(c) for c in table.columns}))
        for _ in chain.known[1:]:
            await step_back(database, chain)
        with pytest.raises(UsageError):
            await step_back(database, chain)
        assert (await standing(database, chain)).version == chain.known[0]
        await migrate(database, chain)
        async with database.reading() as connection:
            assert await connection.run_sync(differences, chain, metadata) == []
            for table in metadata.sorted_tables:
                count = await connection.scalar(select(func.count()).select_from(table))
                assert count == (1 if table.name in FIRST[name] else 0), table.name
    finally:
        await database.close()


FIRST = {
    "access": {"access_tokens"},
    "catalog": {table.name for table in CATALOG.sorted_tables},
    "history": {table.name for table in HISTORY.sorted_tables},
    "host": {table.name for table in HOST.sorted_tables},
}
"""The tables of a first version, which are never taken back."""
