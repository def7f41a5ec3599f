"""SQLite and PostgreSQL for tests of what keeps tables: each test gets a database of its own."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from callboard.base.database import MEMORY, Database, DatabaseAddress, open_database
from callboard.base.secret import Secret

__all__ = ["CURRENT", "PASSWORD", "Place", "PostgresServer", "binaries", "open_tables", "server"]

USER = "callboard"
PASSWORD = "o'k \\ %20@"


def binaries() -> Path | None:
    """The directory of PostgreSQL's programs, those of Debian included, which are in no PATH."""
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


class PostgresServer:
    """A private server on loopback, with its data in one directory. It can be stopped and started again."""

    def __init__(self, programs: Path, directory: Path) -> None:
        self._programs = programs
        self._directory = directory
        self._data = directory / "data"
        self.port = _free_port()

    def make(self) -> None:
        """Make the data directory; refused to root, so then it is the user `postgres` that does."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self._directory, owner.pw_uid, owner.pw_gid)
        secret = self._directory / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run(
            "initdb", "-D", str(self._data), "-U", USER, "--pwfile", str(secret), "-A", "scram-sha-256",
            "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip

    def start(self, *more: str) -> None:
        """Start it and wait until it answers."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._directory} -c fsync=off "
            f"-c full_page_writes=off -c max_connections=40 {' '.join(more)}"
        )
        log = self._directory / "log"
        self._run("pg_ctl", "-D", str(self._data), "-l", str(log), "-w", "-t", "60", "-o", options, "start")

    def use_tls(self, certificate: str, key: str) -> None:
        """Answer to TLS from the next start on, with this certificate (PEM)."""
        for name, pem in (("server.crt", certificate), ("server.key", key)):
            file = self._data / name
            file.write_text(pem)
            file.chmod(0o600)
            if os.geteuid() == 0:
                owner = pwd.getpwnam("postgres")
                os.chown(file, owner.pw_uid, owner.pw_gid)

    def freeze(self, signal_: signal.Signals = signal.SIGSTOP) -> None:
        """Nothing comes from it any more, though connections stand; SIGCONT ends that."""
        main = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        for pid in (main, *map(int, children)):
            os.kill(pid, signal_)

    def stop(self, how: str = "immediate") -> None:
        """End it; nothing is said to whoever is connected."""
        self._run("pg_ctl", "-D", str(self._data), "-m", how, "-w", "-t", "60", "stop")

    def sql(self, statement: sql.SQL | sql.Composed, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement as the owner of all, beside what is tested."""
        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=PASSWORD,
            dbname=database,
            autocommit=True,
        ) as connection:
            done = connection.execute(statement)
            return done.fetchall() if done.description else []

    def new(self) -> DatabaseAddress:
        """A new, empty database."""
        name = f"t{secrets.token_hex(6)}"
        self.sql(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.address(name)

    def address(self, database: str, *, password: str = PASSWORD) -> DatabaseAddress:
        """Where a database is."""
        parameters = {"host": "127.0.0.1", "port": str(self.port), "user": USER, "dbname": database}
        return DatabaseAddress(parameters=parameters, password=Secret(password))

    def drop(self, address: DatabaseAddress) -> None:
        """Remove a database again."""
        name = address.parameters["dbname"]
        self.sql(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, cwd="/",
            stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        assert done.returncode == 0, f"{program} failed:\n{done.stdout}"


@contextmanager
def server(programs: Path, directory: Path) -> Iterator[PostgresServer]:
    """A server that runs for so long."""
    made = PostgresServer(programs, directory)
    made.make()
    made.start()
    try:
        yield made
    finally:
        made.stop()


class Place:
    """Where a test's tables are: `open` gives the same ones under the same name, to whoever opens them again."""

    def __init__(self, directory: Path, server: PostgresServer | None) -> None:
        self._directory = directory
        self._server = server
        self._addresses: dict[str, DatabaseAddress] = {}

    @property
    def on_server(self) -> bool:
        """Whether it is PostgreSQL."""
        return self._server is not None

    def address(self, name: str = "callboard") -> DatabaseAddress:
        """Where the database of that name is."""
        if name not in self._addresses:
            self._addresses[name] = (
                self._server.new()
                if self._server
                else DatabaseAddress(file=str(self._directory / f"{name}.sqlite"))
            )
        return self._addresses[name]

    def open(self, name: str = "callboard") -> Database:
        """Open it; closing is the caller's."""
        return open_database(self.address(name))

    def leave(self) -> None:
        """Remove them all."""
        if self._server is not None:
            for address in self._addresses.values():
                self._server.drop(address)


CURRENT: list[Place] = []
"""Where the running test's tables are, if it asked for the fixture `place`."""


def open_tables(file: str) -> Database:
    """The database that a test names as a file: that file, or where the fixture `place` says, one of its own for each name."""
    if not CURRENT or not CURRENT[0].on_server:
        return open_database(file)
    return CURRENT[0].open(secrets.token_hex(4) if file == MEMORY else file)
