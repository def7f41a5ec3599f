"""Tables go forward and one step back, one Callboard at a time, and those of a newer one are left alone."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from callboard.base.database import Chain, Database, SchemaState, migrate, standing, step_back
from callboard.base.errors import Conflict, UsageError
from support.databases import Place

FIRST = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0001", None
def upgrade():
    op.create_table("shop_orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
def downgrade():
    op.drop_table("shop_orders")
"""
SECOND = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade():
    with op.batch_alter_table("shop_orders") as table:
        table.add_column(sa.Column("price", sa.Integer))
def downgrade():
    with op.batch_alter_table("shop_orders") as table:
        table.drop_column("price")
"""
BROKEN = SECOND.replace(
    "table.add_column", "op.execute('INSERT INTO shop_orders (id) VALUES (7)'); table.no_such_word"
)


def chain(directory: Path, *scripts: str) -> Chain:
    directory.mkdir(exist_ok=True)
    for number, script in enumerate(scripts, start=1):
        (directory / f"v{number:04}_step.py").write_text(script)
    return Chain("shop", directory)


async def columns(database: Database) -> list[str]:
    async with database.reading() as connection:
        found = await connection.run_sync(lambda c: inspect(c).get_columns("shop_orders"))
        return [column["name"] for column in found]


async def test_forward_and_one_step_back_and_forward_again(place: Place, tmp_path: Path) -> None:
    old, new = chain(tmp_path / "old", FIRST), chain(tmp_path / "new", FIRST, SECOND)
    database = place.open()
    try:
        assert await standing(database, new) == SchemaState(None, "0002")
        await migrate(database, old)
        async with database.writing() as connection:
            await connection.execute(text("INSERT INTO shop_orders VALUES (1, 'dice')"))
        await migrate(database, new)
        assert await columns(database) == ["id", "name", "price"]
        assert await step_back(database, new) == SchemaState("0001", "0002")
        assert await columns(database) == ["id", "name"]
        await migrate(database, old)  # the older Callboard starts on it
        with pytest.raises(UsageError, match="no version before"):
            await step_back(database, old)
        await migrate(database, new)
        async with database.reading() as connection:
            assert (await connection.execute(text("SELECT id, name FROM shop_orders"))).all() == [(1, "dice")]
    finally:
        await database.close()


async def test_tables_of_a_newer_one_are_left_alone_and_what_to_do_is_said(
    place: Place, tmp_path: Path
) -> None:
    old, new = chain(tmp_path / "old", FIRST), chain(tmp_path / "new", FIRST, SECOND)
    database = place.open()
    try:
        await migrate(database, new)
        for refused in (migrate, step_back):
            with pytest.raises(Conflict) as caught:
                await refused(database, old)
            assert "callboard database back --store shop" in caught.value.message
        assert await columns(database) == ["id", "name", "price"]
    finally:
        await database.close()


async def test_of_several_that_start_at_once_one_makes_the_tables(place: Place, tmp_path: Path) -> None:
    new = chain(tmp_path / "new", FIRST, SECOND)
    databases = [place.open() for _ in range(5)]
    try:
        await asyncio.gather(*(migrate(database, new) for database in databases))
        assert await standing(databases[0], new) == SchemaState("0002", "0002")
    finally:
        for database in databases:
            await database.close()


async def test_a_step_that_fails_leaves_nothing_behind(place: Place, tmp_path: Path) -> None:
    old, broken = chain(tmp_path / "old", FIRST), chain(tmp_path / "broken", FIRST, BROKEN)
    database = place.open()
    try:
        await migrate(database, old)
        with pytest.raises(AttributeError):
            await migrate(database, broken)
        assert await standing(database, old) == SchemaState("0001", "0001")
        async with database.reading() as connection:
            assert (await connection.execute(text("SELECT * FROM shop_orders"))).all() == []
    finally:
        await database.close()
