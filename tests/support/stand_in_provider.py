"""A stand-in for a provider of OpenID Connect that says whatever a test wants it to, on a real socket."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from joserfc import jws
from joserfc.jwk import ECKey, Key, RSAKey

from callboard.access.sign_in.oidc.way import OidcWay
from callboard.base.clock import FakeClock
from callboard.base.secret import Secret
from callboard.base.settings import OidcProviderSettings
from callboard.outbound import Outbound

__all__ = ["BACK", "EC", "OTHER", "RSA", "StandInProvider", "part", "stand_in_provider", "token", "way"]

RSA = RSAKey.generate_key(2048, parameters={"kid": "one"}, private=True)
OTHER = RSAKey.generate_key(2048, parameters={"kid": "one"}, private=True)
"""Somebody else's key of the same name."""
EC = ECKey.generate_key("P-256", parameters={"kid": "ec"}, private=True)
BACK = "https://portal.example.org/sign-in/oidc/return"


def part(value: object) -> str:
    """One part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(claims: object, *, key: Key = RSA, **header: object) -> str:
    """Signed; `header` over `alg` RS256 and the key's name."""
    given = {"alg": "RS256", "kid": "one", **header}
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    registry = jws.JWSRegistry(algorithms=[str(given["alg"])], strict_check_header=False)
    return jws.serialize_compact(
        {name: value for name, value in given.items() if value is not None}, payload, key, registry=registry
    )


class StandInProvider:
    """What it answers is what its attributes say."""

    def __init__(self) -> None:
        self.base = ""
        self.keys: list[Mapping[str, Any]] = [RSA.as_dict(private=False) | {"use": "sig", "alg": "RS256"}]
        self.metadata: dict[str, Any] = {}
        self.answer: Any = {}
        self.status = 200
        self.user_info: Any = {}
        self.pages: dict[str, Any] = {}
        """Other addresses, and what is there as JSON, or as it stands where it is a text."""
        self.asked: list[tuple[str, Mapping[str, str], Mapping[str, str]]] = []

    def claims(self, nonce: str, /, **more: object) -> dict[str, Any]:
        """Those of a sound token; None takes one out."""
        now = int(FakeClock().now().timestamp())
        usual = {"iss": self.base, "aud": "us", "sub": "4711", "exp": now + 300, "iat": now, "nonce": nonce}
        return {
            name: value
            for name, value in {**usual, "email": "a@example.org", **more}.items()
            if value is not None
        }

    def count(self, path: str) -> int:
        return sum(1 for each, _, _ in self.asked if each == path)

    async def handle(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append((request.path, request.headers, form))
        if (page := self.pages.get(request.path)) is not None:
            return web.Response(text=page) if isinstance(page, str) else web.json_response(page)
        if request.path == "/.well-known/openid-configuration":
            return web.json_response(self.metadata)
        if request.path == "/jwks":
            return web.json_response({"keys": self.keys})
        if request.path == "/userinfo":
            return web.json_response(self.user_info)
        return web.json_response(self.answer, status=self.status)


@asynccontextmanager
async def stand_in_provider() -> AsyncIterator[StandInProvider]:
    """For as long as the context lasts."""
    state = StandInProvider()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", state.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    state.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    state.metadata = {
        "issuer": state.base,
        "authorization_endpoint": f"{state.base}/authorize?tenant=t",
        "token_endpoint": f"{state.base}/token",
        "jwks_uri": f"{state.base}/jwks",
        "userinfo_endpoint": f"{state.base}/userinfo",
        "end_session_endpoint": f"{state.base}/leave",
    }
    try:
        yield state
    finally:
        await runner.cleanup()


def way(provider: StandInProvider, outbound: Outbound, clock: FakeClock, **more: Any) -> OidcWay:
    """The way to it."""
    url = f"{provider.base}/.well-known/openid-configuration"
    secret = more.pop("client_secret", Secret("s"))
    settings = OidcProviderSettings(metadata_url=url, client_id="us", client_secret=secret, **more)
    return OidcWay(settings, url, outbound, clock)


def at_hash(access_token: str) -> str:
    """Of a token that RS256 signs."""
    digest = hashlib.sha256(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def signed_with_what_all_know(claims: object) -> str:
    """With a public key taken for a shared secret: whoever believes the header's algorithm lets anybody sign."""
    signed = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(claims)}"
    digest = hmac.new(RSA.as_pem(private=False), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{part(digest)}"
