"""What is written comes back the same from SQLite and from PostgreSQL, whatever it is."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy import text as sql

from callboard.base.database import UtcTime, text
from support.databases import Place

METADATA = MetaData()
rows = Table(
    "rows",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("short", text(5)),
    Column("long", text()),
    Column("ordered", text(50, ordered=True)),
    Column("moment", UtcTime),
)
ODD = st.text(st.characters(), max_size=20)  # with surrogates
MOMENTS = st.datetimes(
    datetime(2, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))]),
)


def kept(value: str) -> str:
    """A text as a database can hold it."""
    return "".join("\ufffd" if c == "\0" or 0xD800 <= ord(c) < 0xE000 else c for c in value)


# few examples of many rows: each opens the database
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.tuples(ODD, ODD, MOMENTS), min_size=60, max_size=120))
async def test_any_text_and_any_moment_come_back(
    place: Place, values: list[tuple[str, str, datetime]]
) -> None:
    database = place.open()
    try:
        async with database.writing() as connection:
            if place.on_server:
                await connection.execute(sql("CREATE SCHEMA IF NOT EXISTS callboard"))
            await connection.run_sync(METADATA.create_all)
            await connection.execute(rows.delete())
            await connection.execute(
                insert(rows),
                [
                    {"id": i, "short": a, "long": b, "ordered": b, "moment": at}
                    for i, (a, b, at) in enumerate(values)
                ],
            )
        async with database.reading() as connection:
            found = (await connection.execute(select(rows).order_by(rows.c.id))).all()
            in_order = list(await connection.scalars(select(rows.c.ordered).order_by(rows.c.ordered)))
            looked_up = await connection.scalar(
                select(rows.c.id).where(rows.c.long == values[0][1]).order_by(rows.c.id).limit(1)
            )
    finally:
        await database.close()
    for (a, b, at), row in zip(values, found, strict=True):
        assert len(row.short) <= 5
        assert kept(a).startswith(kept(row.short))
        assert row.long == kept(b)
        assert row.moment == at
        assert row.moment.utcoffset() == timedelta(0)
    assert in_order == sorted(in_order)
    assert looked_up is not None
