"""The tables of access. A change here needs a migration beside it."""

from typing import Final

from sqlalchemy import Column, Index, MetaData, Table

from callboard.base.database import UtcTime, text

__all__ = ["METADATA", "sessions", "tokens"]

METADATA: Final = MetaData()

tokens: Final = Table(
    "access_tokens",
    METADATA,
    Column("id", text(16), primary_key=True),
    Column("digest", text(64), nullable=False),
    Column("service", text(100), nullable=False),
    Column("may", text(1000), nullable=False),
    Column("made", UtcTime, nullable=False),
    Column("ends", UtcTime, nullable=False),
    Column("used", UtcTime),
    Column("revoked", UtcTime),
)
"""Tokens for services: `digest` is the SHA-256 of the whole token, `may` names of actions with spaces between."""

sessions: Final = Table(
    "access_sessions",
    METADATA,
    Column("digest", text(64), primary_key=True),
    Column("id", text(16), nullable=False),
    Column("place", text(300), nullable=False),
    Column("host", text(100), nullable=False),
    Column("kind", text(16), nullable=False),
    Column("subject", text(300), nullable=False),
    Column("began", UtcTime, nullable=False),
    Column("seen", UtcTime, nullable=False),
    Column("ends", UtcTime, nullable=False),
    Index("access_sessions_id", "id"),
)
"""Sessions of browsers: `digest` is the SHA-256 of what the cookie holds, `id` a name to speak of one, `place` the address of the
listener that began it, `host` the secret name that its cookies belong to there."""
