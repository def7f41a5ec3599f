"""What a database's failures mean, in plain words: its own would show statements and values."""

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoneFree

from callboard.base.errors import Unavailable

__all__ = ["BUSY", "DatabaseAway", "failure", "server_words"]

BUSY: Final = "database-busy"
"""The code of a DatabaseAway that is so for whoever asked alone."""
MOST_WORDS: Final = 300

_SQLITE: Final = {
    sqlite3.SQLITE_FULL: ("the disk is full", "make room; nothing else needs to be done"),
    sqlite3.SQLITE_NOTADB: ("it is no SQLite database", "move it away; Callboard then makes a new one"),
    sqlite3.SQLITE_CORRUPT: (
        "it is damaged",
        "move it away, with the files beside it of the same name and -wal or -shm; Callboard makes a new one and "
        "reads the catalog anew, and how services were before is lost",
    ),
    sqlite3.SQLITE_READONLY: ("it cannot be written", "make it and its directory writable for us"),
    sqlite3.SQLITE_PERM: ("we may not open it", "make it and its directory writable for us"),
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened",
        "see that its directory is there and writable for us, and that the process may open more files",
    ),
    sqlite3.SQLITE_IOERR: ("the disk does not read or write it", "look at the disk"),
    sqlite3.SQLITE_BUSY: ("another process keeps it locked", "end that process"),
    sqlite3.SQLITE_LOCKED: ("another process keeps it locked", "end that process"),
    sqlite3.SQLITE_NOLFS: ("it has grown too large for its disk", "make room"),
    sqlite3.SQLITE_PROTOCOL: ("another process keeps it locked", "end that process"),
}
"""By SQLite's primary result code: what is wrong, and how to go on."""

_AWAY: Final = ("08", "57P", "53", "28")
"""Beginnings of SQLSTATEs with which a server says that it cannot serve us now: connection, shutdown or start, no room, no
entrance."""
_SERVER: Final = {
    "28": "it does not let us in",
    "3D000": "there is no such database",
    "42501": "we may not do what is needed there (its owner may run: CREATE SCHEMA callboard AUTHORIZATION our user)",
    "3F000": "we may not use the schema callboard there (its owner may run: ALTER SCHEMA callboard OWNER TO our user)",
    "42P07": "a table of our name is there that we did not make: name another database, or move it away",
    "22P05": "it does not hold UTF-8: make one with ENCODING 'UTF8'",
    "53100": "its disk is full",
    "53300": "it has no connection left for us",
    "57014": "it took too long and was given up",
    "55P03": "another Callboard keeps it locked",
    "25006": "it can only be read: is it a standby?",
    "57P": "it is shutting down or starting",
}


class DatabaseAway(Unavailable):
    """The database's server does not answer now."""

    code = "database-away"
    hopeless = False
    """Whether waiting is no help: the server refuses us."""


def failure(error: SQLAlchemyError | UnicodeDecodeError, place: str) -> Unavailable:
    """The failure in words. `place` is the file, or the server and its database. DatabaseAway where the server is not there or
    does not serve us: it may in a moment."""
    if isinstance(error, UnicodeDecodeError):
        return _known_of_file(sqlite3.SQLITE_CORRUPT, place)
    if isinstance(error, NoneFree):
        return DatabaseAway("The database is busy: all connections to it are in use.", code=BUSY)
    cause = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(cause, sqlite3.Error):
        return _of_file(cause, place)
    state = getattr(cause, "sqlstate", None)
    lost = isinstance(error, DBAPIError) and (error.connection_invalidated or state is None)
    if cause is not None and (lost or str(state or "").startswith(_AWAY)):
        away = DatabaseAway(f"The database does not answer ({place}): {server_words(cause)}.")
        away.hopeless = str(state or "").startswith("28") or any(
            words in str(cause) for words in ("authentication failed", "does not exist", "certificate")
        )
        return away
    words = next((words for code, words in _SERVER.items() if str(state or "").startswith(code)), "")
    kind = type(cause or error).__name__
    told = words or (f"it refused what was asked ({state}, {kind})" if state else f"it failed ({kind})")
    return Unavailable(f"The database ({place}): {told}.", code="database-failed")


def _of_file(cause: sqlite3.Error, place: str) -> Unavailable:
    code = getattr(cause, "sqlite_errorcode", None)
    if isinstance(code, int) and code & 0xFF in _SQLITE:
        return _known_of_file(code & 0xFF, place)
    if "decode to UTF-8" in str(cause):
        return _known_of_file(sqlite3.SQLITE_CORRUPT, place)
    name = getattr(cause, "sqlite_errorname", type(cause).__name__)
    return Unavailable(f"The database {place}: SQLite failed ({name}).", code="database-failed")


def _known_of_file(code: int, place: str) -> Unavailable:
    what, how = _SQLITE[code]
    return Unavailable(f"The database {place}: {what}. To go on: {how}.", code="database-failed")


def server_words(cause: BaseException) -> str:
    """What the server, or the way to it, says; one line. Neither a statement nor a password is in it."""
    state = str(getattr(cause, "sqlstate", None) or "")
    known = next((words for code, words in _SERVER.items() if state.startswith(code)), "")
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    said = " ".join(lines[:2]) if lines else type(cause).__name__
    said = "".join(c if c.isprintable() else " " for c in said)[:MOST_WORDS]
    return f"{known} ({said})" if known else said
