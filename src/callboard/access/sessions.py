"""Browser sessions and the one-time link that starts one."""

import hashlib
import secrets
from datetime import datetime, timedelta

import msgspec

from callboard.access.session_file import KeptSession, KeptSessions, SessionFile
from callboard.base.clock import Clock
from callboard.model.caller import Caller

__all__ = ["Session", "Sessions"]

LIFETIME = timedelta(hours=8)
"""A working day: long enough not to sign in twice, short enough that a forgotten browser is shut out by the evening."""
LINK_LIFETIME = timedelta(minutes=15)
MOST = 1000
"""Sessions kept at once; beyond it the oldest ends. One person on loopback needs a handful."""


class Session(msgspec.Struct, frozen=True):
    """A signed-in browser, until `ends`."""

    caller: Caller
    ends: datetime


class Sessions:
    """Opaque ids, kept as SHA-256 so that a dump of this process gives no cookie away. Links end with the process; sessions
    outlive it where there is a file for them."""

    def __init__(self, clock: Clock, file: SessionFile | None = None) -> None:
        self._clock = clock
        self._file = file
        self._sessions: dict[str, Session] = {}
        self._links: dict[str, Session] = {}
        self.host = "cb-" + secrets.token_hex(12)
        """A name that nobody else on this machine knows, for a host below `.localhost`; kept as long as sessions are."""
        if file is not None:
            self._restore(file)

    def link_token(self, caller: Caller) -> str:
        """A token that starts one session for `caller`, once, within 15 minutes."""
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        self._links = {key: link for key, link in self._links.items() if link.ends > now}
        self._links[_digest(token)] = Session(caller, now + LINK_LIFETIME)
        return token

    @property
    def has_link(self) -> bool:
        """Whether a link can still be used."""
        now = self._clock.now()
        return any(link.ends > now for link in self._links.values())

    def redeem(self, token: str) -> str | None:
        """Use up a link's token: the new session's id, or None when it is unknown, used or too old."""
        link = self._links.pop(_digest(token), None)
        if link is None or link.ends <= self._clock.now():
            return None
        session_id = secrets.token_urlsafe(32)
        while len(self._sessions) >= MOST:
            self._sessions.pop(next(iter(self._sessions)))
        self._sessions[_digest(session_id)] = Session(link.caller, self._clock.now() + LIFETIME)
        self._keep()
        return session_id

    def caller(self, session_id: str) -> Caller | None:
        """Whose session this is, or None when it is unknown or over."""
        key = _digest(session_id)
        session = self._sessions.get(key)
        if session is None:
            return None
        if session.ends <= self._clock.now():
            del self._sessions[key]
            return None
        return session.caller

    def end(self, session_id: str) -> None:
        """Forget a session."""
        if self._sessions.pop(_digest(session_id), None) is not None:
            self._keep()

    def _restore(self, file: SessionFile) -> None:
        """Those that go on, of the one caller there is a link for, and none for longer than a new one would last."""
        now, person = self._clock.now(), Caller.loopback()
        found = file.read()
        self.host = found.host or self.host
        for key, kept in found.sessions.items():
            if kept.identity == person.identity and now < kept.ends <= now + LIFETIME:
                self._sessions[key] = Session(person, kept.ends)

    def _keep(self) -> None:
        if self._file is not None:
            now = self._clock.now()
            going_on = {key: each for key, each in self._sessions.items() if each.ends > now}
            kept = {key: KeptSession(each.caller.identity, each.ends) for key, each in going_on.items()}
            self._file.write(KeptSessions(self.host, kept))


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
