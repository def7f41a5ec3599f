"""What the pages ask for when somebody signs in or out: `callboard.http.sign_in.SignInDesk`."""

from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlencode, urlsplit

import structlog

from callboard.access.cookies import cookie_in
from callboard.access.door import DoorPolicy
from callboard.access.sessions import Sessions
from callboard.access.sign_in.attempts import SignInAttempts, attempt_name, safe_path
from callboard.access.sign_in.ways import SignInWays, WayInForce
from callboard.base.errors import CallboardError, NotFound, NotSignedIn, Unavailable
from callboard.extend.sign_in import ReturnedBrowser
from callboard.model.door import EnteredBrowser, LedAway, OfferedWay

__all__ = ["FrontDesk"]

_MOST_PARAMETERS = 30
_log = structlog.get_logger(__name__)


class FrontDesk:
    """`public` is the address that browsers come back to, without a slash at its end."""

    def __init__(
        self, ways: SignInWays, sessions: Sessions, attempts: SignInAttempts, policy: DoorPolicy, public: str
    ) -> None:
        self._ways = ways
        self._sessions = sessions
        self._attempts = attempts
        self._policy = policy
        self._public = public
        self._host = urlsplit(public).netloc.lower()

    def offered(self) -> tuple[OfferedWay, ...]:
        """What the sign-in page offers."""
        return tuple(OfferedWay(each.key, each.title) for each in self._ways.leading_away)

    async def begin(self, key: str, to: str, host: str) -> LedAway:
        """Where to lead whoever asked by the name `host`, to show them the path `to` afterwards. Raises NotFound, Unavailable."""
        way = self._way(key)
        if host.lower() != self._host:  # the cookie would not be there when they come back
            return LedAway(f"{self._public}/sign-in/{key}?{urlencode({'to': safe_path(to)})}")
        departure = await way.begin(self._back(key))
        sealed = self._attempts.sealed(key, departure.state, departure.remember, to)
        if sealed is None:
            raise Unavailable(
                "This way to sign in wants more remembered than a cookie holds.", code="part-failed"
            )
        return LedAway(departure.url, self._cookie_name(departure.state), sealed)

    async def finish(self, key: str, params: Mapping[str, str], cookie: str) -> EnteredBrowser:
        """The session of whoever came back with these parameters and this Cookie header. Raises NotFound, NotSignedIn,
        NotAllowed, Unavailable."""
        way = self._way(key)
        state = params.get("state", "")
        name = self._cookie_name(state)
        attempt = (
            self._attempts.take(key, state, cookie_in(cookie, name))
            if len(params) <= _MOST_PARAMETERS
            else None
        )
        if attempt is None:
            raise NotSignedIn(
                "This browser did not begin this sign-in, or it took more than a quarter of an hour. Begin again.",
                code="no-such-sign-in",
            )
        returned = ReturnedBrowser(params=params, remembered=attempt.remembered)
        person = await way.finish(returned, self._back(key))
        session = await self._sessions.enter(key, person, way.lifetime)
        before = cookie_in(cookie, self._policy.cookie_for(self._host).name)
        if before:  # whoever held that one does not come in by it any more
            with suppress(Unavailable):
                await self._sessions.end(before)
        return EnteredBrowser(session, attempt.to, name)

    async def leave(self, cookie: str, host: str, everywhere: bool) -> str:
        """End the session that a Cookie header names, or all of its owner; the address to sign out at their provider, or "".
        Raises Unavailable."""
        secret = cookie_in(cookie, self._policy.cookie_for(host).name)
        ended = await self._sessions.end(secret, everywhere=everywhere)
        way = self._ways.ways.get(ended[0]) if ended is not None else None
        if ended is None or way is None:
            return ""
        try:
            return await way.leave(ended[1], f"{self._public}/sign-in")
        except CallboardError as error:
            _log.warning(
                "somebody who signed out could not be led to their provider for that", error=error.message
            )
            return ""

    def _way(self, key: str) -> WayInForce:
        way = self._ways.ways.get(key)
        if way is None or not way.leads_away:
            raise NotFound("There is no such way to sign in.", code="no-such-way")
        return way

    def _back(self, key: str) -> str:
        return f"{self._public}/sign-in/{key}/return"

    def _cookie_name(self, state: str) -> str:
        return self._policy.cookie_for(self._host).name + attempt_name(state)
