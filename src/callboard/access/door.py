"""The door: every request is refused unless a rule lets it in.

The checks, in order: the Host is one of ours (DNS rebinding); an unsafe or streaming request comes from one of our own pages
(Origin, Sec-Fetch-Site: cross-site request forgery, streams read with ambient credentials); somebody we know is asking.
"""

from collections.abc import Callable, Iterable
from functools import partial
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from callboard.access.cookies import cookie_in, session_cookie
from callboard.access.sessions import Sessions
from callboard.access.sign_in.ways import SignInWays
from callboard.access.tokens import PREFIX, ServiceTokens
from callboard.base.errors import NotAllowed, NotSignedIn
from callboard.model.caller import Caller
from callboard.model.door import Admitted, Refused, RequestFacts, RouteClass, SessionCookie

__all__ = ["DoorPolicy", "FrontDoor", "allowed_hosts"]

_SAME_SITE = ("", "same-origin", "none")
"""Values of Sec-Fetch-Site of our own pages, a typed address, or a client that is no browser."""


_FOR_TOKENS = frozenset({RouteClass.READ, RouteClass.METRICS})
_NOT_FOR_TOKENS = Refused(
    403, "not-for-tokens", "A token reads pages, the JSON API and figures, and does nothing else."
)


class DoorPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """`hosts` are the values of the Host header we answer to, lower-case, with the port. `origins` are our own.

    `open` lets everyone who passes the other checks in as the loopback caller: the demo's simulated fleet and nothing else.
    `cookie` is the session cookie's name without TLS; it holds the port because cookies do not know ports. `secure_hosts` are
    those of `hosts` that browsers reach by TLS, be it a proxy's; `path` is the one our pages stand below.
    """

    hosts: frozenset[str]
    origins: frozenset[str]
    cookie: str
    open: bool = False
    secure_hosts: frozenset[str] = frozenset()
    path: str = "/"
    by_address: bool = False
    """Whether figures and liveness are told to whoever asks by an address."""

    proxied_by: Callable[[str], bool] | None = None
    """Where others than the operator's proxies could send sessions in the clear: whether an address is one of theirs."""

    def cookie_for(self, host: str) -> SessionCookie:
        """The session's cookie for whoever asks by this name."""
        return session_cookie(self.cookie, secure=host.lower() in self.secure_hosts, path=self.path)


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


class FrontDoor:
    """The door of a listener: sessions started by a link or by a way to sign in, whoever a proxy in front brings proof of,
    services by their tokens, or open for the demo."""

    def __init__(
        self,
        policy: DoorPolicy,
        sessions: Sessions,
        tokens: ServiceTokens | None = None,
        *,
        ways: SignInWays | None = None,
    ) -> None:
        """`tokens` are those of services; without, none is taken."""
        self.policy = policy
        self._sessions = sessions
        self._tokens = tokens
        self._ways = ways or SignInWays()

    async def admit(self, facts: RequestFacts, route: RouteClass) -> Admitted | Refused:
        """Let a request in as a caller, or say why not."""
        if facts.host.lower() not in self.policy.hosts and not self._is_probe(facts, route):
            return Refused(421, "foreign-host", "This server does not answer to that name.")
        by_proxy = self.policy.proxied_by
        if by_proxy is not None and not by_proxy(facts.peer) and not self._is_probe(facts, route):
            return Refused(
                403, "not-by-proxy", f"Come by the address of the portal: {facts.peer} is no proxy of it."
            )
        if refused := self._foreign_page(facts, route):
            return refused
        if route in (RouteClass.PUBLIC, RouteClass.SIGN_IN):
            return Admitted(Caller.anonymous())
        if self.policy.open:
            return Admitted(Caller.loopback())
        token = _bearer(facts.authorization)
        if token is not None and token.startswith(PREFIX):
            return await self._service(token, route)
        if (brought := await self._recognised(facts)) is not None:
            return brought
        if token is not None:
            return await self._by_bearer(token, route)
        session = cookie_in(facts.cookie, self.policy.cookie_for(facts.host).name)
        caller = await self._sessions.caller(session)
        if caller is None and route is RouteClass.METRICS:
            return Admitted(Caller.anonymous())
        if caller is None:
            return Refused(401, "not-signed-in", self._how_to_sign_in())
        return Admitted(caller, partial(self._sessions.ended, session))

    def _is_probe(self, facts: RequestFacts, route: RouteClass) -> bool:
        """Whether a machine may ask by our bare address what tells nothing of anybody: kubelets and Prometheus do. No name that
        leads to us by somebody's rebinding is an address."""
        if not self.policy.by_address or route not in (RouteClass.PUBLIC, RouteClass.METRICS):
            return False
        try:
            ip_address(urlsplit(f"//{facts.host}").hostname or "")
        except ValueError:
            return False
        return True

    def _how_to_sign_in(self) -> str:
        if self._ways.ways:
            return "Sign in to go on."
        return "Open the link that callboard printed in its terminal."

    async def _recognised(self, facts: RequestFacts) -> Admitted | Refused | None:
        """By what a proxy in front has signed or said; None where there is nothing of the kind. What is no good is refused,
        whatever else comes with it."""
        for way in self._ways.recognising:
            try:
                person = await way.recognise(facts)
                if person is not None:
                    return Admitted(self._ways.admitted(way.key, person, f"proxy:{way.key}"))
            except NotSignedIn as error:
                return Refused(401, error.code, error.message)
            except NotAllowed as error:
                return Refused(403, error.code, error.message)
        return None

    async def _by_bearer(self, token: str, route: RouteClass) -> Admitted | Refused:
        """By a token of Backstage, or of a service that the configuration names."""
        for reader in self._ways.bearers:
            try:
                caller = await reader.caller(token)
            except NotSignedIn as error:
                return Refused(401, error.code, error.message)
            if caller is not None:
                return Admitted(caller) if route in _FOR_TOKENS else _NOT_FOR_TOKENS
        return await self._service(token, route)

    async def _service(self, token: str, route: RouteClass) -> Admitted | Refused:
        """By a token alone, whatever cookie comes with it."""
        if route not in _FOR_TOKENS:
            return _NOT_FOR_TOKENS
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

    async def sign_out(self, cookie: str, host: str, everywhere: bool) -> str:
        """End the session that a Cookie header names, if it names one, and all others of its owner; "", for nowhere else is
        anything to be done."""
        secret = cookie_in(cookie, self.policy.cookie_for(host).name)
        await self._sessions.end(secret, everywhere=everywhere)
        return ""

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
