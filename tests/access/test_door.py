from datetime import timedelta
from typing import Any

import pytest

from callboard.access.door import DoorPolicy, FrontDoor, allowed_hosts
from callboard.access.sessions import Sessions
from callboard.base.clock import FakeClock
from callboard.model.caller import Caller, CallerKind
from callboard.model.door import Admitted, Refused, RequestFacts, RouteClass

HOSTS, ORIGINS = allowed_hosts("127.0.0.1", 7007, also=["https://portal.example.org"])


def door(*, open_: bool = False, clock: FakeClock | None = None) -> tuple[FrontDoor, Sessions]:
    sessions = Sessions(clock or FakeClock())
    policy = DoorPolicy(hosts=HOSTS, origins=ORIGINS, cookie="callboard_7007", open=open_)
    return FrontDoor(policy, sessions), sessions


def facts(**more: Any) -> RequestFacts:
    return RequestFacts(**{"method": "GET", "path": "/", "host": "127.0.0.1:7007", **more})


@pytest.mark.parametrize(
    "host", ["evil.example.org", "127.0.0.1", "127.0.0.1:7008", "", "localhost:7007.evil.org"]
)
@pytest.mark.parametrize("route", RouteClass)
async def test_a_foreign_host_is_refused_everywhere(host: str, route: RouteClass) -> None:
    found = await door(open_=True)[0].admit(facts(host=host), route)
    assert isinstance(found, Refused)
    assert found.status == 421


@pytest.mark.parametrize("host", ["127.0.0.1:7007", "LOCALHOST:7007", "[::1]:7007", "portal.example.org"])
async def test_our_own_names_are_let_in(host: str) -> None:
    assert isinstance(await door(open_=True)[0].admit(facts(host=host), RouteClass.READ), Admitted)


@pytest.mark.parametrize("route", [RouteClass.STREAM, RouteClass.UNSAFE])
async def test_another_sites_page_may_not_open_streams_or_change_things(route: RouteClass) -> None:
    one, _ = door(open_=True)
    for foreign in (
        facts(origin="https://evil.example.org"),
        facts(fetch_site="cross-site"),
        facts(origin="null"),
    ):
        found = await one.admit(foreign, route)
        assert isinstance(found, Refused)
        assert found.status == 403
    own = facts(origin="http://127.0.0.1:7007", fetch_site="same-origin")
    assert isinstance(await one.admit(own, route), Admitted)


async def test_an_unsafe_request_that_names_no_page_is_refused() -> None:
    assert isinstance(await door(open_=True)[0].admit(facts(method="POST"), RouteClass.UNSAFE), Refused)


async def test_without_a_session_pages_are_refused_and_liveness_is_not() -> None:
    one, _ = door()
    for route in (RouteClass.READ, RouteClass.STREAM):
        found = await one.admit(facts(), route)
        assert isinstance(found, Refused)
        assert found.status == 401
    found = await one.admit(facts(), RouteClass.PUBLIC)
    assert isinstance(found, Admitted)
    assert found.caller.kind is CallerKind.ANONYMOUS


async def test_the_link_works_once_and_its_cookie_until_the_evening() -> None:
    clock = FakeClock()
    one, sessions = door(clock=clock)
    token = sessions.link_token(Caller.loopback())
    session = await one.sign_in(token)
    assert isinstance(session, str)
    assert isinstance(await one.sign_in(token), Refused)
    cookie = f"theme=dark; callboard_7007={session}"
    found = await one.admit(facts(cookie=cookie), RouteClass.READ)
    assert isinstance(found, Admitted)
    assert found.caller == Caller.loopback()
    clock.advance(timedelta(hours=8).total_seconds())
    assert isinstance(await one.admit(facts(cookie=cookie), RouteClass.READ), Refused)


async def test_an_old_link_starts_nothing() -> None:
    clock = FakeClock()
    one, sessions = door(clock=clock)
    token = sessions.link_token(Caller.loopback())
    clock.advance(15 * 60)
    assert isinstance(await one.sign_in(token), Refused)


async def test_a_session_can_be_ended() -> None:
    one, sessions = door()
    session = await one.sign_in(sessions.link_token(Caller.loopback()))
    assert isinstance(session, str)
    await sessions.end(session)
    assert isinstance(await one.admit(facts(cookie=f"callboard_7007={session}"), RouteClass.READ), Refused)


@pytest.mark.parametrize(
    "cookie", ["callboard_7007=guess", "callboard_7008=x", "=;;=", "callboard_7007", "\x00"]
)
async def test_a_cookie_that_is_none_of_ours_is_nobody(cookie: str) -> None:
    assert isinstance(await door()[0].admit(facts(cookie=cookie), RouteClass.READ), Refused)
