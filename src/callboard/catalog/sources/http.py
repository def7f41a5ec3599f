"""The built-in way to read a URL: one GET on its own connection, pinned to an address that was checked.

A name is resolved once; the addresses are checked and one of *them* is connected to, so that a second answer of the
name's owner cannot lead inside. Nothing is followed, everything has a bound. Proxies are not used: what they resolve
cannot be checked.
"""

import asyncio
import http.client
import io
import ipaddress
import ssl
from collections.abc import Sequence
from urllib.parse import SplitResult

from callboard.base.errors import NotFound, Unavailable
from callboard.base.settings import ReadingAllow
from callboard.catalog.sources.allow import DEFAULT_PORTS, Grant, checked_url
from callboard.catalog.sources.fetch import Fetched
from callboard.catalog.sources.location import shown_url

__all__ = ["HttpFetch"]

CONNECT_SECONDS = 5.0
MAX_HEAD_BYTES = 64 * 1024


class HttpFetch:
    """Reads allowed URLs over HTTP/1.1. `deadline` is in seconds, for one URL from name to last byte."""

    def __init__(
        self,
        allow: Sequence[ReadingAllow],
        *,
        deadline: float,
        max_bytes: int,
        user_agent: str = "callboard",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow = tuple(allow)
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._user_agent = user_agent
        self._tls = tls

    async def __call__(self, url: str, etag: str = "") -> Fetched:
        """See `Fetch`."""
        parts, grant = checked_url(url, self._allow)
        url = shown_url(url)
        try:
            async with asyncio.timeout(self._deadline):
                raw = await self._exchange(parts, grant, etag)
        except TimeoutError as error:
            raise Unavailable(f"{url} did not answer within {self._deadline:g} s", code="url-late") from error
        except ssl.SSLCertVerificationError as error:
            raise Unavailable(
                f"{url}: the certificate is not good: {error.verify_message}", code="url-tls"
            ) from error
        except OSError as error:
            raise Unavailable(
                f"{url}: no connection: {error.strerror or 'refused or cut'}", code="url-broken"
            ) from error
        return _understood(url, raw, self._max_bytes)

    async def _exchange(self, parts: SplitResult, grant: Grant, etag: str) -> bytes:
        """Send the request and give the whole answer, head included, at most one byte more than is allowed."""
        host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
        address = await _address(host, port, grant)
        tls = (self._tls or ssl.create_default_context()) if parts.scheme == "https" else None
        async with asyncio.timeout(min(CONNECT_SECONDS, self._deadline)):
            reader, writer = await asyncio.open_connection(
                address, port, ssl=tls, server_hostname=host if tls else None, limit=MAX_HEAD_BYTES
            )
        try:
            writer.write(_request(parts, etag, self._user_agent))
            await writer.drain()
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
                raise Unavailable(
                    f"{shown_url(parts.geturl())} did not answer in HTTP", code="url-broken"
                ) from error
            wanted = self._max_bytes + 1
            length = _declared_length(head)
            body = bytearray()
            while len(body) < min(wanted, length if length is not None else wanted):
                piece = await reader.read(min(65536, wanted - len(body)))
                if not piece:
                    break
                body += piece
            return head + bytes(body)
        finally:
            writer.transport.abort()


def _request(parts: SplitResult, etag: str, user_agent: str) -> bytes:
    lines = [
        f"GET {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1",
        f"Host: {parts.netloc}",
        f"User-Agent: {user_agent}",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
    ]
    if etag and "\r" not in etag and "\n" not in etag:
        lines.append(f"If-None-Match: {etag}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _declared_length(head: bytes) -> int | None:
    """How many bytes of body are to come, where that is known: some servers keep the connection although asked not to."""
    status = head.split(b" ", 2)[1:2]
    if status in ([b"304"], [b"204"]):
        return 0
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"transfer-encoding":
            return None
        if name == b"content-length" and value.strip().isdigit():
            return int(value)
    return None


async def _address(host: str, port: int, grant: Grant) -> str:
    """The address to connect to. Raises Unavailable when the name has none, or none that may be reached."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)
    addresses = [str(sockaddr[0]) for *_, sockaddr in found]
    for address in addresses:
        if _reachable(address, grant):
            return address
    raise Unavailable(
        f"{host} leads to an address inside our own network; write the host itself into backend.reading.allow to permit that",
        code="url-private-address",
    )


def _reachable(address: str, grant: Grant) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    ip = mapped or ip
    if ip.is_global and not ip.is_multicast:
        return True
    # Cloud metadata lies on link-local addresses; no operator means that by naming a host.
    return grant is Grant.BY_NAME and not (ip.is_link_local or ip.is_multicast or ip.is_unspecified)


class _Received:
    """A finished answer in the shape http.client reads from."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, *_: object, **__: object) -> io.BytesIO:
        return io.BytesIO(self._raw)


def _understood(url: str, raw: bytes, max_bytes: int) -> Fetched:
    try:
        with http.client.HTTPResponse(_Received(raw)) as answer:  # type: ignore[arg-type]  # only makefile is used
            answer.begin()
            if answer.status == 304:
                return Fetched(unchanged=True, etag=answer.headers.get("ETag", ""))
            if answer.status in (404, 410):
                raise NotFound(f"{url} answered {answer.status}", code="no-such-location")
            if 300 <= answer.status < 400:
                raise Unavailable(
                    f"{url} answered {answer.status}; redirects are not followed", code="url-redirect"
                )
            if answer.status != 200:
                raise Unavailable(f"{url} answered {answer.status}", code="url-refused")
            if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise Unavailable(
                    f"{url} answered in a content encoding that was not asked for", code="url-broken"
                )
            if len(raw) > max_bytes:
                raise Unavailable(f"{url} is larger than {max_bytes} bytes", code="url-too-large")
            return Fetched(body=answer.read(), etag=answer.headers.get("ETag", ""))
    except (http.client.HTTPException, ValueError) as error:
        raise Unavailable(f"{url} did not answer in whole HTTP", code="url-broken") from error
