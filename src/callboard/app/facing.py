"""A listener that faces people: whether it may, by which names it answers, at which address people come back."""

from typing import Final
from urllib.parse import urlsplit

from callboard.access.door import DoorPolicy, allowed_hosts
from callboard.access.sign_in.ways import SignInWays
from callboard.app.entrance import Entrance
from callboard.base.errors import UsageError
from callboard.base.settings import Settings
from callboard.http.forwarded import TrustedProxies, networks_of
from callboard.http.rates import RateLimits

__all__ = ["may_face_people", "policy_of", "proxies_of", "public_address", "rates_of"]

_PLAIN: Final = (
    "people would send their sessions in the clear. Say backend.https, or app.baseUrl with https and the proxy that ends TLS in "
    "callboard.web.trustedProxies."
)


def may_face_people(settings: Settings, ways: SignInWays, host: str) -> None:
    """Raises UsageError unless whoever reaches `host` has to sign in, over TLS."""
    if not ways.ways:
        raise UsageError(
            f"Listening on {host} needs sign-in: anyone who reaches the address could read your clusters. Say with whom people "
            "sign in (auth.providers, callboard.auth.proxies), or listen on 127.0.0.1, or forward a port to it.",
            code="sign-in-required",
        )
    base = urlsplit(settings.app.base_url or "")
    if not base.hostname:
        raise UsageError(
            f"Listening on {host} needs app.baseUrl: the address that people use, and come back to when they have signed in.",
            code="base-url-required",
        )
    if settings.backend.https is None and (
        base.scheme != "https" or not settings.callboard.web.trusted_proxies
    ):
        raise UsageError(f"Listening on {host} without TLS: {_PLAIN}", code="tls-required")


def proxies_of(settings: Settings) -> TrustedProxies:
    """The proxies that the operator named. Raises UsageError."""
    try:
        return TrustedProxies(networks_of(settings.callboard.web.trusted_proxies))
    except ValueError as error:
        raise UsageError(f"callboard.web.trustedProxies: {error}.", code="no-network") from None


def rates_of(settings: Settings) -> RateLimits:
    """How often callers and addresses may ask."""
    limits = settings.callboard.web.limits
    return RateLimits(
        of_caller=limits.requests_of_caller,
        of_address=limits.requests_of_address,
        sign_ins=limits.sign_ins,
    )


def public_address(entrance: Entrance) -> str:
    """Where browsers come back to, without a slash at its end."""
    return entrance.public or entrance.address


def policy_of(settings: Settings, entrance: Entrance, *, open_: bool, loopback: bool) -> DoorPolicy:
    """By which names we answer, and how cookies are called under each."""
    web = settings.callboard.web
    named = [f"{scheme}://{host}" for host in web.allowed_hosts for scheme in ("http", "https")]
    known = (settings.app.base_url, settings.backend.base_url, *named, entrance.secret_address)
    also = tuple(url for url in known if url)
    hosts, origins = allowed_hosts(entrance.host, entrance.port, secure=entrance.secure, also=also)
    by_tls = {
        urlsplit(url).netloc.lower() for url in (settings.app.base_url or "",) if url.startswith("https://")
    }
    return DoorPolicy(
        hosts=hosts,
        origins=origins,
        cookie=f"callboard_{entrance.port}",
        open=open_,
        secure_hosts=hosts if entrance.secure else frozenset(by_tls),
        path=entrance.base or "/",
        by_address=not loopback,
        proxied_by=proxies_of(settings).includes if not loopback and settings.backend.https is None else None,
    )
