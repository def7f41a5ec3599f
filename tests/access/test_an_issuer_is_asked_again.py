"""Whoever signed in stays as long as their issuer says so: it is asked when that is due, once for all who wait, and of several
servers by one; while it does not answer people go on for some minutes; what it gave is read after a restart, and by a new key."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from callboard.access.confirming import GRACE
from callboard.access.door import DoorPolicy
from callboard.access.sessions import Sessions
from callboard.access.sign_in.attempts import SignInAttempts, attempt_name
from callboard.access.sign_in.desk import FrontDesk
from callboard.access.sign_in.resolving import DEFAULT_RESOLVERS, PeopleIndex
from callboard.access.sign_in.sealing import Sealer
from callboard.access.sign_in.ways import SignInWays, WayInForce
from callboard.access.store import KeptSession, SessionStore
from callboard.base.clock import FakeClock
from callboard.base.database import Database
from callboard.base.errors import NotFound, NotSignedIn, Unavailable
from callboard.base.fence import Fence
from callboard.base.secret import Secret
from callboard.base.settings import CallboardAuthSettings
from callboard.extend.sign_in import Departure, ProvenPerson, ReturnedBrowser
from callboard.model.entity import Entity, EntityMeta
from support.databases import open_tables

pytestmark = pytest.mark.usefixtures("place")  # on each database

ANNA = Entity(
    api_version="backstage.io/v1alpha1",
    kind="User",
    metadata=EntityMeta(name="anna"),
    spec={"profile": {"email": "anna@example.org"}},
)
FIRST, SECOND = Secret("the first secret of all"), Secret("the second, after that")
DUE = 61


class Issuer:
    """A way to sign in whose tokens are good once, as most providers' are."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.error: Exception | None = None
        self.account = "4711"
        self.asked: list[str] = []
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.came = asyncio.Event()

    def person(self, number: int) -> ProvenPerson:
        claims = {"email": "anna@example.org", "email_verified": True, "unneeded": "x"}
        return ProvenPerson(
            issuer="https://id.example.org",
            account=self.account,
            claims=claims,
            kept=Secret(f"refresh-{number}"),
            until=self.clock.now() + timedelta(seconds=60),
        )

    async def begin(self, back: str) -> Departure:
        return Departure(url="https://id.example.org/", state="s" * 20, remember={})

    async def finish(self, returned: ReturnedBrowser, back: str) -> ProvenPerson:
        return self.person(0)

    async def confirm(self, person: ProvenPerson) -> ProvenPerson:
        assert person.kept is not None
        self.asked.append(person.kept.reveal())
        self.came.set()
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        if person.kept.reveal() != f"refresh-{len(self.asked) - 1}":
            raise NotSignedIn("This one was used before.")
        return self.person(len(self.asked))


class Store(SessionStore):
    """`away` as a database that went away after it was asked whether we may ask."""

    away = False

    async def confirmed(self, session: KeptSession) -> None:
        if self.away:
            raise Unavailable("The database does not answer.")
        await super().confirmed(session)


