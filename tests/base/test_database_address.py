"""The database is where Backstage's own keys say: the connection as one text or in parts, with the TLS they ask for."""

from pathlib import Path

import pytest

from callboard.base.config import load
from callboard.base.database import DatabaseAddress, address_of
from callboard.base.errors import BadInput, BadInputs

PEM = "-----BEGIN CERTIFICATE-----\\nx\\n-----END CERTIFICATE-----\\n"


def addressed(tmp_path: Path, database: str, environment: dict[str, str] | None = None) -> DatabaseAddress:
    file = tmp_path / "app-config.yaml"
    file.write_text(f"backend: {{database: {database}}}\n")
    settings = load([file], environment or {}).settings
    return address_of(settings.backend.database, "data")


@pytest.mark.parametrize(
    ("database", "parameters"),
    [
        ("{client: pg, connection: {host: db, port: 5433, user: u, database: d}}",
         {"host": "db", "port": "5433", "user": "u", "dbname": "d"}),
        ("{client: pg, connection: {host: db, port: '5433'}}", {"host": "db", "port": "5433"}),
        ("{client: pg, connection: {host: db, port: 'tcp://10.96.0.7:5432'}}", {"host": "db", "port": "5432"}),
        ("{client: pg, connection: {host: db, port: 'tcp://[fd00::7]:5432'}}", {"host": "db", "port": "5432"}),
        ("{client: pg, connection: {host: /run/postgresql}}", {"host": "/run/postgresql"}),
        ("{client: pg, connection: {host: db, ssl: false}}", {"host": "db", "sslmode": "disable"}),
        ("{client: pg, connection: {host: db, ssl: true}}",
         {"host": "db", "sslmode": "verify-full", "sslrootcert": "system"}),
        ("{client: pg, connection: {host: db, ssl: 'true'}}",
         {"host": "db", "sslmode": "verify-full", "sslrootcert": "system"}),
        ("{client: pg, connection: {host: db, ssl: {require: true}}}",
         {"host": "db", "sslmode": "verify-full", "sslrootcert": "system"}),
        ("{client: pg, connection: {host: db, ssl: {rejectUnauthorized: false}}}", {"host": "db", "sslmode": "require"}),
        (f'{{client: pg, connection: {{host: db, ssl: {{ca: "{PEM}"}}}}}}', {"host": "db", "sslmode": "verify-full"}),
        ("{client: pg, connection: 'postgresql://u:p@db/d?sslmode=require'}", {}),
        ("{client: pg, connection: {connectionString: 'postgresql://u:p@db/d', host: other}}", {"host": "other"}),
    ],
)  # fmt: skip
def test_a_server(tmp_path: Path, database: str, parameters: dict[str, str]) -> None:
    found = addressed(tmp_path, database)
    assert found.on_server
    assert dict(found.parameters) == parameters


def test_variables_as_a_pod_has_them(tmp_path: Path) -> None:
    found = addressed(
        tmp_path,
        "{client: pg, connection: {host: '${POSTGRES_SERVICE_HOST}', port: '${POSTGRES_PORT}', user: '${POSTGRES_USER}', "
        "password: '${POSTGRES_PASSWORD}'}}",
        {
            "POSTGRES_SERVICE_HOST": "10.96.0.7",
            "POSTGRES_PORT": "tcp://10.96.0.7:5432",
            "POSTGRES_USER": "callboard",
            "POSTGRES_PASSWORD": "hunter2",
        },
    )
    assert dict(found.parameters) == {"host": "10.96.0.7", "port": "5432", "user": "callboard"}
    assert found.password.reveal() == "hunter2"
    assert "hunter2" not in repr(found)


def test_certificates_are_held_by_the_name_the_library_knows_them_by(tmp_path: Path) -> None:
    for name in ("ca", "crt", "key"):
        (tmp_path / name).write_text("-----BEGIN X-----\n" + name)
    found = addressed(
        tmp_path, "{client: pg, connection: {host: db, ssl: {ca: {$file: ca}, cert: {$file: crt}, key: {$file: key}}}}"
    )  # fmt: skip
    assert {name: pem.reveal()[-3:].strip() for name, pem in found.certificates.items()} == {
        "sslrootcert": "ca",
        "sslcert": "crt",
        "sslkey": "key",
    }


@pytest.mark.parametrize(
    ("database", "words"),
    [
        ("{client: pg}", "backend.database.connection.host"),
        ("{client: pg, connection: {host: '${NOT_SET}'}}", "is a variable such as"),
        ("{client: pg, connection: {port: 5432, password: hunter2}}", "connection.host"),
        ("{client: pg, connection: {host: db, ssl: {ca: /etc/ssl/ca.pem}}}", "ssl.ca"),
        ("{client: mysql2, connection: {host: db}}", "no such database here"),
        ("{client: postgres, connection: {host: db}}", "did you mean 'pg'?"),
        ("{client: pg, connection: {host: db, port: 'tcp://x'}}", "connection.port"),
        ("{client: pg, connection: {host: db, port: 70000}}", "connection.port"),
    ],
)
def test_what_names_no_database_is_refused_with_its_place(tmp_path: Path, database: str, words: str) -> None:
    with pytest.raises((BadInput, BadInputs)) as caught:
        addressed(tmp_path, database)
    assert words in caught.value.message
    assert "hunter2" not in caught.value.message


def test_sqlite_stays_a_file(tmp_path: Path) -> None:
    assert addressed(tmp_path, "{client: better-sqlite3}") == DatabaseAddress(file="data/callboard.sqlite")
