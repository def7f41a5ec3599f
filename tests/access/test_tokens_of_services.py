"""Tokens of services: shown once, kept as hashes, ended at their time or when revoked, and good for what they were made for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from callboard.access.door import DoorPolicy, FrontDoor, allowed_hosts
from callboard.access.sessions import Sessions
from callboard.access.store import TokenStore
from callboard.access.store.schema import tokens as table
from callboard.access.tokens import LONGEST, ServiceTokens
from callboard.base.clock import FakeClock
from callboard.base.database import Database
from callboard.base.errors import NotFound, Unavailable, UsageError
from callboard.model.caller import Caller, CallerKind
from callboard.model.door import Admitted, Refused, RequestFacts, RouteClass
from callboard.model.permission import Action
from support.databases import open_tables

pytestmark = pytest.mark.usefixtures("place")  # on each database

READ = (Action.ENTITY_READ, Action.RESOURCES_READ)
MONTH = timedelta(days=30)


class Kept:
    """Tokens in a database that can be taken away, as one server sees them, and another."""

    def __init__(self, database: Database) -> None:
        self.clock = FakeClock()
        self.database = database
        self.store = TokenStore(database)
        self.tokens = ServiceTokens(self.store, self.clock)
        self.elsewhere = ServiceTokens(TokenStore(database), self.clock)

    async def made(self, *may: str, until: timedelta = MONTH) -> tuple[str, str]:
        """(id, token)."""
        kept, token = await self.tokens.create("ci/deploy", may or READ, self.clock.now() + until)
        return kept.id, token.reveal()


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    database = open_tables(str(tmp_path / "t.sqlite"))
    found = Kept(database)
    await found.store.start()
    yield found
    await database.close()


async def test_a_token_names_its_service_and_what_it_may(kept: Kept) -> None:
    _, token = await kept.made()
    assert await kept.tokens.caller(token) == Caller(
        kind=CallerKind.SERVICE, subject="ci/deploy", may=frozenset(READ)
    )
    assert await kept.elsewhere.caller(token) is not None


async def test_nothing_that_is_kept_opens_anything(kept: Kept) -> None:
    id_, token = await kept.made()
    async with kept.database.reading() as connection:
        (row,) = (await connection.execute(select(table))).all()
    held = [str(value) for value in row]
    assert token not in " ".join(held)
    assert token.rpartition("_")[2] not in " ".join(held)
    for value in held:
        assert await kept.tokens.caller(value) is None
        assert await kept.tokens.caller(f"cbt_{id_}_{value[:43]}") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"),
        lambda t: t.lower() + "x",
        lambda t: t + "A",
        lambda t: t[:-1],
        lambda t: t.replace("cbt_", "cbt-"),
        lambda t: "cbt_000000000000_" + t[17:],
        lambda t: " " + t,
        lambda t: t + "\n",
        lambda t: "",
        lambda t: "ü" * 60,
        lambda t: "cbt_" + "9" * 100_000,
    ],
)
async def test_what_is_not_the_token_is_nobody(kept: Kept, change: object) -> None:
    _, token = await kept.made()
    assert callable(change)
    assert await kept.tokens.caller(change(token)) is None


async def test_it_ends_at_its_time(kept: Kept) -> None:
    _, token = await kept.made(until=timedelta(hours=1))
    kept.clock.advance(3599)
    assert await kept.tokens.caller(token) is not None
    kept.clock.advance(1)
    assert await kept.tokens.caller(token) is None


async def test_a_revoked_one_is_over_here_at_once_and_elsewhere_within_seconds(kept: Kept) -> None:
    id_, token = await kept.made()
    assert await kept.elsewhere.caller(token) is not None
    await kept.tokens.revoke(id_)
    assert await kept.tokens.caller(token) is None
    kept.clock.advance(5)
    assert await kept.elsewhere.caller(token) is None
    with pytest.raises(NotFound):
        await kept.tokens.revoke(id_)
    with pytest.raises(NotFound):
        await kept.tokens.revoke("' OR 1=1 --")


async def test_a_new_one_is_known_elsewhere_within_seconds(kept: Kept) -> None:
    assert await kept.elsewhere.caller("cbt_000000000000_" + "A" * 43) is None
    _, token = await kept.made()
    kept.clock.advance(5)
    assert await kept.elsewhere.caller(token) is not None


async def test_last_use_is_noted_once_a_minute(kept: Kept) -> None:
    _, token = await kept.made()
    (before,) = await kept.tokens.all()
    assert before.used is None
    await kept.tokens.caller(token)
    first = kept.clock.now()
    kept.clock.advance(30)
    await kept.tokens.caller(token)
    (noted,) = await kept.tokens.all()
    assert noted.used == first
    kept.clock.advance(31)
    await kept.tokens.caller(token)
    (again,) = await kept.tokens.all()
    assert again.used == kept.clock.now()


class Counting(TokenStore):
    """Counts readings; `away` as a database that does not answer."""

    reads = 0
    away = False

    async def all(self, most: int):  # type: ignore[no-untyped-def]
        self.reads += 1
        if self.away:
            raise Unavailable("The database does not answer.")
        return await super().all(most)

    async def use(self, id_: str, when: object) -> None:
        raise Unavailable("The database does not answer.")


async def test_guessing_costs_no_query(kept: Kept) -> None:
    store = Counting(kept.database)
    tokens = ServiceTokens(store, kept.clock)
    guesses = [f"cbt_{n:012x}_{'A' * 43}" for n in range(500)]
    assert await asyncio.gather(*map(tokens.caller, guesses)) == [None] * 500
    assert store.reads == 1


async def test_a_database_that_is_away_for_a_moment_locks_nobody_out_and_lets_nobody_in_for_long(
    kept: Kept,
) -> None:
    _, token = await kept.made()
    store = Counting(kept.database)
    tokens = ServiceTokens(store, kept.clock)
    assert await tokens.caller(token) is not None  # though its use cannot be noted
    store.away = True
    kept.clock.advance(590)
    assert await tokens.caller(token) is not None
    kept.clock.advance(11)
    with pytest.raises(Unavailable):
        await tokens.caller(token)
    with pytest.raises(Unavailable):
        await ServiceTokens(store, kept.clock).caller(token)


@pytest.mark.parametrize(
    ("service", "may", "until"),
    [
        ("", READ, MONTH),
        ("Ci", READ, MONTH),
        ("ci deploy", READ, MONTH),
        ("x" * 101, READ, MONTH),
        ("ci\x1b[31m", READ, MONTH),
        ("ci", (), MONTH),
        ("ci", ("kubernetes.resources.delete",), MONTH),
        ("ci", (*READ, "*"), MONTH),
        ("ci", READ, timedelta(0)),
        ("ci", READ, -MONTH),
        ("ci", READ, LONGEST + timedelta(seconds=1)),
    ],
)
async def test_what_cannot_be_is_not_made(
    kept: Kept, service: str, may: tuple[str, ...], until: timedelta
) -> None:
    with pytest.raises(UsageError):
        await kept.tokens.create(service, may, kept.clock.now() + until)
    assert await kept.tokens.all() == ()


def facts(token: str, **more: Any) -> RequestFacts:
    given: dict[str, Any] = {
        "method": "GET",
        "path": "/",
        "host": "127.0.0.1:7007",
        "authorization": f"Bearer {token}",
    }
    return RequestFacts(**{**given, **more})


@asynccontextmanager
async def guarded(kept: Kept) -> AsyncIterator[tuple[FrontDoor, str]]:
    hosts, origins = allowed_hosts("127.0.0.1", 7007)
    sessions = Sessions(kept.clock)
    session = await sessions.redeem(sessions.link_token(Caller.loopback()))
    yield (
        FrontDoor(DoorPolicy(hosts=hosts, origins=origins, cookie="c"), sessions, kept.tokens),
        f"c={session}",
    )


async def test_the_door_takes_it_for_reading_and_for_nothing_else(kept: Kept) -> None:
    _, token = await kept.made()
    async with guarded(kept) as (door, _):
        for route in RouteClass:
            own_page = facts(token, origin="http://127.0.0.1:7007")
            found = await door.admit(own_page, route)
            match route:
                case RouteClass.READ | RouteClass.METRICS:
                    assert isinstance(found, Admitted)
                    assert found.caller.kind is CallerKind.SERVICE
                case RouteClass.PUBLIC | RouteClass.SIGN_IN:
                    assert isinstance(found, Admitted)
                    assert found.caller.kind is CallerKind.ANONYMOUS
                case _:
                    assert isinstance(found, Refused)
                    assert found.status == 403
        foreign = await door.admit(facts(token, host="evil.example"), RouteClass.READ)
        assert isinstance(foreign, Refused)
        assert foreign.status == 421


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_wrong_token_is_not_saved_by_a_good_cookie(kept: Kept, scheme: str) -> None:
    """Who sends a token is who it says, or nobody: else a script would act as somebody who happens to be signed in."""
    async with guarded(kept) as (door, cookie):
        for route in (RouteClass.READ, RouteClass.METRICS):
            found = await door.admit(facts("", authorization=f"{scheme} cbt_nonsense", cookie=cookie), route)
            assert isinstance(found, Refused)
            assert found.status == 401
        basic = await door.admit(facts("", authorization="Basic eDp5", cookie=cookie), RouteClass.READ)
        assert isinstance(basic, Admitted)
