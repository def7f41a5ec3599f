"""Column types that hold the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, String, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["UtcTime", "text"]


class UtcTime(TypeDecorator[datetime]):
    """A moment, given and got with its zone: `timestamptz` on PostgreSQL, UTC without a zone in SQLite."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return TIMESTAMP(timezone=True)
        return DateTime()

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        in_utc = value.astimezone(UTC)
        return in_utc if dialect.name == "postgresql" else in_utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo is not None else value.replace(tzinfo=UTC)


class _AnyText(TypeDecorator[str]):
    """Text as it came from files and clusters. What no database takes (a NUL, half a surrogate pair) becomes U+FFFD, and what
    is too long is cut: one odd text must not cost the rows that are written with it."""

    impl = Text
    cache_ok = True

    def __init__(self, length: int | None, collation: str | None) -> None:
        super().__init__()
        self.length = length
        self.collation = collation

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        collation = self.collation if dialect.name == "postgresql" else None
        if self.length is None:
            return Text(collation=collation)
        return String(self.length, collation=collation)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if "\0" in value:
            value = value.replace("\0", "\ufffd")
        if not value.isascii():
            value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return value if self.length is None else value[: self.length]


def text(length: int | None = None, *, ordered: bool = False) -> TypeDecorator[str]:
    """A column of text of any origin, of so many characters at most. `ordered`: compared by code points on every database, which
    a search for beginnings needs."""
    return _AnyText(length, "C" if ordered else None)
