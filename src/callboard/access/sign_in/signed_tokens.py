"""Whether a signed token (JWT) is good: by whose key, with which algorithm, from whom, for whom, until when. Pure.

Everything in a token is foreign until its signature has been checked, and its words never reach an error.
"""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key

from callboard.base.errors import NotSignedIn

__all__ = [
    "ALGORITHMS",
    "SKEW",
    "ExpectedToken",
    "KeySource",
    "checked_token",
    "claimed_issuer",
    "header_of",
    "text_claim",
]

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""Those with a public key: with a shared secret, whoever can check a token could make one."""
SKEW: Final = timedelta(seconds=60)
"""By how much other clocks may differ from ours."""
LONGEST: Final = 64 * 1024
"""Characters of a token. Providers that write every group into it come to a few thousand."""
_MOST_AUDIENCES: Final = 50


class ExpectedToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a token has to say. An empty tuple of audiences or issuers is fulfilled by nothing."""

    issuers: tuple[str, ...]
    audiences: tuple[str, ...]
    algorithms: tuple[str, ...]
    nonce: str | None = None
    types: tuple[str, ...] = ()
    """Values of the header `typ` that will do, in lower case; empty for any."""
    authorized_party: bool = False
    """Whether `azp`, where it is there, has to be one of the audiences; and has to be there with several audiences."""
    made: bool = False
    """Whether it has to say when it was made."""
    bare: bool = False
    """Whether it names no issuer, and nobody whom it is for unless `audience`: by whose key it is signed says all."""
    audience: bool = False
    signer: bool = False
    """Whether whom it is for is said by the header `signer` instead of `aud`: so do AWS's load balancers."""
    must: tuple[str, ...] = ("sub",)
    """Claims that have to be there, as text that is not empty."""


class ClocksDiffer(NotSignedIn):
    """A token is sound but for its time: it is over, or not good yet, by the clock of this machine."""


class KeySource(Protocol):
    """Public keys of whoever signs."""

    async def key(self, kid: str | None, algorithm: str) -> Key:
        """The key of that id. Raises NotSignedIn where there is none, Unavailable where that is not known."""
        ...


class _Header(msgspec.Struct):
    alg: str
    kid: str | None = None
    typ: str | None = None
    crit: list[str] | None = None
    b64: bool | None = None
    signer: str | None = None


class _Issued(msgspec.Struct):
    iss: str = ""


def header_of(token: str) -> _Header:
    """A token's header, as it says itself: nothing is checked yet. Raises NotSignedIn."""
    if len(token) > LONGEST:
        raise _bad("is too long")
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):
        raise _bad("is none of three parts")
    try:
        header = msgspec.json.decode(_decoded(parts[0]), type=_Header)
    except (ValueError, msgspec.DecodeError):
        raise _bad("has a header that cannot be read") from None
    if header.crit is not None or header.b64 is not None:
        raise _bad("wants something that is not understood here")
    return header


async def checked_token(
    token: str, expected: ExpectedToken, keys: KeySource, now: datetime
) -> Mapping[str, Any]:
    """The claims of a token that is good in every respect. Raises NotSignedIn for one that is not, and Unavailable where the keys
    cannot be had."""
    header = header_of(token)
    if header.alg not in expected.algorithms or header.alg not in ALGORITHMS:
        raise _bad("is signed with an algorithm that is not the agreed one")
    if expected.types and (header.typ or "").lower() not in expected.types:
        raise _bad("is of another type")
    key = await keys.key(header.kid, header.alg)
    registry = jws.JWSRegistry(algorithms=[header.alg], strict_check_header=False)
    registry.max_header_length = LONGEST
    registry.max_payload_length = LONGEST
    try:
        signed = jws.deserialize_compact(token, key, registry=registry)
        claims = msgspec.json.decode(signed.payload, type=dict[str, Any])
    except (JoseError, ValueError, TypeError, msgspec.DecodeError):
        raise _bad("is not signed by whoever should have, or was changed") from None
    if expected.signer:
        claims["aud"] = header.signer
    _check_claims(claims, expected, now)
    return claims


def claimed_issuer(token: str) -> str:
    """Whom a token names as its issuer, unchecked: to tell whose it might be. "" for what is no token."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > LONGEST:
        return ""
    try:
        return msgspec.json.decode(_decoded(parts[1]), type=_Issued).iss
    except (ValueError, msgspec.DecodeError):
        return ""


def _check_claims(claims: Mapping[str, Any], expected: ExpectedToken, now: datetime) -> None:
    if not expected.bare and claims.get("iss") not in expected.issuers:
        raise _bad("is from another issuer")
    if not expected.bare or expected.audience:
        _check_audience(claims, expected)
    _check_times(claims, expected, now)
    if expected.nonce is not None and claims.get("nonce") != expected.nonce:
        raise _bad("is the answer to another sign-in")
    for name in expected.must:
        if not text_claim(claims, name):
            raise _bad(f"lacks {name!r}")


def _check_audience(claims: Mapping[str, Any], expected: ExpectedToken) -> None:
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or not 0 < len(audiences) <= _MOST_AUDIENCES:
        raise _bad("does not say whom it is for")
    if not all(isinstance(each, str) for each in audiences):
        raise _bad("does not say whom it is for")
    if not any(each in expected.audiences for each in audiences):
        raise _bad("is for somebody else")
    if expected.authorized_party:
        party = claims.get("azp")
        if party is None and len(audiences) > 1:
            raise _bad("is for several and does not say who asked for it")
        if party is not None and party not in expected.audiences:
            raise _bad("was asked for by somebody else")


def _check_times(claims: Mapping[str, Any], expected: ExpectedToken, now: datetime) -> None:
    moment = now.timestamp()
    skew = SKEW.total_seconds()
    if _moment(claims, "exp", must=True) <= moment - skew:
        raise ClocksDiffer("The token is over.", code="token-over")
    if _moment(claims, "nbf", usual=moment) > moment + skew:
        raise ClocksDiffer("The token that proves who is asking is not good yet.", code="bad-proof")
    if _moment(claims, "iat", usual=moment, must=expected.made) > moment + skew:
        raise ClocksDiffer(
            "The token that proves who is asking was made in the future: whose clock is wrong?",
            code="bad-proof",
        )


def _moment(claims: Mapping[str, Any], name: str, *, usual: float = 0.0, must: bool = False) -> float:
    value = claims.get(name)
    if value is None and not must:
        return usual
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e11:
        raise _bad(f"has no usable {name!r}")
    return float(value)


def text_claim(claims: Mapping[str, object], name: str, longest: int = 500) -> str:
    """A claim that is a text of sane length without control characters; "" for anything else."""
    value = claims.get(name)
    if (
        not isinstance(value, str)
        or len(value) > longest
        or value != value.strip()
        or not value.isprintable()
    ):
        return ""
    return value


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _bad(why: str) -> NotSignedIn:
    return NotSignedIn(f"The token that proves who is asking {why}.", code="bad-proof")
