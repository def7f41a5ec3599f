"""What one source holds: its valid entities, and what is wrong with the others. Pure: bytes in, values out."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Final, TypeVar

import msgspec

from callboard.base.config.watch import FileStamp
from callboard.base.errors import BadInput, Problem, UsageError
from callboard.catalog.processing.draft import Draft, Route, draft_of
from callboard.catalog.processing.stumble import stumbled
from callboard.catalog.sources.document import Path, SourceDocument, path_text, read_documents
from callboard.catalog.sources.location import Location
from callboard.catalog.sources.placeholders import misplaced, placeholder, resolve_target, substituted
from callboard.catalog.validation import problems_of
from callboard.model.entity import EntityRef

__all__ = ["Broken", "Content", "Parsed", "SourceReading", "WaitingDocument", "failed", "parse", "reading_of"]

T = TypeVar("T")

MOST_NAMES = 10_000
_NAME: Final = re.compile(rb"\bname\"?[ \t]{0,20}:[ \t]{0,20}[\"']?([A-Za-z0-9][A-Za-z0-9_.-]{0,62})")

_WEB_PAGE: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|\?xml)\b", re.IGNORECASE)

Content = bytes | Problem | None
"""What a placeholder's target held, or why it could not be read; None where nobody was to read it."""


class Broken(msgspec.Struct, frozen=True):
    """An entity that could be named but not read."""

    ref: EntityRef
    problems: tuple[Problem, ...]


class Nameless(msgspec.Struct, frozen=True):
    """A document of which not even the name can be told."""

    problems: tuple[Problem, ...]


class WaitingDocument(msgspec.Struct, frozen=True):
    """A document that waits for the target of its placeholder."""

    document: SourceDocument
    form: str
    location: Location


Judged = Draft | Broken | Nameless


class Parsed(msgspec.Struct, frozen=True):
    """A source's documents in their order, judged but for those with a placeholder."""

    items: tuple[Judged | WaitingDocument, ...]
    mentions: tuple[str, ...] = ()

    @property
    def wanted(self) -> tuple[Location, ...]:
        """The targets of the placeholders."""
        return tuple(dict.fromkeys(item.location for item in self.items if isinstance(item, WaitingDocument)))


class SourceReading(msgspec.Struct, frozen=True, kw_only=True):
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
    mentions: tuple[str, ...] = ()
    """Where a document cannot be named: the names that the whole source seems to hold."""
    remote: bool = False
    """Whether addresses were read for it, which may hold something else by now."""


def parse(data: bytes, route: Route, *, most: int, folders: Sequence[str] = ()) -> Parsed:
    """Read and judge a source's documents, at most `most`. One by one: the trees of thousands would be a burden together.
    Placeholders may name files in `folders` as well."""
    source = route.source
    if _WEB_PAGE.match(data[:1000]):
        return Parsed(
            (Nameless((Problem("is a web page (HTML)", where=source.shown, expected="a YAML file"),)),)
        )
    items: list[Judged | WaitingDocument] = []
    try:
        for document in read_documents(data, source.shown):
            if len(items) == most:
                expected = f"at most {most}"
                items.append(
                    Nameless((Problem("holds too many entities", where=source.shown, expected=expected),))
                )
                break
            items.append(_fenced(document, partial(_begun, document, route, folders)))
    except Exception as error:
        items.append(Nameless((stumbled(error, source.shown),)))
    unread = any(isinstance(item, Nameless) for item in items)
    return Parsed(tuple(items), _names_in(data) if unread else ())


def _names_in(data: bytes) -> tuple[str, ...]:
    """The names that a file seems to hold, in lower case."""
    found = islice(_NAME.finditer(data), MOST_NAMES)
    return tuple(dict.fromkeys(each[1].decode().lower() for each in found))


def _fenced(document: SourceDocument, step: Callable[[], T]) -> T | Broken | Nameless:
    """One document alone: whatever it makes us raise is told at it."""
    try:
        return step()
    except Exception as error:
        return _bad(document, [stumbled(error, document.where, document.line())])


def reading_of(parsed: Parsed, route: Route, contents: Mapping[Location, Content]) -> SourceReading:
    """Fill in the placeholders and sort good from bad. `contents` has every location that `parsed` wants."""
    judged = [_judgement(item, route, contents) for item in parsed.items]
    return SourceReading(
        route=route,
        drafts=tuple(i for i in judged if isinstance(i, Draft)),
        broken=tuple(i for i in judged if isinstance(i, Broken)),
        problems=tuple(p for i in judged if isinstance(i, Nameless) for p in i.problems),
        documents=len(judged),
        mentions=parsed.mentions,
    )


def _judgement(item: Judged | WaitingDocument, route: Route, contents: Mapping[Location, Content]) -> Judged:
    if isinstance(item, WaitingDocument):
        return _fenced(item.document, partial(_filled, item, route, contents))
    return item


def _begun(document: SourceDocument, route: Route, folders: Sequence[str]) -> Judged | WaitingDocument:
    asked = None if document.problems else placeholder(document.value)
    if asked is None:
        return _judged(document, route)
    form, target = asked
    try:
        return WaitingDocument(document, form, resolve_target(route.source, target, folders))
    except BadInput as error:
        return _bad(document, [_placed(document, error.problem)])


def _judged(document: SourceDocument, route: Route) -> Judged:
    found = document.problems or _misplaced(document) or problems_of(document)
    if not found and isinstance(document.value, dict):
        return draft_of(document.value, route, document.line())
    return _bad(document, found)


def _bad(document: SourceDocument, problems: Sequence[Problem]) -> "Broken | Nameless":
    ref = _name(document.value)
    return Nameless(tuple(problems)) if ref is None else Broken(ref, tuple(problems))


def _filled(wanted: WaitingDocument, route: Route, contents: Mapping[Location, Content]) -> Judged:
    content = contents[wanted.location]
    if isinstance(content, Problem):
        return _bad(wanted.document, [_placed(wanted.document, content)])
    try:
        return _judged(substituted(wanted.document, wanted.form, wanted.location, content), route)
    except BadInput as error:
        return _bad(wanted.document, [_placed(wanted.document, error.problem)])


def _placed(document: SourceDocument, problem: Problem) -> Problem:
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


def _misplaced(document: SourceDocument) -> list[Problem]:
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


def failed(route: Route, problems: Sequence[Problem]) -> SourceReading:
    """The reading of a source that could not be read at all."""
    return SourceReading(route=route, problems=tuple(problems))
