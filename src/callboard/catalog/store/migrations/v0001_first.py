"""The first tables: entities, relations, search index, words, problems."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _entity_id(*, primary_key: bool) -> sa.Column[int]:
    return sa.Column(
        "entity_id",
        sa.Integer,
        sa.ForeignKey("catalog_entities.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def upgrade() -> None:
    """Make the tables and their indexes."""
    op.create_table(
        "catalog_entities",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("ref", _text(300), nullable=False, unique=True),
        sa.Column("kind", sa.String(63), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("name_key", _text(63), nullable=False),
        sa.Column("sort_key", _text(200), nullable=False),
        sa.Column("uid", sa.String(36), nullable=False, unique=True),
        sa.Column("etag", sa.String(40), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("via", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("broken", sa.Boolean, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("catalog_entities_sort_key", "catalog_entities", ["sort_key", "ref"])
    op.create_index("catalog_entities_name_key", "catalog_entities", ["name_key", "ref"])
    op.create_index("catalog_entities_source", "catalog_entities", ["source"])
    op.create_index("catalog_entities_via", "catalog_entities", ["via"])
    op.create_table(
        "catalog_relations",
        _entity_id(primary_key=True),
        sa.Column("type", _text(63), primary_key=True),
        sa.Column("target_ref", _text(300), primary_key=True),
    )
    op.create_index("catalog_relations_target", "catalog_relations", ["type", "target_ref", "entity_id"])
    op.create_table(
        "catalog_search",
        _entity_id(primary_key=False),
        sa.Column("key", _text(200), nullable=False),
        sa.Column("value", _text(200)),
        sa.Column("original_value", sa.String(200)),
    )
    op.create_index("catalog_search_value", "catalog_search", ["key", "value", "entity_id"])
    op.create_index("catalog_search_entity", "catalog_search", ["entity_id", "key", "value"])
    op.create_table(
        "catalog_words",
        sa.Column("word", _text(64), primary_key=True),
        _entity_id(primary_key=True),
    )
    op.create_index("catalog_words_entity", "catalog_words", ["entity_id"])
    op.create_table(
        "catalog_problems",
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("line", sa.Integer),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("found", sa.Text, nullable=False),
        sa.Column("expected", sa.Text, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop them again: they are filled from the sources."""
    for table in ("problems", "words", "search", "relations", "entities"):
        op.drop_table(f"catalog_{table}")
