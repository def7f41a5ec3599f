"""Sign-ins that are under way: what the browser carries while it is away, sealed, so that any server of ours can take it back.

Each has a cookie of its own: several tabs may sign in at once, and whoever has not got the cookie (because the address was
sent to them) comes to nothing.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from callboard.access.sign_in.sealing import Sealer
from callboard.base.clock import Clock

__all__ = ["LASTS", "SignInAttempt", "SignInAttempts", "attempt_name", "safe_path"]

LASTS: Final = timedelta(minutes=15)
AT_ONCE: Final = 8
"""Sign-ins that one browser may have under way; where two fall on one place, the earlier begins again."""
_PURPOSE: Final = "sign-in attempt"
_MOST_USED: Final = 10_000
_LONGEST: Final = 3500
"""Characters of one, which is less than a cookie may have."""
_STATE: Final = re.compile(r"[A-Za-z0-9_-]{16,128}")
_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")


class SignInAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One of them: by which way, what the way remembers, and the path of ours to show afterwards."""

    way: str
    state: str
    remembered: Mapping[str, str]
    to: str
    ends: datetime


class SignInAttempts:
    """Seals, opens, and lets each be used once here; a code that is used twice elsewhere the provider refuses."""

    def __init__(self, sealer: Sealer, clock: Clock) -> None:
        self._sealer = sealer
        self._clock = clock
        self._used: OrderedDict[str, datetime] = OrderedDict()

    def sealed(self, way: str, state: str, remembered: Mapping[str, str], to: str) -> str | None:
        """What the cookie holds; None where it would not fit."""
        attempt = SignInAttempt(
            way=way, state=state, remembered=remembered, to=safe_path(to), ends=self._clock.now() + LASTS
        )
        sealed = self._sealer.seal(msgspec.json.encode(attempt).decode(), _PURPOSE)
        if len(sealed) > _LONGEST and attempt.to != "/":
            return self.sealed(way, state, remembered, "/")
        return sealed if len(sealed) <= _LONGEST else None

    def take(self, way: str, state: str, sealed: str) -> SignInAttempt | None:
        """Use one up; None where the cookie is not that of this way and state, was changed, is too old or used."""
        opened = self._sealer.open(sealed, _PURPOSE) if len(sealed) <= _LONGEST else None
        if opened is None or not _STATE.fullmatch(state):
            return None
        try:
            attempt = msgspec.json.decode(opened, type=SignInAttempt)
        except msgspec.DecodeError:
            return None
        now = self._clock.now()
        if (attempt.way, attempt.state) != (way, state) or not now < attempt.ends or state in self._used:
            return None
        self._used[state] = attempt.ends
        while self._used and (len(self._used) > _MOST_USED or next(iter(self._used.values())) <= now):
            self._used.popitem(last=False)
        return attempt


def attempt_name(state: str) -> str:
    """What the cookie of a state is called, after the session cookie's name: one of few, so that sign-ins that come to nothing do
    not pile up in a browser until its requests are too long."""
    return f"-{hashlib.sha256(state.encode(errors='replace')).digest()[0] % AT_ONCE}"


def safe_path(path: str) -> str:
    """The path, where it is one of ours as it stands; "/" for anything else: no other host, no line ending, no `//`."""
    return path if _PATH.fullmatch(path) and not path.startswith("/sign-") else "/"
