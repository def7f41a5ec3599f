"""GitHub says who somebody is by its API: what it says wrongly, not at all, or of somebody else lets nobody in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from callboard.access.sign_in.github import ASKED_AGAIN, GithubWay
from callboard.access.sign_in.oidc.metadata import BOUNDS
from callboard.base.clock import FakeClock
from callboard.base.errors import NotSignedIn, Unavailable
from callboard.base.secret import Secret
from callboard.base.settings import GithubProviderSettings
from callboard.extend.sign_in import Departure, ProvenPerson, ReturnedBrowser
from callboard.outbound import Outbound
from support.stand_in_provider import StandInProvider, stand_in_provider

BACK = "https://portal.example.org/sign-in/github/return"
TOKEN = "/login/oauth/access_token"  # an address
USER, EMAILS = "/api/v3/user", "/api/v3/user/emails"
MEMBER = "/api/v3/user/memberships/orgs/acme"
SOUND: dict[str, Any] = {
    TOKEN: {"access_token": "gho_1", "token_type": "bearer", "scope": "read:user,user:email"},
    USER: {"id": 4711, "login": "anna", "name": "Anna A.", "type": "User"},
    EMAILS: [
        {"email": "x@example.org", "primary": False, "verified": True},
        {"email": "anna@example.org", "primary": True, "verified": True},
    ],
    MEMBER: {"state": "active", "role": "member"},
}


@asynccontextmanager
async def at_github(**more: Any) -> AsyncIterator[tuple[StandInProvider, GithubWay, FakeClock]]:
    """With an Enterprise server on loopback."""
    async with stand_in_provider() as provider, Outbound(environment={}) as outbound:
        provider.pages, provider.status, provider.answer = dict(SOUND), 404, {"message": "Not Found"}
        settings = GithubProviderSettings(
            enterprise_instance_url=provider.base, client_id="us", client_secret=Secret("s3cret"), **more
        )
        clock = FakeClock()
        yield provider, GithubWay(settings, outbound, clock), clock


async def came_back(way: GithubWay, led: Departure | None = None, **params: str) -> ProvenPerson:
    led = led or await way.begin(BACK)
    return await way.finish(ReturnedBrowser(params={"code": "c", **params}, remembered=led.remember), BACK)


async def test_an_account_is_its_number_and_its_email_counts_where_it_is_verified() -> None:
    async with at_github(organization="acme", additional_scopes=("repo",)) as (provider, way, clock):
        led = await way.begin(BACK)
        asked = parse_qs(urlsplit(led.url).query)
        assert led.url.startswith(f"{provider.base}/login/oauth/authorize?")
        assert asked["scope"] == ["read:user user:email read:org repo"]
        assert asked["state"] == [led.state]
        assert asked["code_challenge_method"] == ["S256"]
        assert "s3cret" not in led.url
        person = await came_back(way, led)
        assert (person.issuer, person.account) == (provider.base, "4711")
        assert person.claims == {
            "sub": "4711",
            "preferred_username": "anna",
            "name": "Anna A.",
            "email": "anna@example.org",
            "email_verified": True,
        }
        assert person.until == clock.now() + ASKED_AGAIN
        [sent] = [form for path, _, form in provider.asked if path == TOKEN]
        assert sent["code_verifier"] == led.remember["verifier"]
        assert (sent["client_id"], sent["client_secret"], sent["redirect_uri"]) == ("us", "s3cret", BACK)


@pytest.mark.parametrize(
    "emails",
    [
        [],
        [{"email": "anna@example.org", "primary": True, "verified": False}],
        [{"email": "boss@example.org", "primary": False, "verified": True}],
    ],
)
async def test_without_a_verified_address_there_is_none(emails: list[object]) -> None:
    async with at_github() as (provider, way, _):
        provider.pages[EMAILS] = emails
        person = await came_back(way)
        assert not {"email", "email_verified"} & set(person.claims)


@pytest.mark.parametrize(
    ("path", "page"),
    [
        (TOKEN, "{"),
        (TOKEN, "[]"),
        (TOKEN, {"access_token": 7}),
        (TOKEN, "x" * 300_000),
        (USER, "null"),
        (USER, {"id": "4711", "login": "anna"}),
        (USER, {"id": 4711.5, "login": "anna"}),
        (USER, {"id": True, "login": "anna"}),
        (USER, {"login": "anna"}),
        (USER, '{"id": 4711, "login": "anna", "name": "' + "x" * 300_000 + '"}'),
        (USER, "[" * 100_000),
        (EMAILS, {"email": "anna@example.org"}),
        (EMAILS, [{"email": None, "primary": True, "verified": True}]),
        (EMAILS, [{"email": "anna@example.org", "primary": "yes", "verified": "yes"}]),
        (MEMBER, "nonsense"),
    ],
)
async def test_an_answer_that_is_none_lets_nobody_in(path: str, page: object) -> None:
    async with at_github(organization="acme") as (provider, way, _):
        provider.pages[path] = page
        with pytest.raises(Unavailable) as told:
            await came_back(way)
        assert "gho_1" not in str(told.value)
        assert "s3cret" not in str(told.value)
        assert len(str(told.value)) < 300


@pytest.mark.parametrize(
    ("path", "page"),
    [
        (TOKEN, {"error": "bad_verification_code", "error_description": "<b>"}),
        (TOKEN, {}),
        (USER, {"id": 9, "login": "acme", "type": "Organization"}),
        (USER, {"id": 9, "login": "ci[bot]", "type": "Bot"}),
        (USER, {"id": 0, "login": "anna", "type": "User"}),
        (USER, {"id": -1, "login": "anna", "type": "User"}),
        (MEMBER, {"state": "pending"}),
        (MEMBER, None),
    ],
)
async def test_who_is_no_person_of_ours_stays_out(path: str, page: object) -> None:
    async with at_github(organization="acme") as (provider, way, _):
        provider.pages[path] = page
        with pytest.raises(NotSignedIn):
            await came_back(way)


async def test_what_comes_back_from_another_sign_in_is_refused() -> None:
    async with at_github() as (provider, way, _):
        led = await way.begin(BACK)
        for remembered, params in (
            ({**led.remember, "back": "https://evil.example"}, {"code": "c"}),
            (led.remember, {}),
            (led.remember, {"code": "c", "error": "access_denied"}),
        ):
            with pytest.raises(NotSignedIn):
                await way.finish(ReturnedBrowser(params=params, remembered=remembered), BACK)
        assert provider.count(TOKEN) == 0


async def test_it_is_asked_again_whether_the_account_still_is() -> None:
    async with at_github(organization="acme") as (provider, way, clock):
        person = await came_back(way)
        clock.advance(ASKED_AGAIN.total_seconds())
        provider.pages[USER] = {**SOUND[USER], "login": "anna-new"}
        fresh = await way.confirm(person)
        assert (fresh.account, fresh.claims["preferred_username"]) == ("4711", "anna-new")
        assert fresh.until == clock.now() + ASKED_AGAIN
        provider.pages[USER] = {**SOUND[USER], "id": 4712}
        with pytest.raises(NotSignedIn):
            await way.confirm(person)
        provider.pages[USER], provider.pages[MEMBER] = SOUND[USER], None
        with pytest.raises(NotSignedIn):
            await way.confirm(person)
        for too_often in (403, 429):  # as its limits of requests are told: they say nothing of the person
            provider.status = too_often
            with pytest.raises(Unavailable):
                await way.confirm(person)
        provider.pages[USER], provider.status = None, 401
        with pytest.raises(NotSignedIn):
            await way.confirm(person)
        provider.status = 500
        with pytest.raises(Unavailable):
            await way.confirm(person)


async def test_who_never_ends_an_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    short = msgspec.structs.replace(BOUNDS, head=0.2, whole=0.2)
    monkeypatch.setattr("callboard.access.sign_in.github.BOUNDS", short)
    never = asyncio.Event()

    async with at_github() as (provider, way, _):

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{")
            await never.wait()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        slow = GithubWay(way._settings, way._outbound, FakeClock(), api=f"http://127.0.0.1:{port}")
        with pytest.raises(Unavailable):
            await came_back(slow)
        assert provider.count(TOKEN) == 1
        never.set()
        server.close()
