"""Writing what changed and reading what is asked for."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callboard.base.database import Chain, Database, DatabaseAway, migrate, to_its_end
from callboard.base.errors import Problem
from callboard.base.texts import Texts
from callboard.catalog.processing.draft import Draft, Route, stored_draft
from callboard.catalog.processing.stitch import Whole
from callboard.catalog.processing.stumble import stumbled
from callboard.catalog.search import FacetValue, SearchQuery
from callboard.catalog.sources.location import Location
from callboard.catalog.store import statements
from callboard.catalog.store.index import search_rows, text_words
from callboard.catalog.store.schema import entities, problems, relations, search, words
from callboard.model.entity import EntityRef

__all__ = ["CHAIN", "Known", "Store", "Written"]

T = TypeVar("T")

BATCH = 100
"""Entities in one transaction: long enough to be quick, short enough that another writer waits well under a second."""

CHAIN = Chain("catalog", Path(__file__).parent / "migrations")

MAX_WORDS = 2_000
"""Characters of one part of a problem."""


class Known(msgspec.Struct, frozen=True):
    """What the store has of a ref, as far as a refresh needs it."""

    etag: str
    source: str


class Written(msgspec.Struct, frozen=True):
    """How many entities were written and removed."""

    written: int = 0
    removed: int = 0
    problems: tuple[Problem, ...] = ()
    """Entities that the database does not take."""


class Store:
    """The catalog's tables in a database that is its owner's. `start` first. Every method raises Unavailable when the database
    does not do what it is asked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self) -> None:
        """Make or update the tables."""
        await migrate(self._database, CHAIN)

    # ---------------------------------------------------------------- refreshing

    @to_its_end
    async def known(self) -> dict[str, Known]:
        """Every stored ref."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(entities.c.ref, entities.c.etag, entities.c.source))
            return {ref: Known(etag, source) for ref, etag, source in rows}

    @to_its_end
    async def last_good(self, location: Location) -> list[Draft]:
        """The entities that came from a source, or by way of a target, in the order of their refs."""
        wanted = (entities.c.source == str(location)) | (entities.c.via == str(location))
        columns = (entities.c.document, entities.c.source, entities.c.via, entities.c.origin)
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(*columns).where(wanted).order_by(entities.c.ref))).all()
        kept: list[Draft] = []
        for document, source, via, origin in rows:
            try:
                route = Route(_location(source), _location(via), _location(origin))
                kept.append(stored_draft(document.encode(), route))
            except Exception as error:
                stumbled(error, source)  # for the log: what is broken in its source is told in any case
        return kept

    async def write(self, changed: Sequence[Whole], gone: Sequence[str]) -> Written:
        """Write what changed and remove what is gone, in transactions of a bounded size."""
        for refs in _batches(gone):
            await self._write(_remove, refs)
        problems: list[Problem] = []
        for batch in _batches(changed):
            try:
                await self._write(_put, batch)
            except DatabaseAway:
                raise
            except Exception as error:
                problems += await self._one_by_one(batch, error)
        return Written(len(changed) - len(problems), len(gone), tuple(problems))

    async def _one_by_one(self, batch: Sequence[Whole], failure: Exception) -> list[Problem]:
        """Write what of a batch can be written; what is wrong with the others. Raises the failure where that is all of it:
        then it is not theirs."""
        problems: list[Problem] = []
        for whole in batch if len(batch) > 1 else ():
            try:
                await self._write(_put, [whole])
            except Exception as error:
                problems.append(stumbled(error, whole.draft.route.source.shown, whole.draft.line))
        if len(problems) in (0, len(batch)):
            raise failure
        return problems

    @to_its_end
    async def _write(
        self, what: Callable[[AsyncConnection, Sequence[T]], Awaitable[None]], batch: Sequence[T]
    ) -> None:
        async with self._database.writing() as connection:
            await what(connection, batch)

    @to_its_end
    async def replace_problems(self, found: Sequence[Problem]) -> None:
        """Keep the problems of this refresh instead of those of the last."""
        rows = [
            {
                "position": position,
                "message": _stored(p.message),
                "place": _stored(p.where),
                "line": p.line,
                "path": _stored(p.path),
                "found": _stored(p.found),
                "expected": _stored(p.expected),
                "hint": _stored(p.hint),
            }
            for position, p in enumerate(found)
        ]
        async with self._database.writing() as connection:
            await connection.execute(delete(problems))
            if rows:
                await connection.execute(insert(problems), rows)

    # ---------------------------------------------------------------- reading

    @to_its_end
    async def document(self, ref: str) -> bytes | None:
        """The JSON of one entity, as Backstage's catalog API gives it."""
        async with self._database.reading() as connection:
            found = await connection.scalar(select(entities.c.document).where(entities.c.ref == ref))
        return found.encode() if found is not None else None

    @to_its_end
    async def documents(self, refs: Sequence[str]) -> dict[str, bytes]:
        """The JSON of several entities, by ref; those that are not there are left out."""
        found: dict[str, bytes] = {}
        async with self._database.reading() as connection:
            for batch in _batches(refs):
                statement = select(entities.c.ref, entities.c.document).where(entities.c.ref.in_(batch))
                found |= {ref: document.encode() for ref, document in await connection.execute(statement)}
        return found

    @to_its_end
    async def all_documents(self) -> list[bytes]:
        """The JSON of every entity, in the order of their refs: one query."""
        async with self._database.reading() as connection:
            rows = await connection.scalars(select(entities.c.document).order_by(entities.c.ref))
            return [document.encode() for document in rows]

    @to_its_end
    async def search(self, query: SearchQuery, only: Texts | None = None) -> tuple[list[bytes], int]:
        """One page of documents and the total: two queries."""
        async with self._database.reading() as connection:
            documents = (await connection.scalars(statements.page(query, only))).all() if query.limit else []
            number = await connection.scalar(statements.total(query, only))
        return [document.encode() for document in documents], number or 0

    @to_its_end
    async def refs(self, query: SearchQuery, only: Texts | None = None) -> list[EntityRef]:
        """All that is found, in order, without a document: one query."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(statements.refs(query, only))).all()
        return [EntityRef.of(*row) for row in rows]

    @to_its_end
    async def facets(
        self, query: SearchQuery, only: Texts | None = None
    ) -> dict[str, tuple[FacetValue, ...]]:
        """The values of every filter and their counts: one query."""
        found: dict[str, list[FacetValue]] = {}
        async with self._database.reading() as connection:
            for name, _, original, number in await connection.execute(statements.facets(query, only)):
                found.setdefault(name, []).append(FacetValue(original, number))
        return {name: tuple(values) for name, values in found.items()}

    @to_its_end
    async def problems(self) -> list[Problem]:
        """What the last refresh had to say."""
        columns = [c for c in problems.c if c.name != "position"]
        async with self._database.reading() as connection:
            rows = await connection.execute(select(*columns).order_by(problems.c.position))
            return [Problem(*row) for row in rows]


async def _remove(connection: AsyncConnection, refs: Sequence[str]) -> None:
    ids = (await connection.scalars(select(entities.c.id).where(entities.c.ref.in_(refs)))).all()
    await _unindex(connection, ids)
    await connection.execute(delete(entities).where(entities.c.id.in_(ids)))


async def _unindex(connection: AsyncConnection, ids: Sequence[int]) -> None:
    for table in (relations, search, words):
        await connection.execute(delete(table).where(table.c.entity_id.in_(ids)))


async def _put(connection: AsyncConnection, batch: Sequence[Whole]) -> None:
    """Insert or update the entities of a batch, and index them anew: a fixed number of statements."""
    refs = [str(whole.draft.ref) for whole in batch]
    ids = await _ids(connection, refs)
    rows = [_entity_row(whole) for whole in batch]
    old = [{**row, "of_ref": row["ref"]} for row in rows if row["ref"] in ids]
    new = [row for row in rows if row["ref"] not in ids]
    if old:
        await _unindex(connection, list(ids.values()))
        await connection.execute(update(entities).where(entities.c.ref == bindparam("of_ref")), old)
    if new:
        await connection.execute(insert(entities), new)
        ids |= await _ids(connection, [str(row["ref"]) for row in new])
    for table, found in await asyncio.to_thread(_index_rows, batch, ids):
        if found:
            await connection.execute(insert(table), found)


def _index_rows(
    batch: Sequence[Whole], ids: Mapping[str, int]
) -> list[tuple[Table, list[dict[str, object]]]]:
    """The rows of all three indexes; dear enough to be made beside the event loop."""
    related: list[dict[str, object]] = []
    leaves: list[dict[str, object]] = []
    texts: list[dict[str, object]] = []
    for whole in batch:
        entity_id = ids[str(whole.draft.ref)]
        related += [{"entity_id": entity_id, "type": t, "target_ref": r} for t, r in whole.relations]
        leaves += [
            {"entity_id": entity_id, "key": key, "value": value, "original_value": original}
            for key, value, original in search_rows(whole)
        ]
        texts += [{"entity_id": entity_id, "word": word} for word in text_words(whole)]
    return [(relations, related), (search, leaves), (words, texts)]


async def _ids(connection: AsyncConnection, refs: Sequence[str]) -> dict[str, int]:
    rows = await connection.execute(select(entities.c.ref, entities.c.id).where(entities.c.ref.in_(refs)))
    return {row.ref: row.id for row in rows}


def _entity_row(whole: Whole) -> dict[str, object]:
    draft = whole.draft
    return {
        "ref": str(draft.ref),
        "kind": draft.kind,
        "namespace": draft.namespace,
        "name": draft.name,
        "title": draft.title,
        "name_key": draft.name.lower(),
        "sort_key": (draft.title or draft.name).lower()[:200],
        "uid": whole.uid,
        "etag": whole.etag,
        "source": str(draft.route.source),
        "via": str(draft.route.via),
        "origin": str(draft.route.origin),
        "broken": whole.broken,
        "document": whole.document.decode(),
    }


def _stored(text: str) -> str:
    """Words of a problem as any database takes them."""
    return text[:MAX_WORDS].replace("\0", "�").encode(errors="replace").decode()


def _location(text: str) -> Location:
    kind, _, target = text.partition(":")
    return Location(kind, target)


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
