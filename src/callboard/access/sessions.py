"""Browser sessions, the one-time link that starts one, and those that a way to sign in starts."""

import asyncio
import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from callboard.access.audit import AuditTrail
from callboard.access.confirming import Confirming, person_of, with_person
from callboard.access.endings import Endings
from callboard.access.sign_in.sealing import Sealer
from callboard.access.sign_in.ways import SignInWays
from callboard.access.store import KeptSession, SessionStore
from callboard.base.clock import Clock
from callboard.base.errors import NotSignedIn, Unavailable
from callboard.extend.sign_in import ProvenPerson
from callboard.model.audit import AuditDeed
from callboard.model.caller import Caller, CallerKind

__all__ = ["IDLE", "LIFETIME", "MOST_GOING_ON", "Sessions"]

LIFETIME: Final = timedelta(hours=8)
"""A working day: long enough not to sign in twice, short enough that a forgotten browser is shut out by the evening."""
IDLE: Final = timedelta(hours=2)
"""Without a request; an open page's stream asks every 15 seconds."""
LINK_LIFETIME: Final = timedelta(minutes=15)
MOST: Final = 20_000
"""Sessions kept in memory at once; beyond it those used longest ago are read from the database again, or end without one."""
MOST_GOING_ON: Final = 1000
"""So many are looked at when one begins, for the name they go on under."""
_FRESH: Final = timedelta(seconds=5)
"""So long what was read of a session holds: one that is ended elsewhere is over within it."""
_WITHOUT_DATABASE: Final = timedelta(minutes=10)
"""So long what was read last holds while the database does not answer."""
_NOTED: Final = timedelta(minutes=1)
_AT_ONCE: Final = 2
"""Readings for cookies that are not known here: whoever guesses leaves the database's connections to others."""
_HOST = re.compile(r"cb-[0-9a-f]{24}")

_log = structlog.get_logger(__name__)


class _Link(msgspec.Struct, frozen=True):
    caller: Caller
    ends: datetime


class _Held(msgspec.Struct):
    """One in memory; `read` is when it was last seen in the database, None where it has not been written there yet."""

    session: KeptSession
    seen: datetime
    read: datetime | None
    kept: ProvenPerson | None = None
    """Whoever signed in, with what their way keeps, which without a configured key is nowhere else."""


