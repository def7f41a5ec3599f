"""Where the tables are, by Backstage's own keys. Pure; nothing is opened here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from callboard.base.errors import BadInput, Problem
from callboard.base.secret import Secret
from callboard.base.settings import DatabaseConnection, DatabaseSettings

__all__ = ["MEMORY", "SCHEMA", "DatabaseAddress", "address_of", "shown_file"]

MEMORY: Final = ":memory:"
"""The SQLite file that is none."""

SCHEMA: Final = "callboard"
"""On a server all tables are in it, and nothing but ours is."""

_PATH: Final = "backend.database.connection"
_POSTGRESQL: Final = ("pg",)


class DatabaseAddress(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two: an SQLite file (or MEMORY), or a PostgreSQL server as libpq's parameters."""

    file: str = ""
    conninfo: Secret = Secret("")
    """The server's address and parameters in one text, as the configuration has it."""
    parameters: Mapping[str, str] = {}
    """Parameters that stand alone, without the password; they win over those in `conninfo`."""
    password: Secret = Secret("")
    certificates: Mapping[str, Secret] = {}
    """PEM by libpq's parameter: sslrootcert, sslcert, sslkey."""
    connections: int = 5
    """How many there may be to a server at once."""

    @property
    def on_server(self) -> bool:
        """Whether it is PostgreSQL."""
        return not self.file


def address_of(settings: DatabaseSettings, data_directory: str, *, connections: int = 5) -> DatabaseAddress:
    """Where the settings say that the tables are. Raises BadInput where they do not say enough."""
    if settings.is_sqlite:
        return DatabaseAddress(file=settings.sqlite_file(data_directory))
    if settings.client not in _POSTGRESQL:
        raise _bad(
            "backend.database.client", "no such database here", settings.client, "pg or better-sqlite3"
        )
    said = settings.connection
    if not said.host and not said.connection_string:
        raise _bad(
            f"{_PATH}.host", "missing", "", "the server's host, or the whole connection as one text",
            "is a variable such as ${POSTGRES_HOST} not set?",
        )  # fmt: skip
    certificates = {
        name: Secret(value) if isinstance(value, str) else value
        for name, value in (
            ("sslrootcert", said.ssl and said.ssl.ca),
            ("sslcert", said.ssl and said.ssl.cert),
            ("sslkey", said.ssl and said.ssl.key),
        )
        if value
    }
    for name, pem in certificates.items():
        if "-----BEGIN" not in pem.reveal():
            key = {"sslrootcert": "ca", "sslcert": "cert", "sslkey": "key"}[name]
            raise _bad(f"{_PATH}.ssl.{key}", "not PEM", "", "PEM; from a file: {$file: path}")
    return DatabaseAddress(
        conninfo=said.connection_string or Secret(""),
        parameters=_parameters(said),
        password=said.password or Secret(""),
        certificates=certificates,
        connections=connections,
    )


def _parameters(said: DatabaseConnection) -> dict[str, str]:
    found = {
        "host": said.host,
        "port": str(said.port) if said.port is not None else None,
        "user": said.user,
        "dbname": said.database,
    }
    if said.ssl is not None:
        found["sslmode"] = _mode(said)
        if found["sslmode"] == "verify-full" and not said.ssl.ca:
            found["sslrootcert"] = "system"
    return {name: value for name, value in found.items() if value}


def _mode(said: DatabaseConnection) -> str:
    if said.ssl is None or not said.ssl.require:
        return "disable"
    return "verify-full" if said.ssl.reject_unauthorized else "require"


def _bad(path: str, message: str, found: str, expected: str, hint: str = "") -> BadInput:
    return BadInput(
        Problem(message, where="the configuration", path=path, found=found, expected=expected, hint=hint)
    )


def shown_file(path: str) -> str:
    """The file as an operator finds it."""
    return path if path == MEMORY else str(Path(path).absolute())
