"""`callboard database`: how the tables stand, forward and one version back, on each database."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from support.databases import PASSWORD, Place

MAIN = "from callboard.app.main import main; main()"


def config(directory: Path, place: Place) -> Path:
    address = place.address()
    connection: dict[str, object] = {"filename": address.file}
    if place.on_server:
        connection = {
            "host": address.parameters["host"],
            "port": int(address.parameters["port"]),
            "user": address.parameters["user"],
            "database": address.parameters["dbname"],
            "password": "${POSTGRES_PASSWORD}",
        }
    file = directory / "app-config.yaml"
    client = "pg" if place.on_server else "better-sqlite3"
    database = {"client": client, "connection": connection}
    file.write_text(
        yaml.safe_dump({"backend": {"database": database}, "callboard": {"dataDirectory": str(directory)}})
    )
    return file


def typed(*words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "database", *words], capture_output=True, text=True, timeout=60,
        env={**os.environ, "POSTGRES_PASSWORD": PASSWORD},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_status_upgrade_and_back(place: Place, tmp_path: Path) -> None:
    file = str(config(tmp_path, place))
    code, out, _ = typed("status", "--config", file)
    assert code == 1
    assert out.count("no tables yet") == 4
    code, out, _ = typed("upgrade", "--config", file)
    assert code == 0
    assert out.count("the newest") == 4
    assert ("PostgreSQL at 127.0.0.1" in out) is place.on_server
    code, _, err = typed("back", "--store", "catalog", "--config", file)
    assert code == 3
    assert "no version before" in err
    code, _, err = typed("back", "--store", "nonsense", "--config", file)
    assert (code, "there are access, catalog, history, host" in err) == (3, True)


def test_a_server_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    file = tmp_path / "app-config.yaml"
    file.write_text("backend: {database: {client: pg, connection: 'postgresql://u:hunter2@127.0.0.1:1/d'}}\n")
    code, _, err = typed("status", "--config", str(file))
    assert code == 2
    assert "does not answer" in err
    assert "hunter2" not in err
    assert "Traceback" not in err


@pytest.mark.parametrize("text", ["postgresql://[", "nonsense hunter2", "host='x"])
def test_a_text_that_is_no_connection_is_told_in_words(tmp_path: Path, text: str) -> None:
    file = tmp_path / "app-config.yaml"
    file.write_text(yaml.safe_dump({"backend": {"database": {"client": "pg", "connection": text}}}))
    code, _, err = typed("status", "--config", str(file))
    assert code == 3
    assert "backend.database.connection" in err
    assert "hunter2" not in err
