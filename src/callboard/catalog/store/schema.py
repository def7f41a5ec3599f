"""The tables of the catalog. A change here needs a migration beside it; a test compares the two."""

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, MetaData, Table

from callboard.base.database import text

__all__ = [
    "MAX_INDEXED",
    "METADATA",
    "entities",
    "problems",
    "relations",
    "search",
    "words",
]

MAX_INDEXED: Final = 200
"""Characters of a key or value in the search index, as in Backstage: longer keys are left out, longer values are null."""

METADATA: Final = MetaData()


entities: Final = Table(
    "catalog_entities",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ref", text(300, ordered=True), nullable=False, unique=True),
    Column("kind", text(63), nullable=False),
    Column("namespace", text(63), nullable=False),
    Column("name", text(63), nullable=False),
    Column("title", text(), nullable=False),
    Column("name_key", text(63, ordered=True), nullable=False),
    Column("sort_key", text(200, ordered=True), nullable=False),
    Column("uid", text(36), nullable=False, unique=True),
    Column("etag", text(40), nullable=False),
    Column("source", text(), nullable=False),
    Column("via", text(), nullable=False),
    Column("origin", text(), nullable=False),
    Column("broken", Boolean, nullable=False),
    Column("document", text(), nullable=False),
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
    Column("type", text(63, ordered=True), primary_key=True),
    Column("target_ref", text(300, ordered=True), primary_key=True),
    Index("catalog_relations_target", "type", "target_ref", "entity_id"),
)

search: Final = Table(
    "catalog_search",
    METADATA,
    Column("entity_id", ForeignKey("catalog_entities.id", ondelete="CASCADE"), nullable=False),
    Column("key", text(MAX_INDEXED, ordered=True), nullable=False),
    Column("value", text(MAX_INDEXED, ordered=True)),
    Column("original_value", text(MAX_INDEXED)),
    Index("catalog_search_value", "key", "value", "entity_id"),
    Index("catalog_search_entity", "entity_id", "key", "value"),
)
"""Every leaf of an entity: `key` and `value` in lower case; a value that is null or too long is null."""

words: Final = Table(
    "catalog_words",
    METADATA,
    Column("word", text(64, ordered=True), primary_key=True),
    Column("entity_id", ForeignKey("catalog_entities.id", ondelete="CASCADE"), primary_key=True),
    Index("catalog_words_entity", "entity_id"),
)
"""The words of name, title, description, tags and owner, for free text."""

problems: Final = Table(
    "catalog_problems",
    METADATA,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("message", text(), nullable=False),
    Column("place", text(), nullable=False),
    Column("line", Integer),
    Column("path", text(), nullable=False),
    Column("found", text(), nullable=False),
    Column("expected", text(), nullable=False),
    Column("hint", text(), nullable=False),
)
"""What the last refresh had to say."""
