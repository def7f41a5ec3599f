"""The tables of history. A change here needs a migration beside it."""

from typing import Final

from sqlalchemy import Column, Index, MetaData, Table

from callboard.base.database import UtcTime, text

__all__ = ["METADATA", "verdicts"]


METADATA: Final = MetaData()

verdicts: Final = Table(
    "history_verdicts",
    METADATA,
    Column("ref", text(300), primary_key=True),
    Column("visibility", text(64), primary_key=True),
    Column("health", text(16), nullable=False),
    Column("sentence", text(), nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("as_of", UtcTime, nullable=False),
    Index("history_verdicts_as_of", "as_of"),
)
"""The last verdict on a service, per visibility class (a digest of the grants it was made under)."""
