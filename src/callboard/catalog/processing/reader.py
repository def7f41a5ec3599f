"""Reading sources through files and the fetch port, and remembering what has not changed since."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from callboard.base.clock import Clock
from callboard.base.config.watch import FileStamp, stamp
from callboard.base.errors import BadInput, NotFound, Problem
from callboard.base.settings import CatalogReadingSettings
from callboard.catalog.processing.draft import Route
from callboard.catalog.processing.reading import Content, Parsed, Reading, failed, parse, reading_of
from callboard.catalog.processing.stumble import stumbled
from callboard.catalog.sources.fetch import Fetch
from callboard.catalog.sources.files import Expansion, expand, read_file
from callboard.catalog.sources.globs import has_wildcard
from callboard.catalog.sources.location import Location

__all__ = ["Reader", "read_local"]

CONCURRENT_FETCHES = 8
"""URLs read at once: enough to hide one slow server, few enough to be no burden to any."""


class Reader:
    """Reads sources; a file whose stamp is the same, and a URL that is not due, give the very reading of last time.

    `url_interval` is in seconds; each URL is due between one and one and a half of it later.
    """

    def __init__(
        self, limits: CatalogReadingSettings, *, fetch: Fetch | None, clock: Clock, url_interval: float
    ) -> None:
        self._limits = limits
        self._fetch = fetch
        self._clock = clock
        self._url_interval = url_interval
        self._readings: dict[Route, Reading] = {}
        self._due: dict[Route, float] = {}
        self._expanded: dict[tuple[Location, tuple[str, ...] | None], Expansion | None] = {}
        """What each target names; None where that could not be found out."""
        self._gate: Final = asyncio.Semaphore(CONCURRENT_FETCHES)

    def begin(self) -> None:
        """Begin a walk: what targets name is found out anew."""
        self._expanded = {}

    async def nothing_new(self, readings: Sequence[Reading]) -> bool:
        """Whether the walk that gave `readings` would give the very same: every file and every glob as it was, no URL due."""
        if any(r.remote and self._is_due(r.route) for r in readings):
            return False
        return await asyncio.to_thread(self._is_same, readings)

    def _is_same(self, readings: Sequence[Reading]) -> bool:
        return all(_same_files(*of, found) for of, found in self._expanded.items()) and all(
            _unchanged(reading) for reading in readings if reading.route.source.type == "file"
        )

    def forget_others(self, routes: Sequence[Route]) -> None:
        """Drop what is remembered of sources that nobody names any more."""
        kept = set(routes)
        self._readings = {r: v for r, v in self._readings.items() if r in kept}
        self._due = {r: v for r, v in self._due.items() if r in kept}

    async def expand(self, target: Location, folders: tuple[str, ...] | None = None) -> Expansion:
        """The sources a target names: a file's in `folders`, where these are given. Raises NotFound or BadInput."""
        if target.type == "file":
            self._expanded[target, folders] = None
            found = await asyncio.to_thread(expand, target, folders)
            self._expanded[target, folders] = found
            if found == Expansion():
                raise NotFound(f"{target} does not exist", code="no-such-location")
            return found
        if has_wildcard(target.target.partition("?")[0]):
            raise BadInput(Problem("globs are read in file targets only", where=target.shown))
        return Expansion((target,))

    async def read(self, routes: Sequence[Route], *, force: bool) -> list[Reading]:
        """Read all sources, in the order given. With `force`, URLs are asked whether they are due or not."""
        files = [r for r in routes if r.source.type == "file"]
        urls = [r for r in routes if r.source.type == "url" and (force or self._is_due(r))]
        begun: list[Begun] = []
        if files:
            for found in await asyncio.to_thread(self._read_files, files, force):
                if isinstance(found, Begun):
                    begun.append(found)
                else:
                    self._readings[found.route] = found
        async with asyncio.TaskGroup() as group:
            for route in urls:
                group.create_task(self._read_url(route), name=f"read {route.source}")
            for each in begun:
                group.create_task(self._finish(each), name=f"read for {each.route.source}")
        return [self._readings[r] for r in routes]

    def _is_due(self, route: Route) -> bool:
        return route not in self._readings or self._clock.monotonic() >= self._due.get(route, 0.0)

    def _read_files(self, routes: Sequence[Route], force: bool) -> "list[Reading | Begun]":
        readings: list[Reading | Begun] = []
        for route in routes:
            before = self._readings.get(route)
            due = before is not None and before.remote and (force or self._is_due(route))
            if before is not None and not due and _unchanged(before):
                readings.append(before)
                continue
            begun = begin_local(route, self._limits)
            wants_addresses = isinstance(begun, Begun) and begun.addresses
            readings.append(begun if wants_addresses or isinstance(begun, Reading) else finished(begun, {}))
        return readings

    async def _finish(self, begun: "Begun") -> None:
        """Read the addresses that placeholders of a file name."""
        route = begun.route
        try:
            async with self._gate:
                contents = {each: await self._content(each) for each in begun.addresses}
            reading = await asyncio.to_thread(finished, begun, contents)
        except Exception as error:
            reading = failed(route, [stumbled(error, route.source.shown)])
        self._readings[route] = msgspec.structs.replace(reading, remote=True)
        self._set_due(route)

    async def _read_url(self, route: Route) -> None:
        before = self._readings.get(route)
        async with self._gate:
            try:
                reading = await self._fetched(route, before)
            except Exception as error:
                reading = failed(route, [stumbled(error, route.source.shown)])
        self._readings[route] = reading if reading.remote else msgspec.structs.replace(reading, remote=True)
        self._set_due(route)

    def _set_due(self, route: Route) -> None:
        self._due[route] = self._clock.monotonic() + self._url_interval * random.uniform(1.0, 1.5)  # noqa: S311 - jitter

    async def _fetched(self, route: Route, before: Reading | None) -> Reading:
        url = route.source.target
        if self._fetch is None:
            return failed(route, [Problem("URLs are not read here", where=route.source.shown)])
        # A source with placeholders is always read whole: its own ETag says nothing of theirs.
        etag = before.etag if before is not None else ""
        try:
            fetched = await self._fetch(url, etag)
            if fetched.unchanged:
                if before is None:
                    return failed(
                        route, [Problem("answered unchanged to a first question", where=route.source.shown)]
                    )
                return before
            parsed = await asyncio.to_thread(
                parse, fetched.body, route, most=self._limits.max_entities_per_location
            )
        except Exception as error:
            problem = _problem(error, route.source.shown)
            return (
                before if before is not None and before.problems == (problem,) else failed(route, [problem])
            )
        contents: dict[Location, Content] = {}
        for wanted in parsed.wanted:
            contents[wanted] = await self._content(wanted)
        reading = await asyncio.to_thread(reading_of, parsed, route, contents)
        return msgspec.structs.replace(reading, etag="" if parsed.wanted else fetched.etag)

    async def _content(self, location: Location) -> Content:
        if self._fetch is None:
            return Problem("URLs are not read here", where=location.shown)
        try:
            return (await self._fetch(location.target)).body
        except Exception as error:
            return _problem(error, location.shown)


