"""A session goes on after a restart and ends at its time, when nobody uses it, or when it is ended, wherever that is done."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from callboard.access import endings
from callboard.access.sessions import IDLE, LIFETIME, Sessions
from callboard.access.sessions_list import SessionsList
from callboard.access.store import KeptSession, SessionStore
from callboard.access.store.schema import sessions as table
from callboard.base.clock import FakeClock
from callboard.base.database import Database
from callboard.base.errors import NotFound, Unavailable
from callboard.model.caller import Caller
from support.databases import open_tables
from support.listening import eventually

pytestmark = pytest.mark.usefixtures("place")  # on each database

ME = Caller.loopback()
HERE = "127.0.0.1:7007"
A_MOMENT = timedelta(seconds=5).total_seconds()


class Store(SessionStore):
    """Counts readings; `away` as a database that does not answer."""

    reads = 0
    away = False

    def _asked(self) -> None:
        if self.away:
            raise Unavailable("The database does not answer.")

    looks = 0

    async def which(self, digests: Collection[str]) -> frozenset[str]:
        self.looks += 1
        self._asked()
        return await super().which(digests)

    async def get(self, digest: str) -> KeptSession | None:
        self.reads += 1
        self._asked()
        return await super().get(digest)

    async def add(self, session: KeptSession, forget_before: object) -> None:
        self._asked()
        await super().add(session, forget_before)  # type: ignore[arg-type]

    async def see(self, digest: str, when: object) -> None:
        self._asked()
        await super().see(digest, when)  # type: ignore[arg-type]


class Around:
    """A database, and servers on it that come and go."""

    def __init__(self, database: Database) -> None:
        self.clock = FakeClock()
        self.database = database
        self.store = Store(database)

    async def server(self, place: str = HERE) -> Sessions:
        sessions = Sessions(self.clock, self.store, place)
        await sessions.start()
        return sessions

    async def server_without_start(self) -> Sessions:
        return Sessions(self.clock, self.store, HERE)

    async def signed_in(self, sessions: Sessions | None = None) -> str:
        sessions = sessions or await self.server()
        cookie = await sessions.redeem(sessions.link_token(ME))
        assert cookie is not None
        return cookie

    async def written(self, **values: object) -> None:
        async with self.database.writing() as connection:
            await connection.execute(update(table).values(**values))


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Around]:
    database = open_tables(str(tmp_path / "s.sqlite"))
    found = Around(database)
    await found.store.start()
    yield found
    await database.close()


async def test_whoever_was_signed_in_still_is_until_the_session_ends(around: Around) -> None:
    cookie = await around.signed_in()
    for _ in range(8):
        again = await around.server()
        assert await again.caller(cookie) == ME
        around.clock.advance(3600 - 1)
    around.clock.advance(8)
    assert await (await around.server()).caller(cookie) is None


async def test_who_does_not_come_for_two_hours_is_signed_out(around: Around) -> None:
    sessions = await around.server()
    used, unused = [await around.signed_in(sessions) for _ in range(2)]
    around.clock.advance(IDLE.total_seconds() - 1)
    assert await sessions.caller(used) == ME
    around.clock.advance(1)
    assert await sessions.caller(used) == ME
    assert await sessions.caller(unused) is None
    elsewhere = await around.server()
    assert await elsewhere.caller(used) == ME
    assert await elsewhere.caller(unused) is None


async def test_one_that_is_ended_stays_so_everywhere(around: Around) -> None:
    here, there = await around.server(), await around.server()
    cookie = await around.signed_in(here)
    assert await there.caller(cookie) == ME
    await here.end(cookie)
    assert await here.caller(cookie) is None
    around.clock.advance(A_MOMENT)
    assert await there.caller(cookie) is None
    assert await (await around.server()).caller(cookie) is None


async def test_who_reads_a_session_while_it_ends_does_not_bring_it_back(around: Around) -> None:
    read, ended = asyncio.Event(), asyncio.Event()

    class Slow(Store):
        async def get(self, digest: str) -> KeptSession | None:
            found = await super().get(digest)
            read.set()
            await ended.wait()
            return found

    here = await around.server()
    cookie = await around.signed_in(here)
    around.clock.advance(A_MOMENT)
    here._store = Slow(around.database)
    asking = asyncio.create_task(here.caller(cookie))
    await read.wait()
    await here.end(cookie)
    ended.set()
    assert await asking is None
    assert await here.caller(cookie) is None


async def test_the_operator_ends_one_or_all(around: Around) -> None:
    here = await around.server()
    one, two, three = [await around.signed_in(here) for _ in range(3)]
    operator = SessionsList(around.store, around.clock)
    listed = await operator.all()
    assert len({each.id for each in listed}) == 3
    (first,) = [each for each in listed if each.began == listed[-1].began][-1:]
    await operator.end(first.id)
    with pytest.raises(NotFound):
        await operator.end(first.id)
    around.clock.advance(A_MOMENT)
    left = [each for each in (one, two, three) if await here.caller(each)]
    assert len(left) == 2
    assert await operator.end_all() == 2
    around.clock.advance(A_MOMENT)
    assert not [each for each in left if await here.caller(each)]


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "EVERY", 0.02)


@pytest.mark.usefixtures("hurried")
async def test_what_is_open_under_one_is_told_when_it_ends_here_or_elsewhere(around: Around) -> None:
    here, there = await around.server(), await around.server()
    mine, another, others = [await around.signed_in(here) for _ in range(3)]
    waiting = [asyncio.create_task(s.ended(mine)) for s in (here, here, there)]
    also = asyncio.create_task(there.ended(another))
    stays = [asyncio.create_task(s.ended(others)) for s in (here, there)]
    assert await there.caller(mine) == ME
    await asyncio.sleep(0)
    await here.end(mine)
    async with asyncio.timeout(30):
        await asyncio.gather(*waiting)
    assert await there.caller(mine) is None  # although it was read a moment ago
    operator = SessionsList(around.store, around.clock)
    digest = hashlib.sha256(another.encode()).hexdigest()
    await operator.end(next(s.id for s in await operator.all() if s.digest == digest))
    async with asyncio.timeout(30):
        await also
    assert not any(each.done() for each in stays)
    for each in stays:
        each.cancel()
    await asyncio.gather(*stays, return_exceptions=True)


@pytest.mark.usefixtures("hurried")
async def test_a_database_that_is_away_ends_nothing_that_is_open(around: Around) -> None:
    around.store.away = True
    sessions = await around.server_without_start()
    begun_without = await around.signed_in(sessions)
    around.store.away = False
    written = await around.signed_in(sessions)
    open_ = [asyncio.create_task(sessions.ended(each)) for each in (begun_without, written)]
    await eventually(lambda: around.store.looks >= 3)
    around.store.away, looked = True, around.store.looks
    await eventually(lambda: around.store.looks >= looked + 3)
    assert not any(each.done() for each in open_)
    for each in open_:
        each.cancel()
    await asyncio.gather(*open_, return_exceptions=True)
    assert not [t for t in asyncio.all_tasks() if t.get_name() == "endings"]  # nobody waits, nobody looks


async def test_links_end_with_the_process(around: Around) -> None:
    token = (await around.server()).link_token(ME)
    assert await (await around.server()).redeem(token) is None


async def test_nothing_that_is_kept_opens_anything(around: Around) -> None:
    sessions = await around.server()
    cookie = await around.signed_in(sessions)
    async with around.database.reading() as connection:
        (row,) = (await connection.execute(select(table))).all()
    assert cookie not in " ".join(map(str, row))
    for value in row:
        assert await sessions.caller(str(value)) is None


async def test_it_is_good_at_its_own_listener(around: Around) -> None:
    cookie = await around.signed_in()
    assert await (await around.server("127.0.0.1:7008")).caller(cookie) is None


async def test_nobody_becomes_somebody_else_and_none_lasts_longer_than_a_new_one(around: Around) -> None:
    cookie = await around.signed_in()
    await around.written(subject="user:default/admin")
    assert await (await around.server()).caller(cookie) is None
    await around.written(subject=ME.subject, kind="callboard")
    assert await (await around.server()).caller(cookie) is None
    await around.written(kind=ME.kind.value)
    assert await (await around.server()).caller(cookie) == ME
    await around.written(ends=around.clock.now() + LIFETIME + timedelta(hours=1))
    assert await (await around.server()).caller(cookie) is None


async def test_the_name_in_the_link_is_the_same_after_a_restart_and_nobody_can_guess_it(
    around: Around,
) -> None:
    first = await around.server()
    await around.signed_in(first)
    assert (await around.server()).host == first.host
    assert (await around.server("127.0.0.1:7008")).host != first.host
    assert len({Sessions(around.clock).host for _ in range(50)}) == 50
    for odd in ("evil.example", "cb-x", "", "cb-" + "0" * 24 + ".evil"):
        await around.written(host=odd)
        assert (await around.server()).host not in {odd, first.host}


async def test_a_page_and_its_stream_cause_little_reading(around: Around) -> None:
    sessions = await around.server()
    cookie = await around.signed_in(sessions)
    for _ in range(100):
        assert await sessions.caller(cookie) == ME
    assert around.store.reads == 0
    for _ in range(3):
        around.clock.advance(A_MOMENT)
        for _ in range(20):
            assert await sessions.caller(cookie) == ME
    assert around.store.reads == 3


async def test_whoever_guesses_holds_nobody_up(around: Around) -> None:
    """However many guess at once, most connections to the database are left for those who are signed in."""
    busy = most = 0
    hold = asyncio.Event()

    class Slow(Store):
        async def get(self, digest: str) -> KeptSession | None:
            nonlocal busy, most
            if digest == known:
                return await super().get(digest)
            busy += 1
            most = max(most, busy)
            await hold.wait()
            busy -= 1
            return None

    known = ""
    sessions = Sessions(around.clock, Slow(around.database), HERE)
    cookie = await around.signed_in(sessions)
    known = hashlib.sha256(cookie.encode()).hexdigest()
    around.clock.advance(A_MOMENT)
    guesses = [asyncio.create_task(sessions.caller(f"{n:043}")) for n in range(100)]
    assert await sessions.caller(cookie) == ME
    assert most <= 2
    hold.set()
    assert await asyncio.gather(*guesses) == [None] * 100
    assert most == 2


async def test_a_database_that_is_away_signs_nobody_out_and_lets_nobody_in(around: Around) -> None:
    sessions = await around.server()
    cookie = await around.signed_in(sessions)
    around.store.away = True
    around.clock.advance(300)
    assert await sessions.caller(cookie) == ME
    with pytest.raises(Unavailable):
        await sessions.caller("A" * 43)
    around.clock.advance(600)
    with pytest.raises(Unavailable):
        await sessions.caller(cookie)
    around.store.away = False
    assert await sessions.caller(cookie) == ME


async def test_who_signs_in_while_it_is_away_is_written_down_when_it_is_back(
    around: Around, capsys: pytest.CaptureFixture[str]
) -> None:
    sessions = await around.server()
    around.store.away = True
    cookie = await around.signed_in(sessions)
    assert "could not be written" in capsys.readouterr().out
    around.clock.advance(A_MOMENT)
    assert await sessions.caller(cookie) == ME
    around.store.away = False
    assert await sessions.caller(cookie) == ME
    assert await (await around.server()).caller(cookie) == ME


@pytest.mark.parametrize("cookie", ["", "x", "\0" * 43, "ü" * 43, "\ud800" * 43, "A" * 44, "A" * 100_000])
async def test_what_is_no_cookie_of_ours_is_nobody(around: Around, cookie: str) -> None:
    assert await (await around.server()).caller(cookie) is None
