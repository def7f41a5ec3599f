"""What one source holds: its valid entities, and what is wrong with the others. Pure: bytes in, values out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from callboard.base.config.watch import FileStamp
from callboard.base.errors import BadInput, Problem, UsageError
from callboard.catalog.processing.draft import Draft, Route, draft_of
from callboard.catalog.sources.document import Document, Path, path_text, read_documents
from callboard.catalog.sources.location import Location
from callboard.catalog.sources.placeholders import misplaced, placeholder, resolve_target, substituted
from callboard.catalog.validation import problems_of
from callboard.model.entity import EntityRef

__all__ = ["Broken", "Content", "Parsed", "Reading", "Wanted", "failed", "parse", "reading_of"]

Content = bytes | Problem
"""What a placeholder's target held, or why it could not be read."""


class Wanted(msgspec.Struct, frozen=True):
    """A placeholder of document number `index`."""

    index: int
    form: str
    location: Location


class Parsed(msgspec.Struct, frozen=True):
    """The documents of a source, the placeholders they ask for, and what is wrong so far."""

    documents: tuple[Document, ...]
    wanted: tuple[Wanted, ...] = ()
    problems: tuple[Problem, ...] = ()
    refused: Mapping[int, Problem] = {}
    """By document number: a placeholder that may not be read."""


class Broken(msgspec.Struct, frozen=True):
    """An entity that could be named but not read."""

    ref: EntityRef
    problems: tuple[Problem, ...]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One source, read. `problems` belong to no entity that can be named: whatever the source held before may still be
    meant, so nothing of it is dropped while there are any."""

    route: Route
    drafts: tuple[Draft, ...] = ()
    broken: tuple[Broken, ...] = ()
    problems: tuple[Problem, ...] = ()
    documents: int = 0
    stamps: tuple[FileStamp, ...] = ()
    """The files that were read for it; a change of one makes the reading out of date."""
    etag: str = ""


def parse(data: bytes, location: Location, *, most: int) -> Parsed:
    """Read a source's YAML, at most `most` documents, and find its placeholders."""
    documents = read_documents(data, location.shown)
    problems: list[Problem] = []
    wanted: list[Wanted] = []
    refused: dict[int, Problem] = {}
    if len(documents) > most:
        found, expected = f"{len(documents)}", f"at most {most}"
        problems.append(
            Problem("holds too many entities", where=location.shown, found=found, expected=expected)
        )
        documents = documents[:most]
    for index, document in enumerate(documents):
        asked = None if document.problems else placeholder(document.value)
        if asked is not None:
            form, target = asked
            try:
                wanted.append(Wanted(index, form, resolve_target(location, target)))
            except BadInput as error:
                refused[index] = _placed(document, error.problem)
    return Parsed(tuple(documents), tuple(wanted), tuple(problems), refused)


def reading_of(parsed: Parsed, route: Route, contents: Mapping[Location, Content]) -> Reading:
    """Fill in the placeholders, validate every document, and make drafts of the good ones."""
    drafts: list[Draft] = []
    broken: list[Broken] = []
    problems = list(parsed.problems)
    wanted = {w.index: w for w in parsed.wanted}
    for index, given in enumerate(parsed.documents):
        document, found = given, list(given.problems)
        if index in parsed.refused:
            found.append(parsed.refused[index])
        elif index in wanted:
            document, found = _filled(given, wanted[index], contents)
        if not found:
            found = _misplaced(document) or problems_of(document)
        if not found and isinstance(document.value, dict):
            drafts.append(draft_of(document.value, route, document.line()))
            continue
        ref = _name(document.value)
        if ref is None:
            problems += found
        else:
            broken.append(Broken(ref, tuple(found)))
    return Reading(
        route=route,
        drafts=tuple(drafts),
        broken=tuple(broken),
        problems=tuple(problems),
        documents=len(parsed.documents),
    )


def _filled(
    document: Document, wanted: Wanted, contents: Mapping[Location, Content]
) -> tuple[Document, list[Problem]]:
    content = contents[wanted.location]
    if isinstance(content, Problem):
        return document, [_placed(document, content)]
    try:
        return substituted(document, wanted.form, wanted.location, content), []
    except BadInput as error:
        return document, [_placed(document, error.problem)]


def _placed(document: Document, problem: Problem) -> Problem:
    """A problem with a placeholder's target, told at the placeholder."""
    place = f"{problem.where}: " if problem.where != document.where else ""
    path: Path = ("spec", "definition")
    return replace(
        problem,
        message=f"{place}{problem.message}",
        where=document.where,
        line=document.line(path),
        path=path_text(path),
    )


def _misplaced(document: Document) -> list[Problem]:
    return [
        Problem(
            "is a placeholder where none is read",
            where=document.where,
            line=document.line(path),
            path=path_text(path),
            expected="$text, $json and $yaml only as spec.definition of an API",
        )
        for path in misplaced(document.value)
    ]


def _name(value: object) -> EntityRef | None:
    """The ref of a document that is not valid, when it can be made out all the same."""
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(metadata, dict):
        return None
    parts = (value.get("kind"), metadata.get("namespace", "default"), metadata.get("name"))
    texts = [part for part in parts if isinstance(part, str) and part]
    if len(texts) != 3:
        return None
    try:
        return EntityRef.parse(f"{texts[0]}:{texts[1]}/{texts[2]}")
    except UsageError:
        return None


def failed(route: Route, problems: Sequence[Problem]) -> Reading:
    """The reading of a source that could not be read at all."""
    return Reading(route=route, problems=tuple(problems))
