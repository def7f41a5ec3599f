"""One local file: read, its documents judged, and what its placeholders name in other files. It blocks: call it in a thread."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from callboard.base.config.watch import FileStamp, stamp
from callboard.base.errors import NotFound, Problem
from callboard.base.settings import CatalogReadingSettings
from callboard.catalog.processing.draft import Route
from callboard.catalog.processing.reading import Content, Parsed, SourceReading, failed, parse, reading_of
from callboard.catalog.processing.stumble import stumbled
from callboard.catalog.processing.targets import TargetContents
from callboard.catalog.sources.files import read_file
from callboard.catalog.sources.location import Location

__all__ = ["Begun", "begin_local", "finished", "is_unchanged", "problem_of", "read_local"]


def is_unchanged(reading: SourceReading) -> bool:
    """Whether every file that was read for it is as it was. One that could not even be looked at is always read again."""
    try:
        return bool(reading.stamps) and all(stamp(each.path) == each for each in reading.stamps)
    except Exception:
        return False  # reading it tells what it is


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


def read_local(route: Route, limits: CatalogReadingSettings) -> SourceReading:
    """Read and validate one file, the placeholders in it included but for addresses."""
    begun = begin_local(route, limits)
    return begun if isinstance(begun, SourceReading) else finished(begun, dict.fromkeys(begun.addresses))


def begin_local(route: Route, limits: CatalogReadingSettings) -> Begun | SourceReading:
    """The same without the end; a Reading where it cannot be read at all."""
    stamps: list[FileStamp] = []
    try:
        return _begun_local(route, limits, stamps)
    except Exception as error:
        reading = failed(route, [problem_of(error, route.source.target)])
        return msgspec.structs.replace(reading, stamps=tuple(stamps))


def _begun_local(route: Route, limits: CatalogReadingSettings, stamps: list[FileStamp]) -> Begun:
    # Each stamp is taken first: a change while we read makes the next look read again.
    path = route.source.target
    stamps.append(stamp(Path(path)))
    data = read_file(path, limits.max_file_bytes)
    parsed = parse(data, route, most=limits.max_entities_per_location, folders=limits.folders)
    contents = TargetContents()
    for wanted in parsed.wanted:
        if wanted.type == "url":
            continue
        stamps.append(stamp(Path(wanted.target)))
        try:
            contents.put(wanted, read_file(wanted.target, limits.max_file_bytes))
        except Exception as error:
            contents.put(wanted, problem_of(error, wanted.target))
    return Begun(route, parsed, contents.held, tuple(stamps))


def finished(begun: Begun, addresses: Mapping[Location, Content]) -> SourceReading:
    """The reading, with what the addresses held."""
    try:
        reading = reading_of(begun.parsed, begun.route, {**begun.contents, **addresses})
    except Exception as error:
        reading = failed(begun.route, [stumbled(error, begun.route.source.target)])
    return msgspec.structs.replace(reading, stamps=begun.stamps)


def problem_of(error: Exception, where: str) -> Problem:
    """What is told of a source at `where` that could not be read."""
    if isinstance(error, NotFound) and "://" not in where:
        return Problem("does not exist", where=where)
    return stumbled(error, where)
