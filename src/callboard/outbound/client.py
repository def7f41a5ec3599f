"""Asking something that is not a cluster, once, within bounds.

    Unavailable       `url-late`, `url-tls`, `url-broken`, `url-too-large`, `url-redirect`, `url-private-address`, `url-proxy`
    NotAllowed        `url-not-allowed`: no address that may be asked

An answer of any status is a value. Messages name the address without its query, and nothing of an answer.
"""

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from typing import Final, Self
from urllib.parse import urlencode, urljoin

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver
from yarl import URL

from callboard.base.errors import CallboardError, Unavailable
from callboard.outbound.address import WebAddress, address_of
from callboard.outbound.bounds import Bounds
from callboard.outbound.connector import connector
from callboard.outbound.failures import broken
from callboard.outbound.network import Network
from callboard.outbound.proxy import proxy_to
from callboard.outbound.trust import trust

__all__ = ["Check", "Outbound", "WebAnswer"]

Check = Callable[[WebAddress], Network]
"""Says how far a request to an address may reach; raises NotAllowed where it may not be asked at all."""

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
ANYWHERE: Final = frozenset({"accept"})
"""Headers that another origin may see."""


class WebAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came: the status, the headers by name in lower case (the first of each), the body, and the address that gave it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    address: WebAddress


