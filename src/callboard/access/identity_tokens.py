"""Tokens that tell a service beside Callboard who is asking, and the public keys to check them with.

The keys follow from the secret of sign-in (`auth.session.secret`) and from the month, so that every server of ours has the same
and nothing is kept: a new one signs each period, the next and the last are published with it. A former secret's stay published.
Without a secret they end with the process. A token is good for a minute, for one service, and opens nothing here.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import ECKey

from callboard.base.clock import Clock
from callboard.base.secret import Secret
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef

__all__ = ["ISSUER", "LASTING", "PERIOD", "IdentityTokens"]

PERIOD: Final = timedelta(days=30)
"""So long one key signs."""
LASTING: Final = timedelta(seconds=60)
"""So long a token is good."""
ISSUER: Final = "callboard"
"""Who they are from, where Callboard does not know its own address."""
MOST_GROUPS: Final = 100
"""Groups that a token names: servers take heads of some kilobytes only."""

_ORDER: Final = int("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
"""Of the curve P-256."""
_SALT: Final = b"callboard identity tokens 1"
_ALGORITHM: Final = "ES256"


class IdentityTokens:
    """`keys` are the secret of sign-in and those before it; `issuer` is our own address."""

    def __init__(self, clock: Clock, keys: Sequence[Secret] = (), issuer: str = "") -> None:
        self._clock = clock
        self._secrets = tuple(key.reveal().encode() for key in keys) or (secrets.token_bytes(32),)
        self._issuer = issuer or ISSUER
        self._made: dict[tuple[int, int], ECKey] = {}

    def token(self, service: str, caller: Caller, entity: EntityRef | None = None) -> Secret:
        """That `caller` asks this service, about this entity where it is about one."""
        now = self._clock.now()
        begun = int(now.timestamp())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": service,
            "sub": caller.subject,
            "kind": str(caller.kind),
            "groups": list(caller.groups[:MOST_GROUPS]),
            "iat": begun,
            "nbf": begun,
            "exp": begun + int(LASTING.total_seconds()),
            "jti": secrets.token_urlsafe(12),
        }
        if len(caller.groups) > MOST_GROUPS:
            claims["groups_left_out"] = len(caller.groups) - MOST_GROUPS
        if caller.behind:
            claims["act"] = {"sub": caller.behind}
        if entity is not None:
            claims["entity"] = str(entity)
        key = self._key(0, self._period())
        return Secret(jwt.encode({"alg": _ALGORITHM, "typ": "JWT", "kid": key.thumbprint()}, claims, key))

    def key_set(self) -> bytes:
        """The public keys, as JSON (RFC 7517)."""
        now = self._period()
        keys = [
            {
                **self._key(which, period).as_dict(private=False),
                "kid": self._key(which, period).thumbprint(),
                "use": "sig",
                "alg": _ALGORITHM,
            }
            for which in range(len(self._secrets))
            for period in (now - 1, now, now + 1)
        ]
        return msgspec.json.encode({"keys": keys})

    def _period(self) -> int:
        return int(self._clock.now().timestamp() // PERIOD.total_seconds())

    def _key(self, which: int, period: int) -> ECKey:
        known = self._made.get((which, period))
        if known is None:
            self._made = {k: v for k, v in self._made.items() if abs(k[1] - period) <= 2}
            info = f"period {period}".encode()
            seed = HKDF(algorithm=SHA256(), length=48, salt=_SALT, info=info).derive(self._secrets[which])
            number = int.from_bytes(seed, "big") % (_ORDER - 1) + 1
            known = ECKey.import_key(ec.derive_private_key(number, ec.SECP256R1()))
            self._made[which, period] = known
        return known
