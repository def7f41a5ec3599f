"""`tables_before.sql`: what the version before had in SQLite after a sign-in and a token for a pipeline. Today's takes it on."""

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from callboard.access.store import SessionStore, TokenStore
from callboard.access.store.stars import StarStore
from callboard.access.tokens import ServiceTokens
from callboard.base.clock import FakeClock
from callboard.base.database import Database, open_database
from callboard.history.store.schema import verdicts
from callboard.history.store.verdicts import VerdictStore
from callboard.model.caller import Caller, CallerKind
from callboard.model.permission import Action

BEFORE = Path(__file__).with_name("tables_before.sql")
TOKEN = "cbt_4663ce4d9895_CCyhhpH2x94HPYFxuIMkvkCY_Eh2Kh4DqzuY_KdjSr4"
SESSION = "r_ksXunGQIA28b_qRikT0G4rXJfXyh5JvBvz1c9qPh8"
NEXT_DAY = datetime(2026, 12, 2, tzinfo=UTC)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    file = tmp_path / "callboard.sqlite"
    with sqlite3.connect(file) as written:
        written.executescript(BEFORE.read_text())
    written.close()
    found = open_database(str(file))
    yield found
    await found.close()


async def test_tokens_sessions_and_verdicts_of_the_version_before_still_count(database: Database) -> None:
    tokens = TokenStore(database)
    await tokens.start()
    assert await ServiceTokens(tokens, FakeClock(NEXT_DAY)).caller(TOKEN) == Caller(
        kind=CallerKind.SERVICE, subject="pipeline", may=frozenset({Action.ENTITY_READ})
    )
    kept = await SessionStore(database).get(hashlib.sha256(SESSION.encode()).hexdigest())
    assert kept is not None
    assert (kept.subject, kept.id) == ("user:default/local", "1ec7f846")
    stars = StarStore(database)
    assert await stars.add("user:default/local", "component:default/dice-roller", NEXT_DAY, 9)  # came since
    await VerdictStore(database).start(NEXT_DAY - timedelta(days=30))
    async with database.reading() as connection:
        row = (await connection.execute(select(verdicts.c.health, verdicts.c.sentence))).one()
    assert tuple(row) == ("healthy", "Healthy in all 2 clusters.")
