from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from callboard.base.clock import FakeClock
from callboard.base.errors import Unavailable
from callboard.history.store import VerdictStore
from callboard.history.verdicts import Verdicts
from callboard.model.entity import EntityRef
from callboard.model.grants import Grant, Grants
from callboard.model.verdict import Health, Verdict
from support.databases import open_tables

pytestmark = pytest.mark.usefixtures("place")  # on each database

REF = EntityRef.parse("component:default/web")
OTHER = EntityRef.parse("component:default/other")
ALL = Grants.everything()
SOME = Grants(frozenset({Grant(namespace="shop")}))


def verdict(health: Health, sentence: str = "s") -> Verdict:
    return Verdict(health=health, sentence=sentence)


@asynccontextmanager
async def remembering(file: Path, clock: FakeClock) -> AsyncIterator[Verdicts]:
    database = open_tables(str(file))
    try:
        found = Verdicts(VerdictStore(database), clock)
        await found.start()
        yield found
    finally:
        await database.close()


async def test_since_is_the_first_time_and_survives_a_restart(tmp_path: Path) -> None:
    clock = FakeClock(datetime(2026, 5, 1, tzinfo=UTC))
    async with remembering(tmp_path / "h.sqlite", clock) as first:
        await first.remember(REF, ALL, verdict(Health.UNHEALTHY))
        await first.write()
    clock.advance(3600)
    async with remembering(tmp_path / "h.sqlite", clock) as second:
        await second.remember(REF, ALL, verdict(Health.UNHEALTHY, "still"))
        found = (await second.last([REF], ALL))[REF]
        assert (found.since, found.as_of, found.sentence) == (
            datetime(2026, 5, 1, tzinfo=UTC),
            datetime(2026, 5, 1, 1, tzinfo=UTC),
            "still",
        )
        await second.remember(REF, ALL, verdict(Health.HEALTHY))
        assert (await second.last([REF], ALL))[REF].since == datetime(2026, 5, 1, 1, tzinfo=UTC)


async def test_what_was_seen_last_an_hour_ago_is_remembered_as_of_then() -> None:
    clock = FakeClock(datetime(2026, 5, 1, tzinfo=UTC))
    async with remembering(Path(":memory:"), clock) as found:
        then = clock.now()
        clock.advance(3600)
        await found.remember(REF, ALL, verdict(Health.UNKNOWN), as_of=then)
        last = (await found.last([REF], ALL))[REF]
        assert (last.as_of, last.since) == (then, then)


async def test_what_a_database_did_not_take_is_written_when_it_does(tmp_path: Path) -> None:
    clock = FakeClock(datetime(2026, 5, 1, tzinfo=UTC))
    async with remembering(tmp_path / "h.sqlite", clock) as found:
        database = found._store._database
        await found.remember(REF, ALL, verdict(Health.UNHEALTHY))
        async with database.writing() as connection:
            await connection.execute(text("ALTER TABLE history_verdicts RENAME TO elsewhere"))
        for _ in range(3):
            await found.write()
        assert (await found.last_known([REF, OTHER], ALL)).keys() == {REF}
        async with database.writing() as connection:
            await connection.execute(text("ALTER TABLE elsewhere RENAME TO history_verdicts"))
        await found.write()
    async with remembering(tmp_path / "h.sqlite", clock) as again:
        assert (await again.last([REF], ALL))[REF].health is Health.UNHEALTHY


async def test_callers_with_other_grants_see_none_of_it(tmp_path: Path) -> None:
    async with remembering(tmp_path / "h.sqlite", FakeClock()) as found:
        await found.remember(REF, ALL, verdict(Health.HEALTHY, "names a hidden pod"))
        for _ in range(2):
            assert await found.last([REF], SOME) == {}
            await found.write()
        assert REF in await found.last([REF], ALL)


async def test_after_two_weeks_it_is_forgotten(tmp_path: Path) -> None:
    clock = FakeClock()
    async with remembering(tmp_path / "h.sqlite", clock) as first:
        await first.remember(REF, ALL, verdict(Health.HEALTHY))
        await first.write()
    clock.advance(15 * 24 * 3600)
    async with remembering(tmp_path / "h.sqlite", clock) as second:
        assert await second.last([REF], ALL) == {}


async def test_a_database_that_cannot_be_read_breaks_nobodys_page() -> None:
    database = open_tables(":memory:")
    try:
        found = Verdicts(VerdictStore(database), FakeClock())  # not started: there are no tables
        await found.remember(REF, ALL, verdict(Health.HEALTHY))
        with pytest.raises(Unavailable, match="database"):
            await found.last([REF], ALL)
        assert await found.last_known([REF], ALL) == {}
        await VerdictStore(database).start(datetime(2026, 5, 1, tzinfo=UTC))
        await found.remember(REF, ALL, verdict(Health.UNHEALTHY))
        assert (await found.last([REF], ALL))[REF].health is Health.UNHEALTHY
    finally:
        await database.close()
