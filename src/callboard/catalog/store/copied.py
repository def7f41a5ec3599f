"""The catalog's tables on a server, and a copy of them in memory to read from while that does not answer."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from callboard.base.database import Database, DatabaseAway, to_its_end
from callboard.base.errors import Problem
from callboard.base.texts import Texts
from callboard.catalog.search import FacetValue, SearchQuery
from callboard.catalog.store.schema import METADATA
from callboard.catalog.store.store import Known, Store
from callboard.model.entity import EntityRef

__all__ = ["CopiedStore"]

T = TypeVar("T")
R = TypeVar("R")

ROWS: Final = 500
"""Rows copied at once."""
FROM_MEMORY: Final = (
    "Callboard's database does not answer: the catalog is shown as it was before, and what changes in its files is taken when "
    "the database is back"
)


class CopiedStore(Store):
    """Readers get what the server has, or what it had last. A refresh waits until it is back: what changed in the files is not
    lost by that, and nothing is told as written that is not. The copy's database is its owner's, too."""

    def __init__(self, database: Database, copy: Database) -> None:
        super().__init__(database)
        self._copied = copy
        self._copy = Store(copy)
        self._whole = False
        """Whether the copy has all that the server has."""

    async def start(self) -> None:
        await super().start()
        await self._copy.start()
        await self._fill()

    @to_its_end
    async def _fill(self) -> None:
        async with self._database.reading() as ours, self._copied.writing() as copy:
            for table in reversed(METADATA.sorted_tables):
                await copy.execute(table.delete())
            for table in METADATA.sorted_tables:
                async with ours.stream(select(table)) as found:
                    async for rows in found.mappings().partitions(ROWS):
                        await copy.execute(insert(table), [dict(row) for row in rows])
        self._whole = True

    # ---------------------------------------------------------------- refreshing

    async def known(self) -> dict[str, Known]:
        if not self._whole:
            await self._fill()
        return await super().known()

    async def _write(
        self, what: Callable[[AsyncConnection, Sequence[T]], Awaitable[None]], batch: Sequence[T]
    ) -> None:
        whole, self._whole = self._whole, False
        await super()._write(what, batch)
        await self._copy._write(what, batch)
        self._whole = whole

    async def replace_problems(self, found: Sequence[Problem]) -> None:
        await super().replace_problems(found)
        await self._copy.replace_problems(found)

    # ---------------------------------------------------------------- reading

    async def _or_copied(self, ours: Awaitable[R], copied: Callable[[], Awaitable[R]]) -> R:
        try:
            return await ours
        except DatabaseAway:
            self._whole = (
                False  # a server that comes back may have lost what it said it had: it is copied anew
            )
            return await copied()

    async def document(self, ref: str) -> bytes | None:
        return await self._or_copied(super().document(ref), lambda: self._copy.document(ref))

    async def documents(self, refs: Sequence[str]) -> dict[str, bytes]:
        return await self._or_copied(super().documents(refs), lambda: self._copy.documents(refs))

    async def all_documents(self) -> list[bytes]:
        return await self._or_copied(super().all_documents(), self._copy.all_documents)

    async def search(self, query: SearchQuery, only: Texts | None = None) -> tuple[list[bytes], int]:
        return await self._or_copied(super().search(query, only), lambda: self._copy.search(query, only))

    async def refs(self, query: SearchQuery, only: Texts | None = None) -> list[EntityRef]:
        return await self._or_copied(super().refs(query, only), lambda: self._copy.refs(query, only))

    async def facets(
        self, query: SearchQuery, only: Texts | None = None
    ) -> dict[str, tuple[FacetValue, ...]]:
        return await self._or_copied(super().facets(query, only), lambda: self._copy.facets(query, only))

    async def problems(self) -> list[Problem]:
        try:
            return await super().problems()
        except DatabaseAway:
            return [Problem(FROM_MEMORY), *await self._copy.problems()]
