"""Tokens of our own, for pipelines and scripts: made by an operator, shown once, kept as hashes.

What is kept is read whole and anew every few seconds while tokens are used, so that guessing costs no query, a revocation counts
within seconds on every server of the same database, and a database that is away for a moment locks nobody out.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from callboard.access.store import KeptToken, TokenStore
from callboard.base.clock import Clock
from callboard.base.errors import NotFound, Unavailable, UsageError
from callboard.base.secret import Secret
from callboard.model.caller import Caller, CallerKind
from callboard.model.permission import NOT_YET, Action

__all__ = ["LONGEST", "PREFIX", "ServiceTokens"]

PREFIX: Final = "cbt_"
"""Every token begins with it, so that scanners of secrets can tell one."""
LONGEST: Final = timedelta(days=366)
_MOST: Final = 1000
_FORGET: Final = timedelta(days=90)
"""After its end a token is listed for so long."""
_FRESH: Final = timedelta(seconds=5)
_WITHOUT_DATABASE: Final = timedelta(minutes=10)
"""So long what was read last holds while the database does not answer."""
_NOTED: Final = timedelta(minutes=1)

_FORM = re.compile(r"cbt_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_FOR: Final = frozenset(str(action) for action in Action if action not in NOT_YET)
_SERVICE = re.compile(r"[a-z0-9]([a-z0-9._/-]{0,98}[a-z0-9])?")

_log = structlog.get_logger(__name__)


class ServiceTokens:
    """Makes, lists, revokes and recognises them."""

    def __init__(self, store: TokenStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._reading = asyncio.Lock()
        self._known: Mapping[str, KeptToken] = {}
        self._as_of: datetime | None = None

    async def create(self, service: str, may: Iterable[str], until: datetime) -> tuple[KeptToken, Secret]:
        """A new token, and what is kept of it. Raises UsageError for what cannot be, Unavailable without a database."""
        now, actions = self._clock.now(), frozenset(may)
        if not _SERVICE.fullmatch(service):
            raise UsageError(
                f"{service!r} is no name for a service: small letters, digits and . _ / - between them, at most 100.",
                code="no-service-name",
            )
        unknown = sorted(actions - _FOR)
        if unknown or not actions:
            raise UsageError(
                f"A token is made for actions out of {', '.join(sorted(_FOR))}; not {', '.join(unknown) or 'for none'}.",
                code="no-such-action",
            )
        if not now < until <= now + LONGEST:
            raise UsageError(f"A token ends within {LONGEST.days} days from now.", code="no-such-end")
        id_ = secrets.token_hex(6)
        token = f"{PREFIX}{id_}_{secrets.token_urlsafe(32)}"
        kept = KeptToken(id=id_, digest=_digest(token), service=service, may=actions, made=now, ends=until)
        if not await self._store.add(kept, _MOST, now - _FORGET):
            raise UsageError(
                f"There are {_MOST} tokens already: revoked ones are forgotten 90 days after their end."
            )
        return kept, Secret(token)

    async def all(self) -> tuple[KeptToken, ...]:
        """Every token, the newest first."""
        return tuple((await self._store.all(_MOST)).values())

    async def revoke(self, id_: str) -> None:
        """End a token; servers know within seconds. Raises NotFound where there is none that could still be used."""
        if not await self._store.revoke(id_, self._clock.now()):
            raise NotFound(f"There is no token {id_!r} that is not revoked.", code="no-such-token")
        self._as_of = None

    async def caller(self, token: str) -> Caller | None:
        """Whose token this is, or None when it is none of ours, over or revoked. Raises Unavailable where that is not known."""
        found = _FORM.fullmatch(token)
        if found is None:
            return None
        kept = (await self._current()).get(found[1])
        now = self._clock.now()
        # compared though there is none, so that how long it takes tells nobody which ids there are
        same = hmac.compare_digest(kept.digest if kept else "", _digest(token))
        if kept is None or not same or kept.revoked is not None or kept.ends <= now:
            return None
        if kept.used is None or now - kept.used >= _NOTED:
            await self._note(kept, now)
        return Caller(kind=CallerKind.SERVICE, subject=kept.service, may=kept.may)

    async def _current(self) -> Mapping[str, KeptToken]:
        if self._is_fresh():
            return self._known
        async with self._reading:
            if not self._is_fresh():
                now = self._clock.now()
                try:
                    self._known, self._as_of = await self._store.all(_MOST), now
                except Unavailable:
                    if self._as_of is None or now - self._as_of > _WITHOUT_DATABASE:
                        raise
        return self._known

    def _is_fresh(self) -> bool:
        return self._as_of is not None and self._clock.now() - self._as_of < _FRESH

    async def _note(self, kept: KeptToken, now: datetime) -> None:
        """When it was used last; where that cannot be written, it is used all the same."""
        self._known = {**self._known, kept.id: msgspec.structs.replace(kept, used=now)}
        with suppress(Unavailable):
            await self._store.use(kept.id, now)
        _log.info("a token is in use", token=kept.id, service=kept.service)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
