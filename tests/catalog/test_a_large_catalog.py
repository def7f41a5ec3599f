"""5,000 entities: how many statements it takes to load, change and search them, and that no search walks a table."""

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import event, func, select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from callboard.base.database import Database, open_database
from callboard.catalog import Catalog, SearchQuery, Store
from callboard.catalog.store import statements
from callboard.catalog.store.schema import entities, relations, search, words
from support.catalog import ME, dump, entity, settings, write

SIZE = 5_000

QUERIES = [
    SearchQuery(text="dice"),
    SearchQuery(text="dice api 49"),
    SearchQuery(kind=("component",)),
    SearchQuery(kind=("component",), owner=("team-7",)),
    SearchQuery(tag=("games", "tools"), type=("service",), system=("system-1",)),
    SearchQuery(text="thing", lifecycle=("production",), namespace=("default",)),
    SearchQuery(kind=("component",), sort="owner", descending=True),
    SearchQuery(kind=("component",), sort="type", offset=100),
]


def generated() -> list[dict[str, object]]:
    pick = random.Random(7)
    return [
        entity(
            "Component",
            f"{pick.choice(['dice', 'cards', 'chess'])}-{pick.choice(['api', 'web', 'worker'])}-{number}",
            metadata={
                "title": f"Thing {number}",
                "description": "Does one of the things that a company of this size needs done",
                "tags": [pick.choice(["games", "tools", "office"]), "python"],
                "annotations": {"backstage.io/kubernetes-id": f"thing-{number}"},
            },
            owner=f"team-{number % 200}",
            system=f"system-{number % 300}",
            dependsOn=[f"resource:store-{number % 50}"],
        )
        for number in range(SIZE)
    ]


@contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    """The statements executed in the block; one with many rows counts once, as it is sent once."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("large")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def loaded(directory: Path) -> AsyncIterator[tuple[Catalog, Database]]:
    write(directory / "a.yaml", *generated())
    database = open_database(str(directory / "callboard.sqlite"))
    store = Store(database)
    await store.start()
    catalog = Catalog(settings("a.yaml"), store, directory=directory)
    with counted(database.engine) as seen:
        refreshed = await catalog.refresh()
    assert (refreshed.written, refreshed.problems) == (SIZE + 1, 0)
    # One look at what is known, two for the problems, and per 100 entities: two look-ups and four inserts.
    batches = -(-(SIZE + 1) // 100)
    assert len(seen) <= 3 + 6 * batches
    yield catalog, database
    await database.close()


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_entity_is_indexed(loaded: tuple[Catalog, Database]) -> None:
    _, database = loaded
    async with database.engine.connect() as connection:
        rows = {
            t.name: await connection.scalar(select(func.count()).select_from(t))
            for t in (entities, relations)
        }
        assert rows == {"catalog_entities": SIZE + 1, "catalog_relations": 3 * SIZE}
        for table in (search, words):
            number = await connection.scalar(select(func.count(func.distinct(table.c.entity_id))))
            assert number == SIZE + 1


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
async def test_a_search_is_two_statements_and_its_facets_one(
    loaded: tuple[Catalog, Database], query: SearchQuery
) -> None:
    catalog, database = loaded
    with counted(database.engine) as seen:
        found = await catalog.search(query, ME)
    assert len(seen) == 2
    assert 0 < found.total <= SIZE
    assert len(found.entities) == min(50, found.total - query.offset)
    with counted(database.engine) as seen:
        assert (await catalog.facets(query, ME))["kind"]
    assert len(seen) == 1


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
@pytest.mark.parametrize("name", ["page", "total", "facets"])
async def test_no_search_walks_a_table(
    loaded: tuple[Catalog, Database], query: SearchQuery, name: str
) -> None:
    plan = await explained(loaded[1].engine, query, name)
    assert any("USING" in step and "INDEX" in step for step in plan)
    assert [step for step in plan if step.startswith("SCAN catalog_")] == []
    # What an entity is sorted by is looked up under that entity, not among all values of the key.
    for step, following in pairwise(plan):
        if step.startswith("CORRELATED"):
            assert "(entity_id=? AND" in following


async def test_the_unfiltered_list_is_read_in_the_order_of_an_index(loaded: tuple[Catalog, Database]) -> None:
    plan = await explained(loaded[1].engine, SearchQuery(), "page")
    assert plan == ["SCAN catalog_entities USING INDEX catalog_entities_sort_key"]


async def test_a_refresh_without_change_asks_the_store_nothing(loaded: tuple[Catalog, Database]) -> None:
    catalog, database = loaded
    with counted(database.engine) as seen:
        assert (await catalog.refresh()).unchanged == SIZE + 1
    assert seen == []


async def test_one_changed_entity_writes_one(loaded: tuple[Catalog, Database], directory: Path) -> None:
    catalog, database = loaded
    changed = generated()
    changed[7]["metadata"]["title"] = "Something else"  # type: ignore[index]  # a dict of dicts
    (directory / "a.yaml").write_text(dump(*changed))
    with counted(database.engine) as seen:
        refreshed = await catalog.refresh()
    assert (refreshed.written, refreshed.removed, refreshed.unchanged) == (1, 0, SIZE)
    assert len(seen) <= 12
    assert (await catalog.search(SearchQuery(text="something else"), ME)).total == 1


async def explained(engine: AsyncEngine, query: SearchQuery, name: str) -> list[str]:
    statement = {"page": statements.page, "total": statements.total, "facets": statements.facets}[name](query)
    sql = str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    async with engine.connect() as connection:
        rows = await connection.execute(text("EXPLAIN QUERY PLAN " + sql.replace(":", "\\:")))
        return [str(row[3]) for row in rows]