class Outbound:
    """The connections of a process to everything but clusters. Use it as an async context manager: leaving it closes them.

    `proxy` is that of an operator: an address, "" for none at all, None for the environment's. `ca_file` names a PEM file of
    authorities beside the system's. `resolver` stands in for the machine's names.
    """

    def __init__(
        self,
        *,
        proxy: str | None = None,
        ca_file: str = "",
        user_agent: str = "callboard",
        environment: Mapping[str, str] | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._proxy = proxy
        self._ca_file = ca_file
        self._user_agent = user_agent
        self._environment = environment
        self._resolver = resolver
        self._clients: dict[Network | None, aiohttp.ClientSession] = {}
        self._tls: ssl.SSLContext | None = None
        self._making = asyncio.Lock()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection; what is asked now ends as broken."""
        self._closed = True
        await self._drop()

    async def use(self, *, proxy: str | None, ca_file: str) -> None:
        """Go on with another proxy and other authorities; their file is read anew."""
        self._proxy, self._ca_file, self._tls = proxy, ca_file, None
        await self._drop()

    async def _drop(self) -> None:
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.close()

    async def get(
        self,
        url: str,
        check: Check,
        *,
        headers: Mapping[str, str] | None = None,
        redirects: int = 0,
        bounds: Bounds | None = None,
    ) -> WebAnswer:
        """GET `url`. At most `redirects` hops are followed, each checked as the first was; to another origin goes nothing of
        `headers` but Accept. Raises Unavailable, NotAllowed."""
        bounds = bounds or Bounds()
        address, sent = address_of(url), dict(headers or {})
        async with _within(bounds.whole, address):
            while True:
                answer = await self._ask("GET", address, check(address), sent, None, bounds)
                if answer.status not in REDIRECTS or "location" not in answer.headers:
                    return answer
                if not redirects:
                    raise _redirected(address, answer, "redirects are not followed")
                redirects -= 1
                following = _following(address, answer.headers["location"])
                if (address.scheme, following.scheme) == ("https", "http"):
                    raise _redirected(address, answer, "it leads from https to http")
                if following.origin != address.origin:
                    sent = {name: value for name, value in sent.items() if name.lower() in ANYWHERE}
                address = following

    async def post_form(
        self,
        url: str,
        check: Check,
        fields: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        bounds: Bounds | None = None,
    ) -> WebAnswer:
        """POST fields as a form. No redirect is followed, nothing is sent twice. Raises Unavailable, NotAllowed."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._post(url, check, urlencode(fields).encode(), {**kind, **(headers or {})}, bounds)

    async def post_json(
        self,
        url: str,
        check: Check,
        value: object,
        *,
        headers: Mapping[str, str] | None = None,
        bounds: Bounds | None = None,
    ) -> WebAnswer:
        """POST a value as JSON; otherwise as `post_form`."""
        body = json.dumps(value).encode()
        return await self._post(
            url, check, body, {"Content-Type": "application/json", **(headers or {})}, bounds
        )

    async def send(
        self,
        method: str,
        url: str,
        check: Check,
        body: bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        bounds: Bounds | None = None,
    ) -> WebAnswer:
        """A request of any method. No redirect is followed: one is an answer like others. Whatever is not idempotent
        is sent once. Raises Unavailable, NotAllowed."""
        bounds = bounds or Bounds()
        address = address_of(url)
        async with _within(bounds.whole, address):
            return await self._ask(method, address, check(address), headers or {}, body, bounds)

    async def _post(
        self, url: str, check: Check, body: bytes, headers: Mapping[str, str], bounds: Bounds | None
    ) -> WebAnswer:
        return await self.send("POST", url, check, body, headers=headers, bounds=bounds)

    async def _ask(
        self,
        method: str,
        address: WebAddress,
        network: Network,
        headers: Mapping[str, str],
        body: bytes | None,
        bounds: Bounds,
    ) -> WebAnswer:
        try:
            proxy = proxy_to(address, network, self._proxy, self._environment)
            client = await self._client(None if proxy else network)
            async with asyncio.timeout(bounds.connect + bounds.head):
                answer = await client.request(
                    method,
                    URL(address.text, encoded=True),
                    data=body,
                    headers={"Accept": "*/*", **headers, "Accept-Encoding": "identity"},
                    allow_redirects=False,
                    proxy=proxy,
                    timeout=aiohttp.ClientTimeout(total=None, connect=bounds.connect, ceil_threshold=1e9),
                )
            try:
                return await _received(answer, address, bounds.max_bytes)
            finally:
                # keeps the connection where the body was read to its end, closes it where it was not
                answer.release() if answer.content.at_eof() else answer.close()
        except CallboardError:
            raise
        except TimeoutError as error:
            what = f"did not answer within {bounds.connect + bounds.head:g} s"
            if isinstance(error, aiohttp.ConnectionTimeoutError):
                what = f"no connection within {bounds.connect:g} s"
            raise Unavailable(f"{address.shown} {what}", code="url-late") from None
        except Exception as error:
            # whatever a library makes of foreign bytes is this one answer's failure
            raise broken(address, error) from error

    async def _client(self, network: Network | None) -> aiohttp.ClientSession:
        async with self._making:
            if self._closed:
                raise Unavailable("Callboard is shutting down", code="url-broken")
            if self._tls is None:
                self._tls = await asyncio.to_thread(trust, self._ca_file)
            if network not in self._clients:
                self._clients[network] = aiohttp.ClientSession(
                    connector=connector(network, self._tls, self._resolver),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    headers={"User-Agent": self._user_agent},
                    auto_decompress=False,
                    trust_env=False,
                )
            return self._clients[network]


class _within:  # noqa: N801 - read as a word where it stands
    """A deadline for everything inside, told as Unavailable."""

    def __init__(self, seconds: float, address: WebAddress) -> None:
        self._seconds = seconds
        self._address = address
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, None)
        except TimeoutError:
            message = f"{self._address.shown} did not answer within {self._seconds:g} s"
            raise Unavailable(message, code="url-late") from None


async def _received(answer: aiohttp.ClientResponse, address: WebAddress, most: int) -> WebAnswer:
    if answer.status < 200:
        raise Unavailable(f"{address.shown} answered {answer.status}", code="url-broken")
    if answer.headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
        message = f"{address.shown} answered in a content encoding that was not asked for"
        raise Unavailable(message, code="url-broken")
    body = bytearray()
    if (answer.content_length or 0) <= most:
        async for piece in answer.content.iter_any():
            body += piece
            if len(body) > most:
                break
    if max(answer.content_length or 0, len(body)) > most:
        raise Unavailable(f"{address.shown} is larger than {most} bytes", code="url-too-large")
    headers: dict[str, str] = {}
    for name, value in answer.headers.items():
        headers.setdefault(name.lower(), value)
    return WebAnswer(status=answer.status, headers=headers, body=bytes(body), address=address)


def _following(address: WebAddress, location: str) -> WebAddress:
    try:
        joined = urljoin(address.text, location)
    except ValueError:
        joined = location
    return address_of(joined)


def _redirected(address: WebAddress, answer: WebAnswer, why: str) -> Unavailable:
    return Unavailable(f"{address.shown} answered {answer.status}; {why}", code="url-redirect")
