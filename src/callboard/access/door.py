"""The door: every request is refused unless a rule lets it in.

The checks, in order: the Host is one of ours (DNS rebinding); an unsafe or streaming request comes from one of our own pages
(Origin, Sec-Fetch-Site: cross-site request forgery, streams read with ambient credentials); somebody we know is asking.
"""

from collections.abc import Iterable
from functools import partial
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from callboard.access.sessions import Sessions
from callboard.access.tokens import ServiceTokens
from callboard.model.caller import Caller
from callboard.model.door import Admitted, Refused, RequestFacts, RouteClass

__all__ = ["DoorPolicy", "LoopbackDoor", "allowed_hosts"]

_SAME_SITE = ("", "same-origin", "none")
"""Values of Sec-Fetch-Site of our own pages, a typed address, or a client that is no browser."""


class DoorPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """`hosts` are the values of the Host header we answer to, lower-case, with the port. `origins` are our own.

    `open` lets everyone who passes the other checks in as the loopback caller: the demo's simulated fleet and nothing else.
    `cookie` is the session cookie's name; it holds the port because cookies do not know ports.
    """

    hosts: frozenset[str]
    origins: frozenset[str]
    cookie: str
    open: bool = False


def allowed_hosts(
    host: str, port: int, *, secure: bool = False, also: Iterable[str] = ()
) -> tuple[frozenset[str], frozenset[str]]:
    """(hosts, origins) for a listener on `host`:`port` that is also known by the addresses `also` (`app.baseUrl` …)."""
    scheme, usual = ("https", 443) if secure else ("http", 80)
    host = host.lower().strip("[]")
    names = {f"[{host}]" if ":" in host else host}
    if _is_loopback(host):
        names |= {"127.0.0.1", "localhost", "[::1]"}
    hosts = {f"{n}:{port}" for n in names} | (names if port == usual else set())
    origins = {f"{scheme}://{h}" for h in hosts}
    for url in also:
        parts = urlsplit(url)
        if parts.hostname and parts.scheme in ("http", "https"):
            hosts.add(parts.netloc.lower())
            origins.add(f"{parts.scheme}://{parts.netloc.lower()}")
    return frozenset(hosts), frozenset(origins)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class LoopbackDoor:
    """The door of a listener on loopback: sessions started by a one-time link, services by their tokens, or open for the demo."""

    def __init__(self, policy: DoorPolicy, sessions: Sessions, tokens: ServiceTokens | None = None) -> None:
        """`tokens` are those of services; without, none is taken."""
        self.policy = policy
        self._sessions = sessions
        self._tokens = tokens

    async def admit(self, facts: RequestFacts, route: RouteClass) -> Admitted | Refused:
        """Let a request in as a caller, or say why not."""
        if facts.host.lower() not in self.policy.hosts:
            return Refused(421, "foreign-host", "This server does not answer to that name.")
        if refused := self._foreign_page(facts, route):
            return refused
        if route in (RouteClass.PUBLIC, RouteClass.SIGN_IN):
            return Admitted(Caller.anonymous())
        if self.policy.open:
            return Admitted(Caller.loopback())
        if (token := _bearer(facts.authorization)) is not None:
            return await self._service(token, route)
        session = _cookie(facts.cookie, self.policy.cookie)
        caller = await self._sessions.caller(session)
        if caller is None and route is RouteClass.METRICS:
            return Admitted(Caller.anonymous())
        if caller is None:
            return Refused(401, "not-signed-in", "Open the link that callboard printed in its terminal.")
        return Admitted(caller, partial(self._sessions.ended, session))

    async def _service(self, token: str, route: RouteClass) -> Admitted | Refused:
        """By a token alone, whatever cookie comes with it."""
        if route not in (RouteClass.READ, RouteClass.METRICS):
            return Refused(
                403, "not-for-tokens", "A token reads pages, the JSON API and figures, and does nothing else."
            )
        caller = await self._tokens.caller(token) if self._tokens else None
        if caller is None:
            return Refused(
                401, "bad-token", "This token is unknown, over or revoked; callboard tokens makes a new one."
            )
        return Admitted(caller)

    async def sign_in(self, token: str) -> str | Refused:
        """Use up a one-time link: the session id to set in the cookie, or why not."""
        session_id = await self._sessions.redeem(token)
        if session_id is None:
            return Refused(
                401,
                "bad-link",
                "This link was used already or is too old; callboard prints a new one in its terminal.",
            )
        return session_id

    async def sign_out(self, cookie: str) -> None:
        """End the session that a Cookie header names, if it names one."""
        await self._sessions.end(_cookie(cookie, self.policy.cookie))

    def _foreign_page(self, facts: RequestFacts, route: RouteClass) -> Refused | None:
        if route not in (RouteClass.STREAM, RouteClass.UNSAFE):
            return None
        if facts.origin and facts.origin.lower() not in self.policy.origins:
            return Refused(403, "foreign-origin", "Another site's page may not ask this.")
        if facts.fetch_site not in _SAME_SITE:
            return Refused(403, "foreign-site", "Another site's page may not ask this.")
        if route is RouteClass.UNSAFE and not facts.origin and not facts.fetch_site:
            return Refused(403, "no-origin", "The request does not say which page it comes from.")
        return None


def _bearer(header: str) -> str | None:
    """The token of an Authorization header that brings one; whatever else it says is none of ours."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _cookie(header: str, name: str) -> str:
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel else ""
