"""Validating catalog files without a store: what `callboard catalog validate` prints."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from callboard.base.errors import Problem
from callboard.base.settings import CatalogReadingSettings
from callboard.catalog.processing.draft import Draft, Route
from callboard.catalog.processing.local import read_local
from callboard.catalog.processing.reading import SourceReading
from callboard.catalog.sources.globs import has_wildcard, matching
from callboard.catalog.sources.location import Location

__all__ = ["Validation", "validate_paths"]

SUFFIXES = (".yaml", ".yml")


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, and what is wrong with it; good when `problems` is empty."""

    files: int
    entities: int
    """Valid ones."""
    documents: int
    """All that are not empty, valid or not."""
    problems: tuple[Problem, ...]


def validate_paths(paths: Sequence[str], limits: CatalogReadingSettings | None = None) -> Validation:
    """Validate files, globs, and directories (every `.yaml` and `.yml` below them, hidden ones
    left out). Nothing is fetched; Locations are not followed. It blocks: call it in a thread.
    """
    limits = limits or CatalogReadingSettings()
    problems: list[Problem] = []
    readings: list[SourceReading] = []
    for file in _files(paths, problems):
        path = str(file)
        readings.append(read_local(Route(*[Location("file", path)] * 3), limits))
    for reading in readings:
        problems += reading.problems
        for broken in reading.broken:
            problems += broken.problems
    drafts = [draft for reading in readings for draft in reading.drafts]
    problems += _doubles(drafts)
    return Validation(
        files=len(readings),
        entities=len(drafts),
        documents=sum(reading.documents for reading in readings),
        problems=tuple(sorted(problems, key=lambda p: (p.where, p.line or 0))),
    )


def _files(paths: Sequence[str], problems: list[Problem]) -> Iterator[Path]:
    seen: set[Path] = set()
    for text in paths:
        path = Path(text)
        if path.is_dir():
            found = sorted(
                p for p in path.rglob("*") if p.suffix in SUFFIXES and not _hidden(p.relative_to(path))
            )
            expected = "at least one .yaml or .yml file"
        elif has_wildcard(text) and not path.exists():
            found = [Path(match) for match in matching(text)]
            expected = "at least one file that matches"
        else:
            found = [path] if path.exists() else []
            expected = "a file, a directory or a glob"
        if not found:
            problems.append(Problem("nothing to validate", where=text, expected=expected))
        for file in found:
            if file not in seen:
                seen.add(file)
                yield file


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _doubles(drafts: Sequence[Draft]) -> Iterator[Problem]:
    first: dict[object, Draft] = {}
    for draft in drafts:
        before = first.setdefault(draft.ref, draft)
        if before is not draft:
            yield Problem(
                f"{draft.ref} is defined a second time",
                where=draft.route.source.target,
                line=draft.line,
                found=f"the same name in {before.route.source.target}:{before.line}",
                expected="one source for each entity",
            )
