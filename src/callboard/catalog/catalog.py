"""The catalog as the rest of Callboard sees it."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from callboard.base.bounded_map import BoundedMap
from callboard.base.clock import Clock, SystemClock
from callboard.base.database import DatabaseAway
from callboard.base.errors import BadInput, CallboardError, Problem
from callboard.base.settings import CatalogReadingSettings, CatalogSettings
from callboard.base.texts import Texts
from callboard.catalog.absence import Absence, absence_of
from callboard.catalog.directory import CatalogDirectory, directory_of
from callboard.catalog.documents import entity_of
from callboard.catalog.permission import may_read
from callboard.catalog.problem_log import ProblemLog
from callboard.catalog.processing.reader import SourceReader
from callboard.catalog.processing.reading import SourceReading
from callboard.catalog.processing.stitch import settle, stitch
from callboard.catalog.processing.walk import Root, Walked, walk
from callboard.catalog.search import FACETS, FacetValue, Found, ReadableRefs, SearchQuery
from callboard.catalog.sources.fetch import Fetch
from callboard.catalog.sources.roots import place_of
from callboard.catalog.store import Store
from callboard.model.caller import Caller
from callboard.model.entity import Entity, EntityRef

__all__ = ["Catalog", "Refreshed"]

MOST_KNOWN = 2000
"""Entities kept as they were read, some kilobytes each, and that there is none: those asked for last."""

MOST_PROBLEMS = 1000
"""Told one by one: more than anybody reads, and what a page of them still holds."""

_NOBODY = CatalogDirectory({}, {}, -1)

log = structlog.get_logger(__name__)


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """What a refresh came to: entities written, removed and left alone, sources read anew, problems found."""

    written: int = 0
    removed: int = 0
    unchanged: int = 0
    read: int = 0
    problems: int = 0


class Catalog:
    """Entities from the configured locations. It is an `EntityReader`.

    `directory` is where relative file targets start; with `assumed` nobody wrote the locations down: nothing has to be there.
    `fetch` reads `url` locations; without it they are refused.
    `look_interval` is in seconds, between two looks at the files. The store is started and closed by its owner.
    """

    def __init__(
        self,
        settings: CatalogSettings,
        store: Store,
        *,
        directory: Path,
        fetch: Fetch | None = None,
        reading: CatalogReadingSettings | None = None,
        assumed: bool = False,
        look_interval: float = 2.0,
        clock: Clock | None = None,
    ) -> None:
        self._store = store
        self._directory = directory
        self._look_interval = look_interval
        self._clock = clock or SystemClock()
        self._refreshing = asyncio.Lock()
        self._told = ProblemLog()
        self._refused = ""
        """Why the last refresh came to nothing."""
        self.revision = 0
        """Another number whenever entities were written or removed."""
        self._known: BoundedMap[EntityRef, tuple[Entity | None]] = BoundedMap(MOST_KNOWN)
        """In a tuple, because that there is none is known, too."""
        self._known_as_of = 0
        """The revision they are of."""
        self._company: CatalogDirectory | None = None
        self._directing = asyncio.Lock()
        self._configure(settings, fetch, reading or CatalogReadingSettings(), assumed)

    def _configure(
        self,
        settings: CatalogSettings,
        fetch: Fetch | None,
        reading: CatalogReadingSettings,
        assumed: bool,
    ) -> None:
        self._assumed = assumed
        self._settings = settings
        folders = tuple(str(self._directory.absolute() / folder) for folder in reading.folders)
        self._limits = msgspec.structs.replace(reading, folders=folders)
        self._reader = SourceReader(
            self._limits, fetch=fetch, clock=self._clock, url_interval=settings.processing_interval
        )
        self._roots: list[Root] = []
        self._walked: Walked | None = None
        self._last: tuple[tuple[SourceReading, ...], tuple[Problem, ...]] | None = None
        self._entities = 0
        self._problems: tuple[Problem, ...] = ()

    async def reconfigure(
        self,
        settings: CatalogSettings,
        fetch: Fetch | None = None,
        reading: CatalogReadingSettings | None = None,
        assumed: bool = False,
    ) -> None:
        """Go on with other settings from the next refresh; entities of locations that are gone go with it."""
        async with self._refreshing:
            self._configure(settings, fetch, reading or self._limits, assumed)

    # ---------------------------------------------------------------- keeping up

    async def refresh(self, *, force: bool = False) -> Refreshed:
        """Read what changed and bring the store up to date. `force` asks every URL now, due or not."""
        async with self._refreshing:
            roots, root_problems = await asyncio.to_thread(
                _roots, self._settings, self._directory, self._assumed
            )
            if (
                self._last is not None
                and not force
                and roots == self._roots
                and await self._reader.nothing_new(self._last[0])
            ):
                return self._unchanged()
            before = {id(reading) for reading in self._last[0]} if self._last else set()
            self._roots = roots
            walked = await walk(
                self._reader,
                roots,
                self._settings.rules,
                self._store.last_good,
                most=self._limits.max_entities_per_location,
                force=force,
                folders=self._limits.folders,
            )
            if self._assumed and not walked.readings:
                root_problems.append(_nothing(self._settings, self._directory))
            walked = msgspec.structs.replace(walked, problems=(*root_problems, *walked.problems))
            read = sum(1 for reading in walked.readings if id(reading) not in before)
            seen = (walked.readings, walked.problems)
            if self._last is not None and not read and _same(self._last, seen):
                return self._unchanged()
            self._last = None  # until the store has it, nothing is known to be up to date
            refreshed = await self._stitch(walked, read)
            self._last, self._walked = seen, walked
            return refreshed

    def _unchanged(self) -> Refreshed:
        return Refreshed(unchanged=self._entities, problems=len(self._problems))

    async def _stitch(self, walked: Walked, read: int) -> Refreshed:
        known = await self._store.known()
        claims, conflicts = settle(walked.claims, {ref: k.source for ref, k in known.items()})
        etags = {ref: k.etag for ref, k in known.items()}
        stitched = await asyncio.to_thread(stitch, claims, walked.unreadable, etags, walked.lost)
        written = await self._store.write(stitched.changed, stitched.gone)
        problems = _bounded((*walked.problems, *conflicts, *stitched.problems, *written.problems))
        if written.written or written.removed:
            self.revision += 1
        await self._store.replace_problems(problems)
        self._entities, self._problems = len(claims), problems
        return Refreshed(
            written=written.written,
            removed=written.removed,
            unchanged=stitched.unchanged,
            read=read,
            problems=len(problems),
        )

    async def run(self) -> None:
        """Keep up with the files and URLs until cancelled; a task of the caller's. A refresh that fails is tried again. What
        is wrong with the sources is logged when it is first found, and when it is mended."""
        while True:
            try:
                refreshed = await self.refresh()
                self._told.tell(self._problems)
            except DatabaseAway:
                pass  # told by the database itself, which has been tried for us when we come again
            except CallboardError as error:
                self._tell_refused(error)
            except Exception as error:
                log.exception(
                    "the catalog could not be read anew; what is known stays, and it is tried again in a moment",
                    code="unexpected",
                    error=type(error).__name__,
                )
            else:
                if self._refused:
                    log.info("the catalog is read anew again")
                self._refused = ""
                if refreshed.written or refreshed.removed:
                    log.info("the catalog changed", **msgspec.structs.asdict(refreshed))
            await asyncio.sleep(self._look_interval)

    def _tell_refused(self, error: CallboardError) -> None:
        """In the log once for each reason, and on the list for as long as it is so."""
        if error.message != self._refused:
            log.error(
                "the catalog could not be read anew; what is known stays, and it is tried again until it works",
                code=error.code,
                error=error.message,
            )
        self._refused = error.message

    # ---------------------------------------------------------------- answering

    async def entity(self, ref: EntityRef, caller: Caller) -> Entity | None:
        """The entity as this caller may see it, or None."""
        (found,) = await self.entities((ref,), caller)
        return found

    async def document(self, ref: EntityRef, caller: Caller) -> bytes | None:
        """The entity's whole JSON as Backstage's catalog API gives it, fields the model leaves out included; or None."""
        return await self._store.document(str(ref)) if may_read(caller) else None

    async def entities(self, refs: Sequence[EntityRef], caller: Caller) -> tuple[Entity | None, ...]:
        """Several entities in the order asked for, None where there is none for this caller."""
        if not may_read(caller):
            return (None,) * len(refs)
        revision = self.revision
        if self._known_as_of != revision:
            self._known.clear()
            self._known_as_of = revision
        found = {ref: known[0] for ref in refs if (known := self._known.get(ref)) is not None}
        unknown = [ref for ref in dict.fromkeys(refs) if ref not in found]
        if unknown:
            documents = await self._store.documents([str(ref) for ref in unknown])
            for ref in unknown:
                document = documents.get(str(ref))
                found[ref] = entity_of(document) if document is not None else None
        if (
            revision == self.revision == self._known_as_of
        ):  # else they may be older than what was written meanwhile
            for ref, entity in found.items():
                self._known.put(ref, (entity,))
        return tuple(found.get(ref) for ref in refs)

    @property
    def company(self) -> CatalogDirectory:
        """The directory that was made last; one of nothing before the first."""
        return _NOBODY if self._company is None else self._company

    async def directory(self) -> CatalogDirectory:
        """Who owns what and who belongs to whom, as the catalog is now; made once for each state of it. For deciding, never to be
        shown."""
        while self._company is None or self._company.revision != self.revision:
            async with self._directing:
                if self._company is None or self._company.revision != self.revision:
                    revision = self.revision
                    documents = await self._store.all_documents()
                    self._company = await asyncio.to_thread(directory_of, documents, revision)
        return self._company

    async def search(self, query: SearchQuery, caller: Caller, only: ReadableRefs | None = None) -> Found:
        """One page of entities, of those `only` where it is said. Raises UsageError for a query out of bounds."""
        query.check()
        if not may_read(caller):
            return Found((), 0)
        documents, number = await self._store.search(query, _texts(only))
        return Found(tuple(entity_of(document) for document in documents), number)

    async def refs(
        self, query: SearchQuery, caller: Caller, only: ReadableRefs | None = None
    ) -> tuple[EntityRef, ...]:
        """All that a search finds, in its order, whatever page it asks for. Raises UsageError for a query out of bounds."""
        query.check()
        if not may_read(caller):
            return ()
        return tuple(await self._store.refs(query, _texts(only)))

    async def facets(
        self, query: SearchQuery, caller: Caller, only: ReadableRefs | None = None
    ) -> dict[str, tuple[FacetValue, ...]]:
        """For every one of `FACETS`, its values with how many entities have them under all *other* filters of the query;
        at most 200 each, the most frequent first. Raises UsageError for a query out of bounds."""
        query.check()
        found = await self._store.facets(query, _texts(only)) if may_read(caller) else {}
        return {name: found.get(name, ()) for name in FACETS}

    async def absence(self, ref: EntityRef, caller: Caller) -> Absence:
        """Why an entity is not there, as far as this caller may know; as of the last refresh of this process."""
        walked = self._walked
        if not may_read(caller) or walked is None:
            return Absence()
        own = {problem for problems in walked.told.values() for problem in problems}
        unreadable = [problem for problem in walked.problems if problem not in own]
        known = await self._store.known()
        return await asyncio.to_thread(absence_of, ref, walked.told, walked.mentions, unreadable, list(known))

    async def problems(self, caller: Caller) -> tuple[Problem, ...]:
        """What is wrong with the sources, as of the last refresh."""
        if not may_read(caller):
            return ()
        found = await self._store.problems()
        if self._refused:
            found.insert(
                0,
                Problem(
                    f"the catalog could not be read anew, and is shown as it was before: {self._refused}"
                ),
            )
        return tuple(found)


def _texts(only: ReadableRefs | None) -> Texts | None:
    return only.texts if only is not None else None


def _nothing(settings: CatalogSettings, directory: Path) -> Problem:
    targets = (os.path.relpath(each.target, directory) for each in settings.locations)
    return Problem(
        "holds no catalog file", where=str(directory.absolute()), expected=f"one of {', '.join(targets)}"
    )


def _roots(settings: CatalogSettings, directory: Path, assumed: bool) -> tuple[list[Root], list[Problem]]:
    roots: list[Root] = []
    problems: list[Problem] = []
    for index, configured in enumerate(settings.locations):
        try:
            place = place_of(configured.type, configured.target, directory)
            roots.append(
                Root(place.location, configured.rules, place.missing(), str(directory) if assumed else "")
            )
        except BadInput as error:
            found = error.problem
            path = f"catalog.locations[{index}]"
            problems.append(
                Problem(
                    found.message,
                    where="catalog.locations",
                    path=path,
                    found=found.found,
                    expected=found.expected,
                )
            )
    return roots, problems


def _bounded(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    if len(problems) <= MOST_PROBLEMS:
        return tuple(problems)
    more = f"{len(problems) - MOST_PROBLEMS + 1} further problems are not told one by one"
    return (*problems[: MOST_PROBLEMS - 1], Problem(more, where="catalog.locations"))


def _same(
    last: tuple[tuple[SourceReading, ...], tuple[Problem, ...]],
    now: tuple[tuple[SourceReading, ...], tuple[Problem, ...]],
) -> bool:
    return (
        len(last[0]) == len(now[0])
        and all(a is b for a, b in zip(last[0], now[0], strict=True))
        and last[1] == now[1]
    )
