"""The tables of access. A change here needs a migration beside it."""

from typing import Final

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text

from callboard.base.database import UtcTime, text

__all__ = ["METADATA", "audit", "sessions", "stars", "tokens"]

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
    Column("way", text(100), nullable=False),
    Column("issuer", text(300), nullable=False),
    Column("account", text(255), nullable=False),
    Column("claims", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("confirm", UtcTime),
    Column("asked", UtcTime),
    Index("access_sessions_id", "id"),
    Index("access_sessions_subject", "subject"),
)
"""Sessions of browsers: `digest` is the SHA-256 of what the cookie holds, `id` a name to speak of one, `place` the address of the
listener that began it, `host` the secret name that its cookies belong to there. `way`, `issuer` and `account` are of whoever
signed in with a provider, `claims` what it said of them that we need (JSON), `sealed` its tokens, encrypted; `confirm` is when it
has to be asked again, `asked` when a server last began to."""

audit: Final = Table(
    "access_audit",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    Column("deed", text(16), nullable=False),
    Column("outcome", text(16), nullable=False),
    Column("who", text(300, ordered=True), nullable=False),
    Column("kind", text(16), nullable=False),
    Column("through", text(100), nullable=False),
    Column("action", text(64), nullable=False),
    Column("what", text(600, ordered=True), nullable=False),
    Column("code", text(64), nullable=False),
    Column("request", text(64), nullable=False),
    Column("address", text(64), nullable=False),
    Index("access_audit_at", "at"),
    Index("access_audit_who", "who", "number"),
    sqlite_autoincrement=True,
)
"""What was done, in order: rows are added, and removed when they are too old, and never changed. The fields are those of
`model.audit.AuditEvent`."""

stars: Final = Table(
    "access_stars",
    METADATA,
    Column("subject", text(300), primary_key=True),
    Column("ref", text(300), primary_key=True),
    Column("at", UtcTime, nullable=False),
)
"""Services that people have starred: `subject` is the Caller's, `ref` an entity's."""
