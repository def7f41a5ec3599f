"""The tables of extensions. A change here needs a migration beside it."""

from typing import Final

from sqlalchemy import Column, MetaData, Table, Text

from callboard.base.database import UtcTime, text

__all__ = ["METADATA", "routes", "switches"]

METADATA: Final = MetaData()

switches: Final = Table(
    "extension_switches",
    METADATA,
    Column("extension", text(100), primary_key=True),
    Column("by", text(300), nullable=False),
    Column("at", UtcTime, nullable=False),
)
"""Extensions that are switched off."""

routes: Final = Table(
    "extension_routes",
    METADATA,
    Column("path", text(300), primary_key=True),
    Column("declared", Text, nullable=False),
    Column("by", text(300), nullable=False),
    Column("at", UtcTime, nullable=False),
)
"""Declared routes: `declared` is JSON of what would stand in the configuration."""