class Sessions:
    """What a cookie holds is kept as SHA-256, so that neither a dump of this process nor the database gives one away. Links end
    with the process; sessions outlive it where there is a store. `place` names the listener: sessions are good there alone.

    Of whoever signed in by one of `ways` it is decided anew at each request whether they still may come in, and as whom. Use as
    an async context manager where ways ask their issuers again."""

    def __init__(
        self,
        clock: Clock,
        store: SessionStore | None = None,
        place: str = "",
        *,
        ways: SignInWays | None = None,
        sealer: Sealer | None = None,
        trail: AuditTrail | None = None,
    ) -> None:
        self._clock = clock
        self._trail = trail or AuditTrail(clock)
        self._store = store
        self._place = place
        self._ways = ways or SignInWays()
        self._sealer = sealer or Sealer()
        self._confirming = Confirming(self._ways, store, self._sealer, clock)
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._over: OrderedDict[str, None] = OrderedDict()
        self._links: dict[str, _Link] = {}
        self._unknown = asyncio.Semaphore(_AT_ONCE)
        self._endings = Endings(self._still if store is not None else None)
        self._ways.on_change(self._look_over)
        self.host = "cb-" + secrets.token_hex(12)
        """A name that nobody else on this machine knows, for a host below `.localhost`; that of the sessions that go on."""

    async def __aenter__(self) -> "Sessions":
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._confirming.close()

    async def start(self) -> None:
        """Go on under the name of the sessions there are."""
        if self._store is not None:
            now = self._clock.now()
            going_on = [
                s for s in await self._store.all(MOST_GOING_ON, self._place) if self._is_good(s, s.seen, now)
            ]
            self.host = next((s.host for s in going_on if _HOST.fullmatch(s.host)), self.host)

    def link_token(self, caller: Caller) -> str:
        """A token that starts one session for `caller`, once, within 15 minutes."""
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        self._links = {key: link for key, link in self._links.items() if link.ends > now}
        self._links[_digest(token)] = _Link(caller, now + LINK_LIFETIME)
        return token

    @property
    def has_link(self) -> bool:
        """Whether a link can still be used."""
        now = self._clock.now()
        return any(link.ends > now for link in self._links.values())

    async def redeem(self, token: str) -> str | None:
        """Use up a link's token: what the new session's cookie holds, or None when it is unknown, used or too old."""
        link = self._links.pop(_digest(token), None)
        if link is None or link.ends <= self._clock.now():
            return None
        return await self._begin(link.caller.kind.value, link.caller.subject, LIFETIME)

    async def enter(self, way: str, person: ProvenPerson, lifetime: timedelta | None = None) -> str:
        """Begin a session of whoever proved who they are: what its cookie holds. Raises NotAllowed for who may not come in."""
        caller = self._ways.admitted(way, person, "")
        longest = timedelta(seconds=self._ways.settings.session_lifetime)
        return await self._begin(
            caller.kind.value, caller.subject, min(longest, lifetime or longest), way=way, person=person
        )

    async def _begin(
        self,
        kind: str,
        subject: str,
        lifetime: timedelta,
        *,
        way: str = "",
        person: ProvenPerson | None = None,
    ) -> str:
        now = self._clock.now()
        secret = secrets.token_urlsafe(32)
        session = KeptSession(
            digest=_digest(secret),
            id=secrets.token_hex(4),
            place=self._place,
            host=self.host,
            kind=kind,
            subject=subject[:300],
            began=now,
            seen=now,
            ends=now + lifetime,
            way=way,
        )
        if person is not None:
            claims = self._ways.kept_claims(way, person)
            session = with_person(session, person, claims, self._sealer)
        self._record(AuditDeed.SIGN_IN, session)
        held = self._hold(_Held(session, now, None if self._store else now, person))
        await self._write(held)
        _log.info(
            "somebody signed in", session=session.id, subject=session.subject, way=way, place=session.place
        )
        if held.read is None:
            _log.warning(
                "a session could not be written to the database: whoever just signed in has to do so again after a restart"
            )
        return secret

    def _record(self, deed: AuditDeed, session: KeptSession, *, everywhere: bool = False) -> None:
        who = Caller(kind=CallerKind(session.kind), subject=session.subject, through=f"session:{session.id}")
        self._trail.record(deed, who, (session.way or "link") + (", everywhere" if everywhere else ""))

    async def caller(self, secret: str) -> Caller | None:
        """Whose session this is, or None when it is unknown or over. Raises Unavailable where that is not known."""
        if len(secret) != 43:
            return None
        held = await self._current(_digest(secret))
        now = self._clock.now()
        if (
            held is None
            or held.session.digest in self._over
            or not self._is_good(held.session, held.seen, now)
            or held.session.place != self._place
        ):
            return None
        caller = await self._whose(held)
        if caller is None:
            return None
        if now - held.session.seen >= _NOTED:
            await self._note(held, now)
        held.seen = now
        return caller

    async def _whose(self, held: _Held) -> Caller | None:
        """Whom the configuration and the catalog in force make of whoever signed in; None, and the session ends, where nobody."""
        if not held.session.way:
            return _caller(held.session)
        try:
            held.session, held.kept = await self._confirming.confirmed(held.session, held.kept)
            caller = self._ways.caller(held.session.way, held.kept, f"session:{held.session.id}")
        except NotSignedIn:
            caller = None
        if caller is None:
            _log.info(
                "a session ends: its owner may no longer come in",
                session=held.session.id,
                subject=held.session.subject,
            )
            await self._forget(held.session.digest)
        return caller

    async def end(self, secret: str, *, everywhere: bool = False) -> tuple[str, ProvenPerson] | None:
        """Forget a session, here and in the database, and all others of its owner where that is wished; by which way they came
        and who they are, where they came by one. Raises Unavailable where that cannot be done there."""
        digest = _digest(secret)
        held = self._held.get(digest)
        if held is None and self._store is not None and len(secret) == 43:
            with suppress(Unavailable):
                held = await self._current(digest)
        if held is not None:
            subject = held.session.subject
            _log.info("somebody signed out", session=held.session.id, subject=subject, everywhere=everywhere)
            with suppress(Unavailable):  # whoever wants to leave, leaves
                self._record(AuditDeed.SIGN_OUT, held.session, everywhere=everywhere)
            if everywhere:
                await self._forget_all(subject)
        await self._forget(digest)
        if held is None or not held.session.way:
            return None
        return held.session.way, held.kept or person_of(held.session, self._sealer)

    async def _forget_all(self, subject: str) -> None:
        """Every session of somebody."""
        theirs = [digest for digest, other in self._held.items() if other.session.subject == subject]
        for digest in theirs:
            self._is_over(digest)
        try:
            if self._store is not None:
                await self._store.end(subject=subject)
        finally:
            for digest in theirs:
                self._endings.tell(digest)

    def over(self, ended: Callable[[KeptSession], bool]) -> None:
        """Those of which `ended` says so have been ended in the database: they are over here at once, with what is open under
        them."""
        for digest in [d for d, held in self._held.items() if ended(held.session)]:
            self._is_over(digest)
            self._endings.tell(digest)

    async def _forget(self, digest: str) -> None:
        self._is_over(digest)
        try:
            if self._store is not None:
                await self._store.end(digest=digest)
        finally:
            self._endings.tell(digest)

    async def ended(self, secret: str) -> None:
        """Return when this session has been ended, here or by whoever else has the database."""
        await self._endings.of(_digest(secret))

    async def _still(self, digests: Collection[str]) -> frozenset[str]:
        """Which of them go on. One that was begun while the database did not answer is known here alone."""
        assert self._store is not None  # noqa: S101  # asked where there is one
        here = {d for d in digests if (held := self._held.get(d)) is not None and held.read is None}
        there = await self._store.which(digests)
        for digest in set(digests) - there - here:
            self._held.pop(digest, None)
        return there | here

    def _look_over(self) -> None:
        """Tell what is open under sessions whose owners may no longer come in; the door ends them when it is asked then."""
        for digest in self._endings.waited_for:
            held = self._held.get(digest)
            if held is None or not held.session.way:
                continue
            person = held.kept or person_of(held.session, self._sealer)
            if self._ways.caller(held.session.way, person, "") is None:
                self._endings.tell(digest)

    def _is_over(self, digest: str) -> None:
        """From now on, also for who has just read it from the database and comes back with it."""
        self._held.pop(digest, None)
        self._over[digest] = None
        while len(self._over) > MOST:
            self._over.popitem(last=False)

    async def _current(self, digest: str) -> _Held | None:
        """What is known of a session, read anew where that is some seconds old."""
        held, now = self._held.get(digest), self._clock.now()
        if self._store is None or (held is not None and held.read is not None and now - held.read < _FRESH):
            return held
        if held is not None and held.read is None:  # it was begun while the database did not answer
            await self._write(held)
            return held
        try:
            if held is None:
                async with self._unknown:
                    session = await self._store.get(digest)
            else:
                session = await self._store.get(digest)
        except Unavailable:
            if held is None or held.read is None or now - held.read > _WITHOUT_DATABASE:
                raise
            return held
        if session is None:
            self._held.pop(digest, None)
            return None
        kept = held.kept if held and held.session.confirm == session.confirm else None
        return self._hold(_Held(session, max(session.seen, held.seen if held else session.seen), now, kept))

    def _hold(self, held: _Held) -> _Held:
        self._held[held.session.digest] = held
        self._held.move_to_end(held.session.digest)
        while len(self._held) > MOST:
            self._held.popitem(last=False)
        return held

    def _is_good(self, session: KeptSession, seen: datetime, now: datetime) -> bool:
        """None lasts longer than a new one would, whatever is written."""
        settings = self._ways.settings
        lifetime = timedelta(seconds=settings.session_lifetime) if session.way else LIFETIME
        idle = timedelta(seconds=settings.session_idle) if session.way else IDLE
        return now < session.ends <= session.began + lifetime and session.began <= now < seen + idle

    async def _write(self, held: _Held) -> None:
        if self._store is not None:
            now = self._clock.now()
            with suppress(Unavailable):
                await self._store.add(held.session, now)
                held.read = now

    async def _note(self, held: _Held, now: datetime) -> None:
        """When it was used last; where that cannot be written, it is used all the same."""
        held.session = msgspec.structs.replace(held.session, seen=now)
        if self._store is not None and held.read is not None:
            with suppress(Unavailable):
                await self._store.see(held.session.digest, now)


def _caller(session: KeptSession) -> Caller | None:
    """The one caller there is a link for; nobody becomes somebody else by what is written."""
    person = Caller.loopback()
    return person if (session.kind, session.subject) == (person.kind, person.subject) else None


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()
