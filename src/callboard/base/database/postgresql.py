"""Opening a PostgreSQL database through psycopg and libpq."""

import os
import ssl
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from callboard.base.database.address import SCHEMA, DatabaseAddress
from callboard.base.errors import BadInput, Problem

__all__ = ["postgresql_engine"]


CONNECTING: Final = 3
"""Seconds for one host to answer."""
STATEMENT: Final = 5
"""Seconds a statement may take at the server."""
FREE: Final = 3.0
"""Seconds to wait for a connection of ours to be free."""
OLD: Final = 1800
"""Seconds after which a connection is made anew: what balances connections may have moved."""

_SET: Final = {
    "search_path": SCHEMA,
    "statement_timeout": f"{STATEMENT}s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
}
_WAYS: Final = {
    "connect_timeout": str(CONNECTING),
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "8000",
    "application_name": "callboard",
    "client_encoding": "utf8",
}
"""How soon a server is noticed that has gone without a word; what the configuration says wins."""


_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


def postgresql_engine(address: DatabaseAddress) -> tuple[AsyncEngine, str]:
    """(an engine, the server and its database for messages). Nothing is asked of the server yet. Raises BadInput for a text that
    is no connection."""
    try:
        said = conninfo_to_dict(address.conninfo.reveal())
    except psycopg.ProgrammingError:
        raise BadInput(
            Problem(
                "this is no connection of PostgreSQL's",
                where="the configuration",
                path="backend.database.connection",
                expected="postgresql://user:password@host:5432/database",
            )
        ) from None
    parameters: dict[str, str] = {**_WAYS, **{name: str(value) for name, value in said.items() if value}}
    parameters |= address.parameters
    if address.password:
        parameters["password"] = address.password.reveal()
    if parameters.get("sslrootcert") == "system":
        parameters["sslrootcert"] = _systems_authorities()
    own = " ".join(f"-c {name}={value}" for name, value in _SET.items())
    parameters["options"] = f"{parameters.get('options', '')} {own}".strip()
    files = {name: _in_memory(pem.reveal()) for name, pem in address.certificates.items()}
    parameters |= {name: f"/proc/self/fd/{number}" for name, number in files.items()}
    engine = create_async_engine(
        "postgresql+psycopg://",
        connect_args=parameters,
        hide_parameters=True,  # errors are logged; values are not
        pool_size=address.connections,
        max_overflow=0,
        pool_timeout=FREE,
        pool_recycle=OLD,
        pool_pre_ping=True,  # a server that was restarted costs nobody an answer
        pool_use_lifo=True,
    )

    @event.listens_for(engine.sync_engine, "engine_disposed")
    def close(_engine: object) -> None:
        for number in files.values():
            os.close(number)
        files.clear()

    host, port = parameters.get("host", "the local socket"), parameters.get("port", "5432")
    name = parameters.get("dbname") or parameters.get("user") or "of our own name"
    return engine, f"PostgreSQL at {host}:{port}, database {name}"


def _systems_authorities() -> str:
    """The file of certificates that this system believes: the libpq that comes with psycopg looks for it elsewhere."""
    found = ssl.get_default_verify_paths().cafile
    places = (os.environ.get("SSL_CERT_FILE"), found, *_BUNDLES)
    return next((place for place in places if place and Path(place).is_file()), "system")


def _in_memory(pem: str) -> int:
    """A file that is on no disk: libpq reads certificates and keys from files only."""
    number = os.memfd_create("callboard-database", os.MFD_CLOEXEC)
    os.fchmod(number, 0o600)
    os.write(number, pem.encode())
    return number
