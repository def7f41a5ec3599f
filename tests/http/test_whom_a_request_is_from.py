"""A proxy that the operator named says whom a request is from; nobody else does; and nobody may ask without end."""

import asyncio
from typing import Any

import pytest
from starlette.types import Scope

from callboard.http.forwarded import PEER, TrustedProxies, networks_of
from callboard.http.limits import ConnectionEnd, HttpLimits
from callboard.http.rates import RateLimits, Rates, SlowDown, address_key
from callboard.http.server import Server, bind
from callboard.http.site import Site
from callboard.model.caller import Caller
from callboard.model.door import Admitted, Refused, RequestFacts, RouteClass
from support.web_scenes import StubPortal
from support.web_server import get, listening
from support.web_server import site as web_site

TRUSTED = TrustedProxies(networks_of(["10.0.0.0/8", "fd00::/8", "127.0.0.1"]))


def scope(peer: str, *headers: tuple[str, str]) -> Scope:
    return {"client": (peer, 5), "headers": [(name.encode(), value.encode()) for name, value in headers]}


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("10.1.1.1", [("x-forwarded-for", "203.0.113.5")], "203.0.113.5"),
        ("10.1.1.1", [("x-forwarded-for", "203.0.113.5, 10.2.2.2")], "203.0.113.5"),
        ("10.1.1.1", [("x-forwarded-for", "1.1.1.1, 203.0.113.5, 10.2.2.2")], "203.0.113.5"),
        ("10.1.1.1", [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.5")], "203.0.113.5"),
        ("10.1.1.1", [("x-forwarded-for", "[2001:db8::1]:80")], "2001:db8::1"),
        ("10.1.1.1", [("x-forwarded-for", "203.0.113.5:4711")], "203.0.113.5"),
        ("fd00::1", [("x-forwarded-for", "203.0.113.5")], "203.0.113.5"),
        ("10.1.1.1", [("x-forwarded-for", "203.0.113.5, nonsense")], "10.1.1.1"),
        ("10.1.1.1", [("x-forwarded-for", "10.9.9.9")], "10.1.1.1"),
        ("10.1.1.1", [("x-forwarded-for", "")], "10.1.1.1"),
        ("10.1.1.1", [("forwarded", "for=203.0.113.5")], "10.1.1.1"),
        ("11.1.1.1", [("x-forwarded-for", "203.0.113.5")], "11.1.1.1"),
        ("", [("x-forwarded-for", "203.0.113.5")], ""),
        ("nonsense", [("x-forwarded-for", "203.0.113.5")], "nonsense"),
    ],
)
def test_who_asks_is_whom_a_named_proxy_says(peer: str, headers: list[tuple[str, str]], client: str) -> None:
    seen = TRUSTED.seen(scope(peer, *headers, ("accept", "a")))
    assert seen["client"][0] == client
    assert seen[PEER] == peer
    assert seen["headers"] == [(b"accept", b"a")]


@pytest.mark.parametrize(
    ("peer", "headers", "host"),
    [
        ("10.1.1.1", [("x-forwarded-host", "portal.example.org")], "portal.example.org"),
        ("10.1.1.1", [("x-forwarded-host", "a.example, b.example")], "inner"),
        ("10.1.1.1", [("x-forwarded-host", "a"), ("x-forwarded-host", "b")], "inner"),
        ("11.1.1.1", [("x-forwarded-host", "portal.example.org")], "inner"),
    ],
)
def test_by_which_name_we_were_asked_as_well(peer: str, headers: list[tuple[str, str]], host: str) -> None:
    seen = TRUSTED.seen(scope(peer, ("host", "inner"), *headers))
    assert [value for name, value in seen["headers"] if name == b"host"] == [host.encode()]


@pytest.mark.parametrize(
    ("client", "key"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_addresses_that_one_customer_has_are_one(client: str, key: str) -> None:
    assert address_key(client) == key


def test_who_asks_too_often_is_told_when_to_come_again() -> None:
    now = 0.0
    rates = Rates(RateLimits(of_caller=60, of_address=600, sign_ins=30), now=lambda: now)
    for _ in range(20):
        rates.from_address("203.0.113.5", RouteClass.SIGN_IN)
    with pytest.raises(SlowDown) as told:
        rates.from_address("203.0.113.5", RouteClass.SIGN_IN)
    assert (told.value.refused.status, told.value.seconds) == (429, 3)
    rates.from_address("203.0.113.6", RouteClass.SIGN_IN)  # another's cost nothing
    rates.from_address("203.0.113.5", RouteClass.READ)
    for _ in range(100):
        rates.from_address("127.0.0.1", RouteClass.SIGN_IN)
        rates.from_address("203.0.113.5", RouteClass.PUBLIC)
    now = 2.0
    rates.from_address("203.0.113.5", RouteClass.SIGN_IN)
    for _ in range(20):
        rates.from_caller("session:1", RouteClass.READ)
    with pytest.raises(SlowDown):
        rates.from_caller("session:1", RouteClass.READ)
    rates.from_caller("session:2", RouteClass.READ)


async def test_a_page_says_so_with_429() -> None:
    def make(port: int) -> Site:
        made = web_site(StubPortal(), port)
        made._rates = Rates(RateLimits(of_caller=60))
        return made

    async with listening(make) as base:
        answers = [await get(base, "/catalog") for _ in range(25)]
    refused = [each for each in answers if each.status == 429]
    assert refused
    assert refused[0].headers["Retry-After"] == "1"
    assert "too many requests from you" in refused[0].text


class Everybody:
    async def admit(self, facts: RequestFacts, route: RouteClass) -> Admitted | Refused:
        return Admitted(Caller.anonymous())


async def test_one_address_has_so_many_connections_and_no_more(monkeypatch: Any) -> None:
    # the addresses of loopback stand for those of the world
    monkeypatch.setattr("callboard.http.server.address_key", lambda address: address)
    listener = bind("127.0.0.1", 0)
    stop, ready = asyncio.Event(), asyncio.Event()
    ended: list[ConnectionEnd] = []
    site = Site((), Everybody(), lambda trouble, request_id, address: "")
    server = Server(site, listener, drain=1, limits=HttpLimits(of_address=3), counted=ended.append)
    running = asyncio.create_task(server.run(stop, ready.set))
    await ready.wait()
    port = listener.getsockname()[1]
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert (await reader.readline()).startswith(b"HTTP/1.1 429")
    other, its = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
    its.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await other.readline()).startswith(b"HTTP/1.1 404")
    for each in (writer, its, *(w for _, w in opened)):
        each.close()
    stop.set()
    await running
    assert ConnectionEnd.TOO_MANY in ended
