"""Asking issuers again whether they still vouch for whoever signed in.

Once for each session, whoever waits, and of several servers by one: a refresh token that is used twice is often taken for stolen.
Nobody waits longer than a moment; who is asking goes on as they were while the issuer does not answer, for some minutes.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import msgspec
import structlog

from callboard.access.sign_in.sealing import Sealer
from callboard.access.sign_in.ways import SignInWays
from callboard.access.store import KeptSession, SessionStore
from callboard.base.clock import Clock
from callboard.base.errors import NotSignedIn, Unavailable
from callboard.base.secret import Secret
from callboard.extend.sign_in import ProvenPerson

__all__ = ["GRACE", "Confirming", "person_of", "with_person"]

GRACE: Final = timedelta(minutes=10)
"""So long somebody goes on whose issuer does not answer."""
AGAIN: Final = timedelta(seconds=30)
"""Until an issuer that did not answer, or that another server is asking, is asked again."""
PATIENCE: Final = 3.0
"""Seconds that a request waits for the issuer."""
_PURPOSE: Final = "session"
_MOST_CLAIMS: Final = 32 * 1024

_log = structlog.get_logger(__name__)


class Confirming:
    """Owns the tasks that ask. `close` ends them."""

    def __init__(self, ways: SignInWays, store: SessionStore | None, sealer: Sealer, clock: Clock) -> None:
        self._ways = ways
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._asking: dict[str, asyncio.Task[tuple[KeptSession, ProvenPerson]]] = {}
        self._tried: dict[str, Any] = {}
        self._unwritten: dict[str, tuple[KeptSession, ProvenPerson]] = {}
        """What issuers gave while the database did not take it: of those alone who were being asked just then, for it is the
        database that lets us ask."""
        self._writing = asyncio.Lock()

    async def close(self) -> None:
        """Let what is being asked come to its end: what an issuer gave must not be lost."""
        if self._asking:
            await asyncio.wait(self._asking.values(), timeout=5.0)
        for task in list(self._asking.values()):
            task.cancel()
        if self._store is not None:
            with suppress(Unavailable):
                for session, _ in self._unwritten.values():
                    await self._store.confirmed(session)

    async def confirmed(
        self, session: KeptSession, known: ProvenPerson | None
    ) -> tuple[KeptSession, ProvenPerson]:
        """Who the session belongs to, asked again where that is due. Raises NotSignedIn where the issuer no longer vouches for
        them, Unavailable where it has not answered for too long."""
        if session.digest in self._unwritten:
            session, known = await self._with_unwritten(session, known)
        person = known or person_of(session, self._sealer)
        now = self._clock.now()
        if session.confirm is None or now < session.confirm:
            return session, person
        tried = self._tried.get(session.digest)
        if tried is None or now - tried >= AGAIN or session.digest in self._asking:
            task = self._asking.get(session.digest)
            if task is None:
                self._tried[session.digest] = now
                task = asyncio.get_running_loop().create_task(self._ask(session, person), name="confirm")
                self._asking[session.digest] = task
                task.add_done_callback(lambda done: self._over(session.digest, done))
            with suppress(TimeoutError, Unavailable):
                async with asyncio.timeout(PATIENCE):
                    return await asyncio.shield(task)
        if now - session.confirm >= GRACE:
            raise Unavailable(
                "The identity provider does not answer, so nobody can say whether you may still come in."
            )
        return session, person

    async def _with_unwritten(
        self, session: KeptSession, known: ProvenPerson | None
    ) -> tuple[KeptSession, ProvenPerson | None]:
        """The session with what an issuer gave while the database did not take it; written, where it does now."""
        async with self._writing:
            unwritten = self._unwritten.get(session.digest)
            if unwritten is None:  # whoever waited before us has written it
                return session, known
            later, person = unwritten
            if session.asked and later.asked and session.asked > later.asked:  # by another server, since
                del self._unwritten[session.digest]
                return session, known
            if self._store is not None:
                with suppress(Unavailable):
                    await self._store.confirmed(later)
                    del self._unwritten[session.digest]
            return msgspec.structs.replace(later, seen=session.seen), person

    def _over(self, digest: str, task: asyncio.Task[tuple[KeptSession, ProvenPerson]]) -> None:
        del self._asking[digest]
        if not task.cancelled() and task.exception() is None:
            self._tried.pop(digest, None)

    async def _ask(self, session: KeptSession, person: ProvenPerson) -> tuple[KeptSession, ProvenPerson]:
        way = self._ways.ways.get(session.way)
        if way is None:
            raise NotSignedIn("This way to sign in is not had here any more.")
        now = self._clock.now()
        asked_just_now = session.asked is not None and now - session.asked < AGAIN
        if self._store is not None and (asked_just_now or not await self._store.begin_to_ask(session, now)):
            raise Unavailable("Another server is asking.")
        try:
            fresh = await way.confirm(person)
        except Unavailable as error:
            _log.warning(
                "an issuer could not be asked whether it still vouches for somebody", error=error.message
            )
            raise
        _log.info("an issuer still vouches for somebody", session=session.id, way=session.way)
        claims = self._ways.kept_claims(session.way, fresh)
        session = with_person(msgspec.structs.replace(session, asked=now), fresh, claims, self._sealer)
        if self._store is not None:
            try:
                await self._store.confirmed(session)
            except Unavailable as error:
                self._unwritten[session.digest] = (session, fresh)
                _log.warning(
                    "what an issuer gave could not be written to the database; it is tried again",
                    session=session.id,
                    error=error.message,
                )
        return session, fresh


def with_person(
    session: KeptSession, person: ProvenPerson, claims: Mapping[str, object], sealer: Sealer
) -> KeptSession:
    """The session with who its owner is, and what their way keeps, sealed. Raises NotSignedIn for claims beyond the bound."""
    written = msgspec.json.encode(claims).decode()
    if len(written) > _MOST_CLAIMS:
        raise NotSignedIn("The identity provider says more of you than can be kept.", code="too-many-claims")
    kept = person.kept if sealer.lasting else None
    return msgspec.structs.replace(
        session,
        issuer=person.issuer,
        account=person.account,
        claims=written,
        sealed=sealer.seal(kept.reveal(), _PURPOSE) if kept is not None else "",
        confirm=person.until,
    )


def person_of(session: KeptSession, sealer: Sealer) -> ProvenPerson:
    """Who signed in, as it is written down; without what their way kept where none of our keys opens it."""
    opened = sealer.open(session.sealed, _PURPOSE) if session.sealed else None
    try:
        claims = msgspec.json.decode(session.claims, type=dict[str, object])
    except msgspec.DecodeError:
        claims = {}
    return ProvenPerson(
        issuer=session.issuer,
        account=session.account,
        claims=claims,
        kept=Secret(opened) if opened is not None else None,
        until=session.confirm,
    )