def _unchanged(reading: Reading) -> bool:
    """Whether every file that was read for it is as it was. One that could not even be looked at is always read again."""
    try:
        return bool(reading.stamps) and all(stamp(each.path) == each for each in reading.stamps)
    except Exception:
        return False  # reading it tells what it is


def _same_files(target: Location, folders: tuple[str, ...] | None, found: Expansion | None) -> bool:
    try:
        return found is not None and expand(target, folders) == found
    except Exception:
        return False


class Begun(msgspec.Struct, frozen=True):
    """A file that is read but for the addresses its placeholders name."""

    route: Route
    parsed: Parsed
    contents: dict[Location, Content]
    stamps: tuple[FileStamp, ...]

    @property
    def addresses(self) -> tuple[Location, ...]:
        """What is still to be read."""
        return tuple(each for each in self.parsed.wanted if each.type == "url")


def read_local(route: Route, limits: CatalogReadingSettings) -> Reading:
    """Read and validate one file, the placeholders in it included but for addresses. It blocks: call it in a thread."""
    begun = begin_local(route, limits)
    return begun if isinstance(begun, Reading) else finished(begun, dict.fromkeys(begun.addresses))


def begin_local(route: Route, limits: CatalogReadingSettings) -> Begun | Reading:
    """The same without the end; a Reading where it cannot be read at all."""
    stamps: list[FileStamp] = []
    try:
        return _begun_local(route, limits, stamps)
    except Exception as error:
        reading = failed(route, [_problem(error, route.source.target)])
        return msgspec.structs.replace(reading, stamps=tuple(stamps))


def _begun_local(route: Route, limits: CatalogReadingSettings, stamps: list[FileStamp]) -> Begun:
    # Each stamp is taken first: a change while we read makes the next look read again.
    path = route.source.target
    stamps.append(stamp(Path(path)))
    data = read_file(path, limits.max_file_bytes)
    parsed = parse(data, route, most=limits.max_entities_per_location, folders=limits.folders)
    contents: dict[Location, Content] = {}
    for wanted in parsed.wanted:
        if wanted.type == "url":
            continue
        stamps.append(stamp(Path(wanted.target)))
        try:
            contents[wanted] = read_file(wanted.target, limits.max_file_bytes)
        except Exception as error:
            contents[wanted] = _problem(error, wanted.target)
    return Begun(route, parsed, contents, tuple(stamps))


def finished(begun: Begun, addresses: Mapping[Location, Content]) -> Reading:
    """The reading, with what the addresses held."""
    try:
        reading = reading_of(begun.parsed, begun.route, {**begun.contents, **addresses})
    except Exception as error:
        reading = failed(begun.route, [stumbled(error, begun.route.source.target)])
    return msgspec.structs.replace(reading, stamps=begun.stamps)


def _problem(error: Exception, where: str) -> Problem:
    if isinstance(error, NotFound) and "://" not in where:
        return Problem("does not exist", where=where)
    return stumbled(error, where)
