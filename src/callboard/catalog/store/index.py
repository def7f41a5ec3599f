"""The rows by which an entity is found. Pure."""

from collections.abc import Iterator
from typing import Any

import msgspec

from callboard.catalog.leaves import leaves
from callboard.catalog.processing.stitch import Whole
from callboard.catalog.search import words_of
from callboard.catalog.store.schema import MAX_INDEXED
from callboard.model.entity import EntityRef

__all__ = ["SearchRow", "search_rows", "text_words"]

MAX_DESCRIPTION = 2_000
"""Characters of a description that are indexed: it is a sentence or two, not a manual."""

SearchRow = tuple[str, str | None, str | None]
"""Key and value in lower case, and the value as written."""


def search_rows(whole: Whole) -> list[SearchRow]:
    """The search index of an entity, as Backstage's catalog builds it."""
    root = msgspec.json.decode(whole.document, type=dict[str, Any])
    rows = dict.fromkeys(_row(key, value) for key, value in _all_leaves(root, whole))
    return [row for row in rows if row is not None]


def _all_leaves(root: dict[str, Any], whole: Whole) -> Iterator[tuple[str, object]]:
    yield from leaves(root)
    yield "metadata.name", whole.draft.name
    yield "metadata.namespace", whole.draft.namespace
    yield "metadata.uid", whole.uid
    for kind, target in whole.relations:
        yield f"relations.{kind}", target


def _row(key: str, value: object) -> SearchRow | None:
    key = key.lower()
    if len(key) > MAX_INDEXED:
        return None
    text = _text(value)
    if text is None or len(text) > MAX_INDEXED:
        return key, None, None
    return key, text.lower(), text


def _text(value: object) -> str | None:
    """A plain value as JavaScript's String() writes it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)


def text_words(whole: Whole) -> set[str]:
    """The words free text is looked up in."""
    metadata = msgspec.json.decode(whole.document, type=_Document).metadata
    owners = [EntityRef.parse(target).name for kind, target in whole.relations if kind == "ownedBy"]
    return words_of(
        whole.draft.name, metadata.title, metadata.description[:MAX_DESCRIPTION], *metadata.tags, *owners
    )


class _Metadata(msgspec.Struct):
    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()


class _Document(msgspec.Struct):
    metadata: _Metadata
