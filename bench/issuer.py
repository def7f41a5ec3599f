"""A provider of OpenID Connect that is strict: a code and a refresh token are good once, and whoever shows one again is out."""

import base64
import hashlib
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey

__all__ = ["CLIENT", "Issuer", "issuer"]

CLIENT = "callboard"


class _Grant(msgspec.Struct, frozen=True):
    account: str
    nonce: str = ""
    challenge: str = ""


class Issuer:
    """Whoever names an `account` at its page is signed in as that. Access tokens are good for `seconds`. `said` counts what it
    answered at its token endpoint, by kind of grant and error."""

    def __init__(self, seconds: int) -> None:
        self.base = ""
        self.said: Counter[str] = Counter()
        self._seconds = seconds
        self._good: dict[str, _Grant] = {}
        self._key = _new_key()

    def change_key(self) -> None:
        """Sign with another key from now on; the one before is published no more."""
        self._key = _new_key()

    def metadata(self) -> dict[str, object]:
        """What its discovery document says."""
        return {
            "issuer": self.base,
            "authorization_endpoint": f"{self.base}/authorize",
            "token_endpoint": f"{self.base}/token",
            "jwks_uri": f"{self.base}/jwks",
        }

    async def handle(self, request: web.Request) -> web.Response:
        """One request."""
        if request.path == "/jwks":
            return web.json_response({"keys": [self._key.as_dict(private=False)]})
        if request.path == "/authorize":
            asked = request.query
            code = self._give(_Grant(asked["account"], asked["nonce"], asked["code_challenge"]))
            back = urlencode({"code": code, "state": asked["state"]})
            return web.Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{back}"})
        if request.path == "/token":
            return self._token({name: str(value) for name, value in (await request.post()).items()})
        return web.json_response(self.metadata())

    def _token(self, form: dict[str, str]) -> web.Response:
        kind = form["grant_type"]
        grant = self._good.pop(form.get("code") or form.get("refresh_token", ""), None)
        proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if grant is None or (
            grant.challenge and grant.challenge != base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
        ):
            self.said[f"{kind}: invalid_grant"] += 1
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.said[kind] += 1
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": self.base,
            "aud": CLIENT,
            "sub": grant.account,
            "iat": now,
            "exp": now + 300,
            "email": f"{grant.account}@example.org",
            "email_verified": True,
        }
        if grant.nonce:
            claims["nonce"] = grant.nonce
        header = {"alg": "ES256", "kid": self._key.kid}
        return web.json_response({
            "access_token": secrets.token_urlsafe(),
            "token_type": "Bearer",
            "expires_in": self._seconds,
            "refresh_token": self._give(_Grant(grant.account)),
            "id_token": jwt.encode(header, claims, self._key),
        })  # fmt: skip

    def _give(self, grant: _Grant) -> str:
        value = secrets.token_urlsafe()
        self._good[value] = grant
        return value


def _new_key() -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": secrets.token_hex(4), "use": "sig", "alg": "ES256"})


@asynccontextmanager
async def issuer(seconds: int) -> AsyncIterator[Issuer]:
    """On a port of loopback, for as long as the context lasts."""
    made = Issuer(seconds)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield made
    finally:
        await runner.cleanup()
