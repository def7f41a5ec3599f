"""What a provider says of itself (OpenID Connect Discovery 1.0), read, checked and kept for an hour."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from callboard.base.clock import Clock
from callboard.base.errors import CallboardError, NotAllowed, Unavailable
from callboard.outbound import Bounds, Network, Outbound, WebAddress, address_of

__all__ = ["MetadataReader", "ProviderMetadata", "is_loopback_name", "may_ask"]

FRESH: Final = timedelta(hours=1)
STALE: Final = timedelta(hours=24)
"""So long the last one holds while the provider does not answer."""
AGAIN: Final = timedelta(seconds=5)
BOUNDS: Final = Bounds(connect=3.0, head=4.0, whole=4.5, max_bytes=256 * 1024)
"""Below the door's own deadline."""
_WELL_KNOWN: Final = "/.well-known/openid-configuration"


class ProviderMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """The parts we use, each an address that may be asked or led to; "" for what there is not."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    authorization_response_iss_parameter_supported: bool = False


def may_ask(url: str) -> Callable[[WebAddress], Network]:
    """The check of requests to a provider that the operator wrote down as `url`: its own host wherever that is, others that its
    metadata names on public networks alone."""
    host = address_of(url).host

    def check(address: WebAddress) -> Network:
        if address.scheme != "https" and not is_loopback_name(address.host):
            raise NotAllowed(f"{address.shown} is not https.", code="url-not-allowed")
        return Network.OURS if address.host == host else Network.PUBLIC

    return check


def is_loopback_name(host: str) -> bool:
    """Whether a host is this machine by its very name: the one place where plain HTTP will do."""
    return host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdigit())


class MetadataReader:
    """Reads the metadata at `url`; `exact` issuers have to be those that the address says."""

    def __init__(self, url: str, outbound: Outbound, clock: Clock) -> None:
        self._url = url
        self._outbound = outbound
        self._clock = clock
        self._check = may_ask(url)
        self._held: ProviderMetadata | None = None
        self._as_of: datetime | None = None
        self._failed: tuple[datetime, CallboardError] | None = None
        self._reading = asyncio.Lock()

    async def current(self) -> ProviderMetadata:
        """What the provider says. Raises Unavailable."""
        if self._held is not None and self._is_within(self._as_of, FRESH):
            return self._held
        async with self._reading:
            if self._held is not None and self._is_within(self._as_of, FRESH):
                return self._held
            if self._failed is None or not self._is_within(self._failed[0], AGAIN):
                await self._read()
        if self._held is not None and self._is_within(self._as_of, STALE):
            return self._held
        why = self._failed[1].message if self._failed else ""
        raise Unavailable(f"The identity provider cannot be asked: {why}", code="provider-away")

    async def _read(self) -> None:
        try:
            answer = await self._outbound.get(self._url, self._check, bounds=BOUNDS)
            if answer.status != 200:
                raise Unavailable(f"{answer.address.shown} answered {answer.status}", code="provider-away")
            self._held = _metadata(answer.body, self._url)
            self._as_of, self._failed = self._clock.now(), None
        except CallboardError as error:
            self._failed = (self._clock.now(), error)

    def _is_within(self, when: datetime | None, span: timedelta) -> bool:
        return when is not None and self._clock.now() - when < span


def _metadata(body: bytes, url: str) -> ProviderMetadata:
    try:
        found = msgspec.json.decode(body, type=ProviderMetadata)
    except msgspec.DecodeError:
        raise Unavailable(
            "its metadata lack what sign-in needs, or are no JSON", code="provider-broken"
        ) from None
    if url.endswith(_WELL_KNOWN) and found.issuer.rstrip("/") != url.removesuffix(_WELL_KNOWN).rstrip("/"):
        raise Unavailable(
            "its metadata name an issuer that is not the one of their address", code="provider-broken"
        )
    secure = address_of(url).scheme == "https"
    wanted = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
    also = (found.userinfo_endpoint, found.end_session_endpoint)
    for each in (*wanted, *filter(None, also)):
        try:
            scheme = address_of(each).scheme
        except NotAllowed:
            raise Unavailable("its metadata name an address that is none", code="provider-broken") from None
        if secure and scheme != "https":
            raise Unavailable("its metadata name an address that is not https", code="provider-broken")
    return found
