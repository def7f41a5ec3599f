"""The tables of history. A change here needs a migration beside it."""

from typing import Final

from sqlalchemy import Column, DateTime, Index, MetaData, String, Table, Text

__all__ = ["METADATA", "NEWEST", "VERSION_TABLE", "verdicts"]

VERSION_TABLE: Final = "history_version"
NEWEST: Final = "0001"
"""The last revision in `migrations`."""

METADATA: Final = MetaData()

verdicts: Final = Table(
    "history_verdicts",
    METADATA,
    Column("ref", String(300), primary_key=True),
    Column("visibility", String(64), primary_key=True),
    Column("health", String(16), nullable=False),
    Column("sentence", Text, nullable=False),
    Column("since", DateTime, nullable=False),
    Column("as_of", DateTime, nullable=False),
    Index("history_verdicts_as_of", "as_of"),
)
"""The last verdict on a service, per visibility class (a digest of the grants it was made under). Times are UTC."""