class House:
    """A database, and servers on it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FakeClock()
        self.issuer = Issuer(self.clock)
        self.store = Store(database)
        self.ways = SignInWays()
        way = WayInForce(key="id", title="", way=self.issuer, fence=Fence("it"), rules=DEFAULT_RESOLVERS)
        self.ways.use({"id": way}, CallboardAuthSettings())
        self.ways.know(PeopleIndex([ANNA]))

    def server(self, *keys: Secret) -> Sessions:
        return Sessions(self.clock, self.store, "here", ways=self.ways, sealer=Sealer(keys or (FIRST,)))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = open_tables(str(tmp_path / "s.sqlite"))
    found = House(database)
    await found.store.start()
    yield found
    await database.close()


async def test_it_is_asked_when_that_is_due_and_not_before(house: House) -> None:
    async with house.server() as sessions:
        cookie = await sessions.enter("id", house.issuer.person(0))
        assert await sessions.caller(cookie) is not None
        assert house.issuer.asked == []
        for _ in range(3):
            house.clock.advance(DUE)
            caller = await sessions.caller(cookie)
            assert caller is not None
            assert caller.subject == "user:default/anna"
        assert house.issuer.asked == ["refresh-0", "refresh-1", "refresh-2"]


async def test_once_for_all_who_wait_and_by_one_of_several_servers(house: House) -> None:
    async with house.server() as here, house.server() as there:
        cookie = await here.enter("id", house.issuer.person(0))
        assert await there.caller(cookie) is not None
        house.clock.advance(DUE)
        house.issuer.go_on.clear()
        waiting = [asyncio.create_task(here.caller(cookie)) for _ in range(10)]
        await house.issuer.came.wait()
        assert await there.caller(cookie) is not None  # goes on as it was: the other server is asking
        house.issuer.go_on.set()
        assert None not in await asyncio.gather(*waiting)
        house.clock.advance(31)
        assert await there.caller(cookie) is not None
        assert house.issuer.asked == ["refresh-0"]
        house.clock.advance(DUE)
        assert await there.caller(cookie) is not None
        assert house.issuer.asked == ["refresh-0", "refresh-1"]


async def test_whom_it_no_longer_vouches_for_is_out_everywhere(house: House) -> None:
    async with house.server() as here:
        cookie = await here.enter("id", house.issuer.person(0))
        house.clock.advance(DUE)
        house.issuer.error = NotSignedIn("It does not know them.")
        assert await here.caller(cookie) is None
        assert await house.server().caller(cookie) is None
        assert await house.store.all(10) == ()


async def test_a_way_that_speaks_of_somebody_else_makes_nobody_another(house: House) -> None:
    async with house.server() as here:
        cookie = await here.enter("id", house.issuer.person(0))
        house.clock.advance(DUE)
        house.issuer.account = "4712"
        assert await here.caller(cookie) is None
        assert await house.store.all(10) == ()


async def test_while_it_does_not_answer_people_go_on_for_some_minutes(house: House) -> None:
    async with house.server() as here:
        cookie = await here.enter("id", house.issuer.person(0))
        house.issuer.error = Unavailable("It does not answer.")
        house.clock.advance(DUE)
        for _ in range(5):
            assert await here.caller(cookie) is not None
        assert len(house.issuer.asked) == 1  # and is not asked with every page
        house.clock.advance(GRACE.total_seconds())
        with pytest.raises(Unavailable):
            await here.caller(cookie)
        house.issuer.error, house.issuer.asked = None, []
        house.clock.advance(31)
        assert await here.caller(cookie) is not None  # the session was not ended


async def test_what_it_gave_is_sealed_and_read_after_a_restart_and_by_a_new_key(house: House) -> None:
    async with house.server() as before:
        cookie = await before.enter("id", house.issuer.person(0))
    (kept,) = await house.store.all(10)
    assert "refresh" not in str(msgspec.structs.asdict(kept))
    assert "unneeded" not in kept.claims
    house.clock.advance(DUE)
    async with house.server(SECOND, FIRST) as after:
        assert await after.caller(cookie) is not None
    house.clock.advance(DUE)
    async with house.server(SECOND) as later:
        assert await later.caller(cookie) is not None
    assert house.issuer.asked == ["refresh-0", "refresh-1"]


@pytest.mark.parametrize("ends", ["is asked again", "ends"])
async def test_what_it_gave_while_the_database_went_away_is_used_and_written_later(
    house: House, ends: str
) -> None:
    async with house.server() as here:
        cookie = await here.enter("id", house.issuer.person(0))
        house.clock.advance(DUE)
        house.store.away = True
        for _ in range(2):
            assert await here.caller(cookie) is not None
            house.clock.advance(31)  # what was read is old, and it may be asked again
        assert house.issuer.asked == ["refresh-0"]
        house.clock.advance(DUE)
        assert await here.caller(cookie) is not None
        assert house.issuer.asked == ["refresh-0", "refresh-1"]
        house.store.away = False
        if ends == "is asked again":
            house.clock.advance(31)
            assert await here.caller(cookie) is not None
    house.clock.advance(DUE)
    async with house.server() as after:
        assert await after.caller(cookie) is not None
    assert house.issuer.asked == ["refresh-0", "refresh-1", "refresh-2"]


async def test_without_a_key_of_ours_nothing_of_it_is_written(house: House) -> None:
    sessions = Sessions(house.clock, house.store, "here", ways=house.ways, sealer=Sealer())
    async with sessions:
        cookie = await sessions.enter("id", house.issuer.person(0))
        (kept,) = await house.store.all(10)
        assert kept.sealed == ""
        house.clock.advance(DUE)
        assert await sessions.caller(cookie) is not None
        assert house.issuer.asked == ["refresh-0"]


async def test_who_leaves_the_catalog_or_whose_way_is_gone_is_out(house: House) -> None:
    async with house.server() as here:
        one, another = [await here.enter("id", house.issuer.person(0)) for _ in range(2)]
        ended = asyncio.create_task(here.ended(one))
        await asyncio.sleep(0)
        house.ways.know(PeopleIndex([]))
        await ended  # what is open under it is told at once
        assert await here.caller(one) is None
        house.ways.know(PeopleIndex([ANNA]))
        assert await here.caller(one) is None  # for good
        house.ways.use({}, CallboardAuthSettings())
        assert await here.caller(another) is None


async def test_out_everywhere_is_every_session_of_one_person(house: House) -> None:
    async with house.server() as here, house.server() as there:
        mine = [
            await here.enter("id", house.issuer.person(0)),
            await there.enter("id", house.issuer.person(0)),
        ]
        await here.end(mine[0], everywhere=True)
        house.clock.advance(5)
        assert [await each.caller(cookie) for each in (here, there) for cookie in mine] == [None] * 4


async def test_signing_in_anew_ends_the_session_there_was_and_another_browser_comes_to_nothing(
    house: House,
) -> None:
    async with house.server() as here:
        policy = DoorPolicy(hosts=frozenset({"h"}), origins=frozenset(), cookie="c")
        desk = FrontDesk(house.ways, here, SignInAttempts(Sealer(), house.clock), policy, "http://h")
        before = await here.enter("id", house.issuer.person(0))
        led = await desk.begin("id", "//evil.example", "h")
        assert led.cookie == "c" + attempt_name("s" * 20)
        state = {"state": "s" * 20}
        with pytest.raises(NotSignedIn):
            await desk.finish("id", state, "")
        entered = await desk.finish("id", state, f"{led.cookie}={led.value}; c={before}")
        assert entered.to == "/"
        assert await here.caller(before) is None
        assert await here.caller(entered.session) is not None
        with pytest.raises(NotSignedIn):
            await desk.finish("id", state, f"{led.cookie}={led.value}")
        with pytest.raises(NotFound):
            await desk.begin("nothing", "/", "h")
        assert (await desk.begin("id", "/a", "other")).url == "http://h/sign-in/id?to=%2Fa"
