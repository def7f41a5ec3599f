"""What a command does not need is not imported for it: most of the time until it answers would be that. Nor is its end long."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from callboard.base.database import open_database
from callboard.catalog import Store

HEAVY = {"aiohttp", "alembic", "jinja2", "prometheus_client", "psycopg", "sqlalchemy", "starlette", "uvicorn"}

_TYPED = """
import sys
from callboard.app.main import main
try:
    main()
except SystemExit:
    sys.stderr.write(" ".join({name.partition(".")[0] for name in sys.modules}))
"""

_ENDED = """
import gc
from callboard.app.main import main
try:
    main()
except SystemExit:
    raise SystemExit(0 if gc.get_freeze_count() > 10_000 else 1)
"""

_STARTED = """
import asyncio, sys
from callboard.base.database import open_database
from callboard.catalog import Store

async def start():
    database = open_database(sys.argv[1])
    await Store(database).start()
    await database.close()

asyncio.run(start())
sys.stderr.write(" ".join({name.partition(".")[0] for name in sys.modules}))
"""


def imported(program: str, *arguments: str) -> set[str]:
    """The packages there are when the program ends."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "typed", ["--version", "--help", "serve --help", "clusters --help", "config check -h"]
)
def test_what_only_tells_about_itself_imports_no_server_and_no_database(typed: str) -> None:
    found = imported(_TYPED, *typed.split())
    assert "callboard" in found
    assert not found & HEAVY


def test_tables_that_are_as_they_should_be_need_no_migrations(tmp_path: Path) -> None:
    file = tmp_path / "callboard.sqlite"

    async def made() -> None:
        database = open_database(str(file))
        await Store(database).start()
        await database.close()

    asyncio.run(made())
    found = imported(_STARTED, str(file))
    assert "sqlalchemy" in found
    assert not found & {"alembic", "psycopg"}


def test_at_the_end_nobody_looks_for_cycles_in_what_is_there() -> None:
    """The interpreter does so as it ends, in what is not set aside."""
    assert (
        "callboard"
        in subprocess.run(
            [sys.executable, "-c", _ENDED, "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
    )
