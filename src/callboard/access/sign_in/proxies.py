"""A proxy in front that has signed people in: by the token it signs, or by plain headers from listed addresses alone."""

import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey

from callboard.access.sign_in.key_sets import KeySetReader
from callboard.access.sign_in.oidc.metadata import BOUNDS, may_ask
from callboard.access.sign_in.signed_tokens import (
    ExpectedToken,
    KeySource,
    checked_token,
    claimed_issuer,
    text_claim,
)
from callboard.base.clock import Clock
from callboard.base.errors import BadInput, CallboardError, NotSignedIn, Problem, Unavailable
from callboard.base.settings import ProxySignInSettings
from callboard.extend.sign_in import ProvenPerson
from callboard.model.door import RequestFacts
from callboard.outbound import Outbound

__all__ = ["PlainHeadersWay", "SignedHeaderWay", "proxy_way"]

_KID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_MOST_KEYS: Final = 20
_AGAIN: Final = timedelta(seconds=30)
_MOST_WORD: Final = 255


def proxy_way(
    name: str, settings: ProxySignInSettings, outbound: Outbound, clock: Clock
) -> "SignedHeaderWay | PlainHeadersWay":
    """The way of one of `callboard.auth.proxies`. Raises BadInput for one that could not be believed."""
    where = f"callboard.auth.proxies.{name}"
    if settings.header is not None and settings.user_header is None:
        wanted = {"issuer": settings.issuer, "audience": settings.audience, "jwksUrl": settings.jwks_url}
        missing = [key for key, value in wanted.items() if not value]
        if missing:
            raise BadInput(
                Problem("a signed token is checked by all of these", where=where, expected=", ".join(missing))
            )
        return SignedHeaderWay(settings, outbound, clock)
    if settings.user_header is None or settings.header is not None:
        raise BadInput(Problem("a proxy brings one of both", where=where, expected="header, or userHeader"))
    try:
        if not settings.from_:
            raise ValueError("nobody is listed")
        return PlainHeadersWay(name, settings)
    except ValueError as error:
        raise BadInput(
            Problem(
                "plain headers are believed from listed addresses alone",
                where=where,
                path="from",
                found=str(error)[:100],
                expected="addresses or networks",
            )
        ) from None


class SignedHeaderWay:
    """Implements `RecognisesRequests` by a signed token."""

    def __init__(self, settings: ProxySignInSettings, outbound: Outbound, clock: Clock) -> None:
        self._header = (settings.header or "").lower()
        self._account = settings.account_claim
        self._clock = clock
        self._outbound = outbound
        self._keys_at = settings.jwks_url or ""
        self._issuer = settings.issuer or ""
        by_key = "{kid}" in self._keys_at
        self._expected = ExpectedToken(
            issuers=(self._issuer,),
            audiences=settings.audience,
            algorithms=(settings.algorithm,),
            must=(settings.account_claim,),
            signer=by_key,
        )
        self._keys: KeySource = (
            _KeyFiles(self._read, clock)
            if by_key
            else KeySetReader(lambda: self._read(""), clock, "the proxy in front")
        )

    async def recognise(self, facts: RequestFacts) -> ProvenPerson | None:
        """Whose token the request brings."""
        value = facts.authorization if self._header == "authorization" else facts.header(self._header)
        if self._header == "authorization":
            scheme, _, value = value.partition(" ")
            # a bearer token may as well be another's: of a service, of Backstage
            if scheme.lower() != "bearer" or claimed_issuer(value.strip()) != self._issuer:
                return None
        if not value.strip():
            return None
        claims = await checked_token(value.strip(), self._expected, self._keys, self._clock.now())
        return ProvenPerson(issuer=self._issuer, account=text_claim(claims, self._account), claims=claims)

    async def _read(self, kid: str) -> bytes:
        address = self._keys_at.replace("{kid}", kid)
        answer = await self._outbound.get(address, may_ask(address), bounds=BOUNDS)
        if answer.status != 200:
            raise Unavailable(f"{answer.address.shown} answered {answer.status}", code="keys-away")
        return answer.body


class _KeyFiles:
    """Implements `KeySource` where each key is a file of its own, as PEM: those of an AWS load balancer."""

    def __init__(self, read: Callable[[str], Awaitable[bytes]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._held: OrderedDict[str, Key] = OrderedDict()
        self._failed: datetime | None = None

    async def key(self, kid: str | None, algorithm: str) -> Key:
        if kid is None or not _KID.fullmatch(kid):
            raise NotSignedIn("The token that proves who is asking names no key.", code="bad-proof")
        if kid not in self._held:
            now = self._clock.now()
            if self._failed is not None and now - self._failed < _AGAIN:
                raise Unavailable("The keys of the proxy in front cannot be read.", code="keys-away")
            try:
                self._held[kid] = _pem(await self._read(kid), algorithm)
            except CallboardError:
                self._failed = now
                raise
            while len(self._held) > _MOST_KEYS:
                self._held.popitem(last=False)
        return self._held[kid]


def _pem(text: bytes, algorithm: str) -> Key:
    kind = ECKey if algorithm.startswith("ES") else RSAKey
    try:
        key = kind.import_key(text.decode("ascii"))
    except (JoseError, ValueError, TypeError):
        raise Unavailable("The key of the proxy in front cannot be read.", code="keys-broken") from None
    if key.is_private:
        raise Unavailable("The key of the proxy in front is no public one.", code="keys-broken")
    return key


class PlainHeadersWay:
    """Implements `RecognisesRequests` by plain words. Raises ValueError for what is no address or network."""

    def __init__(self, name: str, settings: ProxySignInSettings) -> None:
        self._issuer = f"proxy:{name}"
        self._settings = settings
        self._from = tuple(ip_network(each, strict=False) for each in settings.from_)

    async def recognise(self, facts: RequestFacts) -> ProvenPerson | None:
        """Whom the headers name."""
        settings = self._settings
        user = facts.header(settings.user_header or "").strip()
        if not user:
            return None
        if not self._is_listed(facts.peer):
            raise NotSignedIn(
                "The request says who is asking, and does not come from the proxy that may say so.",
                code="not-by-proxy",
            )
        if not text_claim({"user": user}, "user", _MOST_WORD) or "," in user:
            raise NotSignedIn("The proxy in front names nobody, or several.", code="bad-proof")
        claims: dict[str, object] = {"sub": user, "preferred_username": user}
        if settings.email_header and (email := facts.header(settings.email_header).strip()):
            if "," in email:
                raise NotSignedIn("The proxy in front names nobody, or several.", code="bad-proof")
            claims |= {"email": email, "email_verified": True}
        if settings.groups_header:
            claims["groups"] = [
                each.strip() for each in facts.header(settings.groups_header).split(",") if each.strip()
            ]
        return ProvenPerson(issuer=self._issuer, account=user, claims=claims)

    def _is_listed(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        address = mapped or address
        return any(address in each for each in self._from if each.version == address.version)
