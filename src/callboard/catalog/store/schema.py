"""The tables of the catalog. A change here needs a migration beside it; a test compares the two."""

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

__all__ = [
    "MAX_INDEXED",
    "METADATA",
    "NEWEST",
    "VERSION_TABLE",
    "entities",
    "problems",
    "relations",
    "search",
    "words",
]

VERSION_TABLE: Final = "catalog_version"
NEWEST: Final = "0001"
"""The last revision in `migrations`."""
MAX_INDEXED: Final = 200
"""Characters of a key or value in the search index, as in Backstage: longer keys are left out, longer values are null."""

METADATA: Final = MetaData()


def _text(length: int) -> String:
    """A string compared by code points on every database: the search for beginnings of words needs that order."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


entities: Final = Table(
    "catalog_entities",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ref", _text(300), nullable=False, unique=True),
    Column("kind", String(63), nullable=False),
    Column("namespace", String(63), nullable=False),
    Column("name", String(63), nullable=False),
    Column("title", Text, nullable=False),
    Column("name_key", _text(63), nullable=False),
    Column("sort_key", _text(200), nullable=False),
    Column("uid", String(36), nullable=False, unique=True),
    Column("etag", String(40), nullable=False),
    Column("source", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("broken", Boolean, nullable=False),
    Column("document", Text, nullable=False),
    Index("catalog_entities_sort_key", "sort_key", "ref"),
    Index("catalog_entities_name_key", "name_key", "ref"),
    Index("catalog_entities_source", "source"),
    Index("catalog_entities_via", "via"),
)
"""`name_key` is the name in lower case, `sort_key` the title (or name) in lower case, `document` the whole JSON."""

relations: Final = Table(
    "catalog_relations",
    METADATA,
    Column("entity_id", ForeignKey("catalog_entities.id", ondelete="CASCADE"), primary_key=True),
    Column("type", _text(63), primary_key=True),
    Column("target_ref", _text(300), primary_key=True),
    Index("catalog_relations_target", "type", "target_ref", "entity_id"),
)

search: Final = Table(
    "catalog_search",
    METADATA,
    Column("entity_id", ForeignKey("catalog_entities.id", ondelete="CASCADE"), nullable=False),
    Column("key", _text(MAX_INDEXED), nullable=False),
    Column("value", _text(MAX_INDEXED)),
    Column("original_value", String(MAX_INDEXED)),
    Index("catalog_search_value", "key", "value", "entity_id"),
    Index("catalog_search_entity", "entity_id", "key", "value"),
)
"""Every leaf of an entity: `key` and `value` in lower case; a value that is null or too long is null."""

words: Final = Table(
    "catalog_words",
    METADATA,
    Column("word", _text(64), primary_key=True),
    Column("entity_id", ForeignKey("catalog_entities.id", ondelete="CASCADE"), primary_key=True),
    Index("catalog_words_entity", "entity_id"),
)
"""The words of name, title, description, tags and owner, for free text."""

problems: Final = Table(
    "catalog_problems",
    METADATA,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("message", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("line", Integer),
    Column("path", Text, nullable=False),
    Column("found", Text, nullable=False),
    Column("expected", Text, nullable=False),
    Column("hint", Text, nullable=False),
)
"""What the last refresh had to say."""
