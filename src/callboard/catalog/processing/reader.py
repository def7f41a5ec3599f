"""Reading sources through files and the fetch port, and remembering what has not changed since."""

import asyncio
import random
from collections.abc import Sequence
from typing import Final

import msgspec

from callboard.base.clock import Clock
from callboard.base.errors import BadInput, NotFound, Problem
from callboard.base.settings import CatalogReadingSettings
from callboard.catalog.processing.draft import Route
from callboard.catalog.processing.local import Begun, begin_local, finished, is_unchanged, problem_of
from callboard.catalog.processing.reading import Content, SourceReading, failed, parse, reading_of
from callboard.catalog.processing.stumble import stumbled
from callboard.catalog.processing.targets import MOST_ADDRESSES, TargetContents
from callboard.catalog.sources.fetch import Fetch
from callboard.catalog.sources.files import Expansion, expand
from callboard.catalog.sources.globs import has_wildcard
from callboard.catalog.sources.location import Location

__all__ = ["SourceReader"]

CONCURRENT_FETCHES = 8
"""URLs read at once: enough to hide one slow server, few enough to be no burden to any."""


ROUND = 60.0
"""Seconds for all addresses of one depth. What has not answered by then stays as it was, and is due at the next look."""


class SourceReader:
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
        self._readings: dict[Route, SourceReading] = {}
        self._due: dict[Route, float] = {}
        self._expanded: dict[tuple[Location, tuple[str, ...] | None], Expansion | None] = {}
        """What each target names; None where that could not be found out."""
        self._gate: Final = asyncio.Semaphore(CONCURRENT_FETCHES)

    def begin(self) -> None:
        """Begin a walk: what targets name is found out anew."""
        self._expanded = {}

    async def nothing_new(self, readings: Sequence[SourceReading]) -> bool:
        """Whether the walk that gave `readings` would give the very same: every file and every glob as it was, no URL due."""
        if any(r.remote and self._is_due(r.route) for r in readings):
            return False
        return await asyncio.to_thread(self._is_same, readings)

    def _is_same(self, readings: Sequence[SourceReading]) -> bool:
        return all(_same_files(*of, found) for of, found in self._expanded.items()) and all(
            is_unchanged(reading) for reading in readings if reading.route.source.type == "file"
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

    async def read(self, routes: Sequence[Route], *, force: bool) -> list[SourceReading]:
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
        try:
            async with asyncio.timeout(ROUND), asyncio.TaskGroup() as group:
                for route in urls:
                    group.create_task(self._read_url(route), name=f"read {route.source}")
                for each in begun:
                    group.create_task(self._finish(each), name=f"read for {each.route.source}")
        except TimeoutError:
            pass  # what is left is still due
        return [self._readings.get(r) or _not_in_time(r) for r in routes]

    def _is_due(self, route: Route) -> bool:
        return route not in self._readings or self._clock.monotonic() >= self._due.get(route, 0.0)

    def _read_files(self, routes: Sequence[Route], force: bool) -> "list[SourceReading | Begun]":
        readings: list[SourceReading | Begun] = []
        for route in routes:
            before = self._readings.get(route)
            due = before is not None and before.remote and (force or self._is_due(route))
            if before is not None and not due and is_unchanged(before):
                readings.append(before)
                continue
            begun = begin_local(route, self._limits)
            wants_addresses = isinstance(begun, Begun) and begun.addresses
            readings.append(
                begun if wants_addresses or isinstance(begun, SourceReading) else finished(begun, {})
            )
        return readings

    async def _finish(self, begun: "Begun") -> None:
        """Read the addresses that placeholders of a file name."""
        route = begun.route
        try:
            async with self._gate:
                contents = await self._contents(begun.addresses)
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

    async def _fetched(self, route: Route, before: SourceReading | None) -> SourceReading:
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
            problem = problem_of(error, route.source.shown)
            return (
                before if before is not None and before.problems == (problem,) else failed(route, [problem])
            )
        contents = await self._contents(parsed.wanted)
        reading = await asyncio.to_thread(reading_of, parsed, route, contents)
        return msgspec.structs.replace(reading, etag="" if parsed.wanted else fetched.etag)

    async def _contents(self, addresses: Sequence[Location]) -> dict[Location, Content]:
        contents = TargetContents()
        for number, each in enumerate(addresses):
            if number < MOST_ADDRESSES:
                contents.put(each, await self._content(each))
            else:
                expected = f"at most {MOST_ADDRESSES} addresses in one file"
                contents.put(each, Problem("is not read", where=each.shown, expected=expected))
        return contents.held

    async def _content(self, location: Location) -> Content:
        if self._fetch is None:
            return Problem("URLs are not read here", where=location.shown)
        try:
            return (await self._fetch(location.target)).body
        except Exception as error:
            return problem_of(error, location.shown)


def _same_files(target: Location, folders: tuple[str, ...] | None, found: Expansion | None) -> bool:
    try:
        return found is not None and expand(target, folders) == found
    except Exception:
        return False


def _not_in_time(route: Route) -> SourceReading:
    problem = Problem("was not read in time; it is tried again", where=route.source.shown)
    return msgspec.structs.replace(failed(route, [problem]), remote=True)
