"""What is done is in the log at once and in the database a moment later; what cannot be kept is not done."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from callboard.access.audit import MOST_STRANGERS, MOST_WAITING, AuditTrail
from callboard.access.store import CHAIN, AuditStore
from callboard.base.clock import FakeClock
from callboard.base.database import Database, migrate
from callboard.base.errors import Unavailable, UsageError
from callboard.base.request import request_begun, request_ended
from callboard.model.audit import AuditDeed, AuditEvent, AuditFilter, AuditOutcome
from callboard.model.caller import Caller
from support.databases import Place
from support.policies import person, service

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANNA = person("anna")


async def opened(database: Database, clock: FakeClock | None = None, keep: float = 0.0) -> AuditTrail:
    await migrate(database, CHAIN)
    return AuditTrail(clock or FakeClock(NOW), AuditStore(database), lambda: keep)


class Away(AuditStore):
    """A database that does not take rows while `away`."""

    away = True

    async def add(self, events: Any) -> None:
        if self.away:
            raise Unavailable("the disk is full")
        await super().add(events)


async def test_an_event_is_kept_with_who_what_and_where_it_came_from(place: Place) -> None:
    database = place.open()
    trail = await opened(database)
    begun = request_begun("a1b2c3d4", "10.0.0.7")
    with capture_logs() as logs:
        trail.record(
            AuditDeed.LOG,
            ANNA,
            "component:default/shop eu/shop/pods/p 'x' \0 %",
            action="kubernetes.logs.read",
        )
        trail.record(
            AuditDeed.REFUSED, service("x"), "/catalog/ü", outcome=AuditOutcome.REFUSED, code="not-permitted"
        )
    request_ended(begun)
    newest, first = (await trail.find(AuditFilter())).events
    assert (first.who, first.deed, first.outcome, first.at) == (
        "user:default/anna",
        AuditDeed.LOG,
        AuditOutcome.DONE,
        NOW,
    )
    assert (first.request, first.address, first.action) == ("a1b2c3d4", "10.0.0.7", "kubernetes.logs.read")
    assert (newest.code, newest.kind, newest.what) == ("not-permitted", "service", "/catalog/ü")
    assert newest.number > first.number > 0
    assert [log["event"] for log in logs] == ["audit", "audit"]
    assert logs[0]["who"] == "user:default/anna"
    await database.close()


async def test_the_record_is_searched(place: Place) -> None:
    database, clock = place.open(), FakeClock(NOW)
    trail = await opened(database, clock)
    for number in range(30):
        who = person("anna") if number % 3 else person("ann")
        trail.record(AuditDeed.YAML if number % 2 else AuditDeed.LOG, who, f"component:default/s{number % 5}")
        clock.advance(60)

    async def found(**wanted: Any) -> list[AuditEvent]:
        return list((await trail.find(AuditFilter(**wanted))).events)

    assert len(await found()) == 30
    assert len(await found(who="user:default/anna")) == 20
    assert len(await found(who="user:default/ann")) == 30, "from its beginning"
    assert len(await found(deed=AuditDeed.LOG)) == 15
    assert len(await found(outcome=AuditOutcome.REFUSED)) == 0
    assert len(await found(what="component:default/s1")) == 6
    assert len(await found(what="%")) == 0
    assert len(await found(since=NOW + timedelta(minutes=10), until=NOW + timedelta(minutes=20))) == 10
    pages: list[AuditEvent] = []
    before = 0
    while True:
        page = await trail.find(AuditFilter(limit=7, before=before))
        pages += page.events
        if not (before := page.older):
            break
    assert [e.number for e in pages] == sorted((e.number for e in pages), reverse=True)
    assert len(pages) == 30
    for limit in (0, 501, -1):
        with pytest.raises(UsageError):
            await trail.find(AuditFilter(limit=limit))
    await database.close()


async def test_nothing_passes_unrecorded_while_the_database_takes_no_rows(place: Place) -> None:
    database = place.open()
    await migrate(database, CHAIN)
    store = Away(database)
    trail = AuditTrail(FakeClock(NOW), store)
    with capture_logs() as logs:
        for number in range(MOST_WAITING):
            trail.record(AuditDeed.LOG, ANNA, str(number))
        with pytest.raises(Unavailable) as refused:
            trail.record(AuditDeed.LOG, ANNA, "one too many")
        await trail.flush()
    assert refused.value.code == "audit-full"
    assert sum(log["event"] == "audit" for log in logs) == MOST_WAITING, "each is in the log"
    assert any("cannot be written to the database" in log["event"] for log in logs)
    assert trail.waiting == MOST_WAITING
    store.away = False
    await trail.flush()
    assert trail.waiting == 0
    newest = (await trail.find(AuditFilter(limit=1))).events[0]
    assert newest.what == str(MOST_WAITING - 1)
    await database.close()


async def test_whoever_guesses_does_not_fill_the_database(place: Place) -> None:
    database, clock = place.open(), FakeClock(NOW)
    trail = await opened(database, clock)
    with capture_logs() as logs:
        for _ in range(3 * MOST_STRANGERS):
            trail.record(AuditDeed.SIGN_IN, Caller.anonymous(), "/sign-in", outcome=AuditOutcome.REFUSED)
    assert len(logs) == 3 * MOST_STRANGERS, "all of them are in the log"
    trail.record(AuditDeed.LOG, ANNA)
    clock.advance(61)
    trail.record(AuditDeed.SIGN_IN, Caller.anonymous(), "/sign-in")
    assert len((await trail.find(AuditFilter(limit=500))).events) == MOST_STRANGERS + 2
    await database.close()


async def test_it_is_written_in_the_background_and_forgotten_in_time(place: Place) -> None:
    database = place.open()
    await migrate(database, CHAIN)
    store = AuditStore(database)
    await store.add([AuditEvent(at=NOW - timedelta(days=100), deed=AuditDeed.LOG, outcome=AuditOutcome.DONE)])
    trail = AuditTrail(FakeClock(NOW), store, lambda: 90 * 86_400.0)
    writing = asyncio.create_task(trail.run())
    trail.record(AuditDeed.LOG, ANNA, "kept")
    async with asyncio.timeout(20):
        while [e.what for e in await store.find(AuditFilter())] != ["kept"]:  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.02)
    trail.record(AuditDeed.LOG, ANNA, "at the end")
    writing.cancel()
    await asyncio.wait({writing})
    assert [e.what for e in await store.find(AuditFilter())] == ["at the end", "kept"]
    await database.close()


async def test_without_a_database_it_is_in_the_log_and_says_so_to_who_reads_it() -> None:
    trail = AuditTrail(FakeClock(NOW))
    with capture_logs() as logs:
        trail.record(AuditDeed.LOG, ANNA, "x")
    assert logs[0]["what"] == "x"
    with pytest.raises(Unavailable):
        await trail.find(AuditFilter())
