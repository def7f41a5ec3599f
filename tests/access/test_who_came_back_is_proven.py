"""A sign-in with OpenID Connect comes to a person where all that has to be true is, and to nobody where one thing is not."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from callboard.access.sign_in import key_sets
from callboard.access.sign_in.oidc.way import OidcWay
from callboard.access.sign_in.signed_tokens import ExpectedToken, checked_token
from callboard.base.clock import FakeClock
from callboard.base.errors import CallboardError, NotSignedIn, Unavailable
from callboard.base.secret import Secret
from callboard.extend.sign_in import Departure, ProvenPerson, ReturnedBrowser
from callboard.outbound import Outbound
from support.stand_in_provider import (
    BACK,
    EC,
    OTHER,
    RSA,
    StandInProvider,
    at_hash,
    part,
    signed_with_what_all_know,
    stand_in_provider,
    token,
    way,
)

NOW = int(FakeClock().now().timestamp())
Tamper = Callable[[StandInProvider, str], str]


class Scene:
    """A provider, the way to it, and a browser that has just left."""

    def __init__(self, provider: StandInProvider, outbound: Outbound) -> None:
        self.provider = provider
        self.outbound = outbound
        self.clock = FakeClock()
        self.way = way(provider, outbound, self.clock)
        self.paused: list[float] = []

    async def left(self, over: OidcWay | None = None) -> Departure:
        return await (over or self.way).begin(BACK)

    async def back(
        self, departure: Departure, over: OidcWay | None = None, **params: str | None
    ) -> ProvenPerson:
        given = {"code": "c", "state": departure.state, **params}
        returned = ReturnedBrowser(
            params={name: value for name, value in given.items() if value is not None},
            remembered=departure.remember,
        )
        return await (over or self.way).finish(returned, BACK)


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    async with stand_in_provider() as provider, Outbound(environment={}) as outbound:
        made = Scene(provider, outbound)

        async def pause(seconds: float) -> None:
            made.paused.append(seconds)
            made.clock.advance(seconds)

        monkeypatch.setattr(key_sets, "_pause", pause)
        yield made


async def test_everything_true_is_a_person(scene: Scene) -> None:
    departure = await scene.left()
    asked = parse_qs(urlsplit(departure.url).query)
    assert departure.url.startswith(f"{scene.provider.base}/authorize?tenant=t&")
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["openid profile email"]
    assert not {departure.remember["verifier"], "s"} & {
        value for values in asked.values() for value in values
    }
    claims = scene.provider.claims(asked["nonce"][0], at_hash=at_hash("at"))
    scene.provider.answer = {
        "id_token": token(claims),
        "access_token": "at",
        "refresh_token": "r",
        "expires_in": 60,
    }
    person = await scene.back(departure)
    assert (person.issuer, person.account, person.kept) == (scene.provider.base, "4711", Secret("r"))
    assert person.until is not None
    (sent,) = [form for path, _, form in scene.provider.asked if path == "/token"]
    assert sent == {
        "grant_type": "authorization_code",
        "code": "c",
        "redirect_uri": BACK,
        "code_verifier": departure.remember["verifier"],
    }


def claims(**more: object) -> Tamper:
    return lambda provider, nonce: token(provider.claims(nonce, **more))


def header(**more: Any) -> Tamper:
    return lambda provider, nonce: token(provider.claims(nonce), **more)


def cut(change: Callable[[list[str]], list[str]]) -> Tamper:
    return lambda provider, nonce: ".".join(change(token(provider.claims(nonce)).split(".")))


def raised(parts: list[str]) -> list[str]:
    """The same token for somebody else, under the signature there is."""
    import base64

    body = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    return [parts[0], part(body | {"sub": "1"}), parts[2]]


TAMPERED: dict[str, Tamper] = {
    "no token": lambda provider, nonce: "",
    "no parts": lambda provider, nonce: "x",
    "two parts": cut(lambda p: p[:2]),
    "four parts": cut(lambda p: [*p, "x"]),
    "no signature": cut(lambda p: [p[0], p[1], ""]),
    "algorithm none": cut(lambda p: [part({"alg": "none"}), p[1], ""]),
    "algorithm none, in capitals": cut(lambda p: [part({"alg": "NONE", "kid": "one"}), p[1], "AA"]),
    "algorithm none, with the signature": cut(lambda p: [part({"alg": "none", "kid": "one"}), p[1], p[2]]),
    "another's signature": cut(lambda p: [p[0], p[1], p[2][:-6] + "AAAAAA"]),
    "claims changed": cut(raised),
    "header changed": cut(lambda p: [part({"alg": "RS256", "kid": "one", "x": 1}), p[1], p[2]]),
    "header no JSON": cut(lambda p: [part(b"{"), p[1], p[2]]),
    "header a list": cut(lambda p: [part([1]), p[1], p[2]]),
    "header no base64": cut(lambda p: ["!!!", p[1], p[2]]),
    "public key as shared secret": lambda provider, nonce: signed_with_what_all_know(provider.claims(nonce)),
    "another's key of the same name": lambda provider, nonce: token(provider.claims(nonce), key=OTHER),
    "key sent along": lambda provider, nonce: token(
        provider.claims(nonce), key=OTHER, jwk=OTHER.as_dict(private=False)
    ),
    "another algorithm of the same key": header(alg="RS512"),
    "elliptic curve": lambda provider, nonce: token(provider.claims(nonce), key=EC, alg="ES256", kid="ec"),
    "unknown key": header(kid="two"),
    "key's name a path": header(kid="../../etc/passwd"),
    "critical extension": cut(lambda p: [part({"alg": "RS256", "kid": "one", "crit": ["x"]}), p[1], p[2]]),
    "payload not encoded": header(b64=False, crit=["b64"]),
    "claims a list": lambda provider, nonce: token(b"[1]"),
    "claims no JSON": lambda provider, nonce: token(b"{"),
    "another issuer": claims(iss="https://evil.example"),
    "issuer with a slash": lambda provider, nonce: token(provider.claims(nonce, iss=f"{provider.base}/")),
    "no issuer": claims(iss=None),
    "issuer a list": lambda provider, nonce: token(provider.claims(nonce, iss=[provider.base])),
    "for another": claims(aud="them"),
    "for nobody": claims(aud=None),
    "for an empty list": claims(aud=[]),
    "for a mapping": claims(aud={"us": 1}),
    "for numbers": claims(aud=["us", 1]),
    "for several, asked for by none": claims(aud=["us", "them"]),
    "for several, asked for by another": claims(aud=["us", "them"], azp="them"),
    "for us, asked for by another": claims(azp="them"),
    "over": claims(exp=NOW - 61),
    "over for ever": claims(exp=0),
    "no end": claims(exp=None),
    "end a text": claims(exp=str(NOW + 300)),
    "end true": claims(exp=True),
    "end infinite": lambda provider, nonce: token(
        json.dumps(provider.claims(nonce)).replace(str(NOW + 300), "1e999").encode()
    ),
    "made in the future": claims(iat=NOW + 61),
    "not made": claims(iat=None),
    "not yet good": claims(nbf=NOW + 61),
    "another nonce": claims(nonce="x"),
    "no nonce": claims(nonce=None),
    "nonce a number": claims(nonce=0),
    "no subject": claims(sub=None),
    "empty subject": claims(sub=""),
    "subject a number": claims(sub=4711),
    "subject with a line ending": claims(sub="47\n11"),
    "subject endless": claims(sub="4" * 600),
    "of another access token": claims(at_hash=at_hash("another")),
    "endless": lambda provider, nonce: token(provider.claims(nonce, more="x" * 70_000)),
}


@pytest.mark.parametrize("tampered", TAMPERED.values(), ids=TAMPERED)
async def test_one_thing_that_is_not_true_is_nobody(scene: Scene, tampered: Tamper) -> None:
    departure = await scene.left()
    id_token = tampered(scene.provider, departure.remember["nonce"])
    scene.provider.answer = {"id_token": id_token, "access_token": "at"}
    with pytest.raises(NotSignedIn) as told:
        await scene.back(departure)
    assert not id_token or id_token not in told.value.message
    assert "evil" not in told.value.message


@pytest.mark.parametrize(
    "params",
    [
        {"error": "access_denied"},
        {"error": "<script>"},
        {"code": None},
        {"code": ""},
        {"code": "c" * 5000},
        {"iss": "https://evil.example"},
    ],
)
async def test_what_the_browser_brings_back_is_looked_at(scene: Scene, params: dict[str, Any]) -> None:
    departure = await scene.left()
    with pytest.raises(NotSignedIn) as told:
        await scene.back(departure, **params)
    assert "<" not in told.value.message
    assert scene.provider.count("/token") == 0


async def test_clocks_may_differ_by_a_minute(scene: Scene) -> None:
    for more in ({"exp": NOW - 59}, {"iat": NOW + 59}, {"nbf": NOW + 59}):
        departure = await scene.left()
        scene.provider.answer = {"id_token": claims(**more)(scene.provider, departure.remember["nonce"])}
        assert (await scene.back(departure)).account == "4711"


async def test_a_new_key_is_read_when_it_is_first_named_and_made_up_ones_cost_the_provider_little(
    scene: Scene,
) -> None:
    async def signed_in(**header: object) -> None:
        departure = await scene.left()
        sound = scene.provider.claims(departure.remember["nonce"])
        scene.provider.answer = {"id_token": token(sound, **header)}  # type: ignore[arg-type]
        await scene.back(departure)

    await signed_in()
    assert scene.provider.count("/jwks") == 1
    scene.clock.advance(5)
    new = RSAKey.generate_key(2048, parameters={"kid": "new"}, private=True)
    scene.provider.keys.append(new.as_dict(private=False))
    await signed_in(key=new, kid="new")
    assert scene.provider.count("/jwks") == 2
    assert scene.paused == []
    for made_up in range(20):
        with pytest.raises(NotSignedIn):
            await signed_in(kid=f"made-up-{made_up}")
    assert max(scene.paused) <= 5
    assert scene.provider.count("/jwks") == 22  # each waited until they might be read again
    assert sum(scene.paused) == 100
    newer = RSAKey.generate_key(2048, parameters={"kid": "newer"}, private=True)
    scene.provider.keys.append(newer.as_dict(private=False))
    await signed_in(key=newer, kid="newer")  # though they were read a moment ago
    scene.provider.keys = [new.as_dict(private=False)]
    scene.clock.advance(3600)
    with pytest.raises(NotSignedIn):  # the first key was withdrawn
        await signed_in()


@pytest.mark.parametrize("away", ["keys that are no set", "a key that nobody has", "keys that are not there"])
async def test_who_is_still_vouched_for_keeps_what_they_were_given_though_the_keys_cannot_be_had(
    scene: Scene, away: str
) -> None:
    """A refresh token is good once: what came for it must not be lost."""
    person = ProvenPerson(
        issuer=scene.provider.base, account="4711", claims={"email": "a@example.org"}, kept=Secret("old")
    )
    sound = scene.provider.claims("n", nonce=None, email="b@example.org")
    new = RSAKey.generate_key(2048, parameters={"kid": "new"}, private=True)
    scene.provider.answer = {
        "id_token": token(sound, key=new, kid="new"),
        "refresh_token": "r2",
        "expires_in": 60,
    }
    if away != "a key that nobody has":
        scene.provider.pages["/jwks"] = "no JSON" if away == "keys that are no set" else {"keys": 1}
    confirmed = await scene.way.confirm(person)
    assert (confirmed.account, confirmed.kept) == ("4711", Secret("r2"))
    assert confirmed.claims["email"] == "a@example.org"  # not what nobody has checked
    scene.provider.pages.clear()
    scene.provider.keys.append(new.as_dict(private=False))
    scene.clock.advance(5)
    assert (await scene.way.confirm(confirmed)).claims["email"] == "b@example.org"
    for time in ("iat", "nbf"):  # their clock is ahead of ours, or ours was put back
        ahead = {**sound, time: sound["iat"] + 3600}
        scene.provider.answer = {"id_token": token(ahead, key=new, kid="new"), "refresh_token": time}
        assert (await scene.way.confirm(confirmed)).kept == Secret(time)
    scene.provider.answer = {"id_token": token({**sound, "exp": sound["iat"] - 3600}, key=new, kid="new")}
    assert (await scene.way.confirm(confirmed)).account == "4711"
    sound["sub"] = "1"
    scene.provider.answer = {"id_token": token(sound, key=new, kid="new")}
    with pytest.raises(NotSignedIn):
        await scene.way.confirm(confirmed)


@pytest.mark.parametrize(
    "key",
    [
        {"use": "enc"},
        {"alg": "RS512"},
        {"key_ops": ["encrypt"]},
        {"n": "AQAB"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kid": 1},
    ],
)
async def test_a_key_that_is_not_for_this_signs_nobody_in(scene: Scene, key: dict[str, object]) -> None:
    scene.provider.keys = [{**RSA.as_dict(private=False), **key}]
    departure = await scene.left()
    scene.provider.answer = {"id_token": token(scene.provider.claims(departure.remember["nonce"]))}
    with pytest.raises(NotSignedIn):
        await scene.back(departure)


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
async def test_the_one_algorithm_is_the_agreed_one_though_the_key_could_do_others(
    scene: Scene, algorithm: str
) -> None:
    scene.provider.keys = [RSA.as_dict(private=False)]  # does not say what it is for
    departure = await scene.left()
    sound = scene.provider.claims(departure.remember["nonce"])
    scene.provider.answer = {"id_token": token(sound, alg=algorithm)}
    with pytest.raises(NotSignedIn):
        await scene.back(departure)
    agreed = way(scene.provider, scene.outbound, scene.clock, token_signed_response_alg=algorithm)
    departure = await scene.left(agreed)
    sound = scene.provider.claims(departure.remember["nonce"])
    scene.provider.answer = {"id_token": token(sound, alg=algorithm)}
    assert (await scene.back(departure, agreed)).account == "4711"


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": 5},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_metadata_that_do_not_hold_lead_nobody_away(scene: Scene, wrong: dict[str, object]) -> None:
    scene.provider.metadata |= wrong
    with pytest.raises(Unavailable):
        await scene.left()


async def test_the_provider_is_asked_again_with_what_it_gave_last(scene: Scene) -> None:
    departure = await scene.left()
    sound = scene.provider.claims(departure.remember["nonce"])
    scene.provider.answer = {"id_token": token(sound), "refresh_token": "first", "expires_in": "30"}
    person = await scene.back(departure)
    fresh = scene.provider.claims("", nonce=None, email="b@example.org")
    scene.provider.answer = {"id_token": token(fresh), "refresh_token": "second", "access_token": "at"}
    again = await scene.way.confirm(person)
    assert (again.kept, again.claims["email"], again.account) == (Secret("second"), "b@example.org", "4711")
    scene.provider.answer = {"access_token": "at"}
    assert (await scene.way.confirm(again)).kept == Secret("second")
    scene.provider.answer = {"id_token": token(scene.provider.claims("", nonce=None, sub="4712"))}
    with pytest.raises(NotSignedIn):
        await scene.way.confirm(again)
    scene.provider.answer, scene.provider.status = (
        {"error": "invalid_grant", "error_description": "s3cret"},
        400,
    )
    with pytest.raises(NotSignedIn) as told:
        await scene.way.confirm(again)
    assert "s3cret" not in told.value.message
    for status, answer in (
        (500, {}),
        (429, {}),
        (400, {"error": "temporarily_unavailable"}),
        (401, {"error": "invalid_client"}),
        (400, {"error": "invalid_request"}),
        (400, {"error": "invalid_scope"}),
        (403, "<html>"),
        (200, "<html>"),
    ):
        scene.provider.answer, scene.provider.status = answer, status
        with pytest.raises(Unavailable):
            await scene.way.confirm(again)


async def test_user_info_tells_what_the_token_leaves_out_and_of_nobody_else(scene: Scene) -> None:
    for info, email in (
        ({"sub": "4711", "email": "u@example.org", "iss": "x"}, "u@example.org"),
        ({"sub": "1"}, None),
    ):
        departure = await scene.left()
        short = scene.provider.claims(departure.remember["nonce"], email=None)
        scene.provider.answer, scene.provider.user_info = (
            {"id_token": token(short), "access_token": "at"},
            info,
        )
        if email is None:
            with pytest.raises(NotSignedIn):
                await scene.back(departure)
        else:
            person = await scene.back(departure)
            assert (person.claims["email"], person.claims["iss"]) == (email, scene.provider.base)


async def test_the_answer_to_a_sign_in_that_began_elsewhere_is_none(scene: Scene) -> None:
    departure = await scene.left()
    scene.provider.answer = {"id_token": token(scene.provider.claims(departure.remember["nonce"]))}
    for remember in ({"back": "https://evil.example"}, {"issuer": "https://another.example"}):
        other = Departure(url="", state=departure.state, remember={**departure.remember, **remember})
        with pytest.raises(NotSignedIn):
            await scene.back(other)


class _Keys:
    async def key(self, kid: str | None, algorithm: str) -> Any:
        return RSA


@given(
    st.text(max_size=200)
    | st.builds(lambda *p: ".".join(map(part, p)), st.binary(), st.binary(), st.binary())
)
async def test_any_text_is_no_token(text: str) -> None:
    expected = ExpectedToken(issuers=("i",), audiences=("a",), algorithms=("RS256",))
    with pytest.raises(CallboardError):
        await checked_token(text, expected, _Keys(), FakeClock().now())
