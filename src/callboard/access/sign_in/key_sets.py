"""The public keys of an issuer, kept and read anew as they change.

A token that names a key which is not known has the keys read again, at once but at most once in a while: whoever sends
tokens with made-up names of keys costs the issuer nothing. Where tokens come from the issuer itself, an unknown key is a
new one: whoever asks waits until the keys may be read again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, RSAKey

from callboard.base.clock import Clock
from callboard.base.errors import CallboardError, NotSignedIn, Unavailable

__all__ = ["KeySetReader", "UnknownKey"]

FRESH: Final = timedelta(hours=1)
"""After that they are read again when a token comes: a key that was withdrawn is out by then."""
STALE: Final = timedelta(hours=24)
"""So long the last ones hold while the issuer does not answer."""
AGAIN: Final = timedelta(seconds=5)
"""At most so often for keys that are not known, and after a failure."""
MOST_KEYS: Final = 100
LEAST_BITS: Final = 2048
"""Of an RSA key."""

_log = structlog.get_logger(__name__)

_TYPES: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}


class UnknownKey(NotSignedIn):
    """A token is signed with a key that its issuer does not have, as far as its keys are known."""


class _Held(msgspec.Struct):
    key: Key
    id: str | None
    algorithm: str | None


class KeySetReader:
    """Implements `KeySource`. `read` gives the JSON of a key set (RFC 7517); raises Unavailable. `patient` where every token
    comes from the issuer itself, over a connection of ours."""

    def __init__(
        self, read: Callable[[], Awaitable[bytes]], clock: Clock, whose: str, *, patient: bool = False
    ) -> None:
        self._read = read
        self._clock = clock
        self._whose = whose
        self._patient = patient
        self._held: tuple[_Held, ...] = ()
        self._as_of: datetime | None = None
        self._tried: datetime | None = None
        self._reading = asyncio.Lock()

    async def key(self, kid: str | None, algorithm: str) -> Key:
        """The key of that id, for that algorithm."""
        found = self._find(kid, algorithm)
        if found is not None and self._is_within(self._as_of, FRESH):
            return found
        await self._refresh()
        found = self._find(kid, algorithm)
        if found is None and self._patient and self._tried is not None:
            left = AGAIN - (self._clock.now() - self._tried)
            await _pause(min(max(left, timedelta()), AGAIN).total_seconds())
            await self._refresh()
            found = self._find(kid, algorithm)
        if found is None:
            if not self._is_within(self._as_of, FRESH):
                raise Unavailable(f"The keys of {self._whose} cannot be read.", code="keys-away")
            raise UnknownKey(
                "The token that proves who is asking is signed with a key that its issuer does not have.",
                code="bad-proof",
            )
        if not self._is_within(self._as_of, STALE):
            raise Unavailable(f"The keys of {self._whose} cannot be read.", code="keys-away")
        return found

    def _find(self, kid: str | None, algorithm: str) -> Key | None:
        fitting = [
            each
            for each in self._held
            if each.key.key_type == _TYPES.get(algorithm[:2]) and each.algorithm in (None, algorithm)
        ]
        if kid is not None:
            named = [each for each in fitting if each.id == kid]
            return named[0].key if len(named) == 1 else None
        return fitting[0].key if len(fitting) == 1 else None

    async def _refresh(self) -> None:
        if self._is_within(self._tried, AGAIN):
            return
        async with self._reading:
            if self._is_within(self._tried, AGAIN):
                return
            self._tried = self._clock.now()
            try:
                self._held = _keys(await self._read())
                self._as_of = self._tried
            except CallboardError as error:
                _log.warning("the keys of an issuer cannot be read", issuer=self._whose, error=error.message)

    def _is_within(self, when: datetime | None, span: timedelta) -> bool:
        return when is not None and self._clock.now() - when < span


async def _pause(seconds: float) -> None:
    await asyncio.sleep(seconds)


def _keys(document: bytes) -> tuple[_Held, ...]:
    """Those public keys of a set that sign; what cannot be read of the others costs nobody anything."""
    try:
        value = msgspec.json.decode(document)
    except msgspec.DecodeError:
        raise Unavailable("The set of keys is no JSON.", code="keys-broken") from None
    items = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(items, list) or len(items) > MOST_KEYS:
        raise Unavailable("The set of keys has no list of at most 100 keys.", code="keys-broken")
    return tuple(held for item in items if (held := _key(item)) is not None)


def _key(item: Any) -> _Held | None:
    if not isinstance(item, dict) or item.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    operations = item.get("key_ops")
    if item.get("use") not in (None, "sig") or (operations is not None and "verify" not in operations):
        return None
    id_, algorithm = item.get("kid"), item.get("alg")
    if not isinstance(id_, str | None) or not isinstance(algorithm, str | None):
        return None
    public = {name: item[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in item}
    try:
        key = JWKRegistry.import_key(public)
        weak = isinstance(key, RSAKey) and key.public_key.key_size < LEAST_BITS
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return None if weak else _Held(key, id_, algorithm)
