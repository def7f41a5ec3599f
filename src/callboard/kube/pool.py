"""Pools of connections, one for each API server, trust and identity."""

import asyncio
import base64
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import unquote, urlsplit

import aiohttp
from aiohappyeyeballs import start_connection
from yarl import URL

from callboard.base.proxies import environment_proxy
from callboard.kube.channel import Channel, Terms, WholeAnswer
from callboard.kube.failure import AnswerRefused, failure_of_connecting
from callboard.kube.gate import Gate
from callboard.kube.limits import Limits
from callboard.kube.tls import tls_context, trust_version
from callboard.model.cluster import Cluster, Credential
from callboard.model.outcome import Failure, FailureCode

__all__ = ["Pool", "Pools"]

IDLE_POOL: Final = 300.0
"""Seconds after which the pool of an identity nobody asks as any more is closed."""
KEEP_ALIVE: Final = 60.0
"""Seconds an unused connection is kept: longer than a person looks at a page, shorter than load balancers allow."""

FEW: Final = 4
"""Requests to an API server at once as long as it answers quickly: a further connection costs a handshake, some two milliseconds
of CPU on either side, and saves nothing then."""

CLOSING: Final = 1.0
"""Seconds connections get to be closed by the loop."""
SECOND_ADDRESS: Final = 0.25
"""Seconds the first of several addresses gets before the next is tried beside it (RFC 8305 §8)."""

_BUFFER: Final = 256 * 1024
"""Bytes that are taken from a connection at once: as many as the loop does."""

_PLAIN_HOST: Final = re.compile(r"[A-Za-z0-9.:\[\]_-]+")

_Key = tuple[object, ...]


class Pool:
    """The connections of one key. `users` counts who is at it.

    Short answers come over channels of ours, where `direct` says so: no proxy, no compression, a plain address. Everything
    else is the client library's. How many channels there are is bounded by the gate that every question passes.
    """

    def __init__(
        self, cluster: Cluster, limits: Limits, proxy: str, trace: aiohttp.TraceConfig, buffer: memoryview
    ) -> None:
        self._limits = limits
        address = urlsplit(cluster.url)
        self._secure = address.scheme == "https"
        self._host = address.hostname or ""
        self._port = address.port or (443 if self._secure else 80)
        self._name = cluster.trust.server_name or self._host.rstrip(".")
        self._loop = asyncio.get_running_loop()
        self._buffer = buffer
        self._idle: list[Channel] = []
        self._channels: set[Channel] = set()
        self._none_left = asyncio.Event()
        self._expiry: asyncio.TimerHandle | None = None
        self.host = address.netloc.lower().removesuffix(":443" if self._secure else ":80")
        self.prefix = address.path.rstrip("/")
        self.direct = (
            not proxy
            and not limits.gzip
            and address.scheme in ("http", "https")
            and _PLAIN_HOST.fullmatch(self.host) is not None
        )
        self.closed = False
        self._trace = trace
        self._context: ssl.SSLContext | bool = True
        self._clients: dict[bool, aiohttp.ClientSession] = {}
        self._prepared = asyncio.Lock()
        self.ready = False
        self.users = 0
        self.used = time.monotonic()
        self.waited = 0.0
        """Seconds that the last answer was waited for, our own work meanwhile not counted."""
        self.proxy: URL | None = None
        self.proxy_headers: dict[str, str] | None = None
        if proxy:
            self._set_proxy(proxy)

    def _set_proxy(self, proxy: str) -> None:
        parts = urlsplit(proxy)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            message = f"proxies of the kind {parts.scheme[:16]!r} are not supported; http and https are"
            raise AnswerRefused(Failure(code=FailureCode.CONNECTION, message=message))
        if parts.username:
            holder = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            self.proxy_headers = {"Proxy-Authorization": f"Basic {base64.b64encode(holder).decode()}"}
        self.proxy = URL(proxy).with_user(None)

    async def prepare(self, cluster: Cluster, credential: Credential) -> None:
        """Read trust and certificate, once, beside the loop."""
        async with self._prepared:
            if self.ready:
                return
            if cluster.url.startswith("https:"):
                self._context = await asyncio.to_thread(tls_context, cluster.trust, credential)
            self.ready = True

    async def ask(self, request: bytes, terms: Terms) -> WholeAnswer:
        """Over a connection kept from before, or a new one. Raises AnswerRefused, Encoded."""
        channel = self._kept() or await self._connected(terms)
        since, used = self._loop.time(), time.thread_time()
        try:
            answer = await channel.ask(request, terms)
            self.waited = self._loop.time() - since - (time.thread_time() - used)
            return answer
        except AnswerRefused as refused:
            if refused.unanswered:
                self._drop_idle()  # what ended this one has most likely ended those, too
            raise
        except asyncio.CancelledError:
            channel.close()
            raise
        finally:
            if channel.free:
                self._keep(channel)

    def _kept(self) -> Channel | None:
        while self._idle:
            channel = self._idle.pop()
            if channel.free and self._loop.time() - channel.idle_since < KEEP_ALIVE:
                return channel
            channel.close()
        return None

    def _keep(self, channel: Channel) -> None:
        if self.closed:
            channel.close()
            return
        channel.idle_since = self._loop.time()
        self._idle.append(channel)
        if self._expiry is None:
            self._expiry = self._loop.call_later(KEEP_ALIVE, self._expire)

    def _expire(self) -> None:
        """Close what was not used for KEEP_ALIVE; the oldest stand first."""
        self._expiry = None
        loop = self._loop
        while self._idle and loop.time() - self._idle[0].idle_since >= KEEP_ALIVE:
            self._idle.pop(0).close()
        if self._idle:
            self._expiry = loop.call_at(self._idle[0].idle_since + KEEP_ALIVE, self._expire)

    def _drop_idle(self) -> None:
        idle, self._idle = self._idle, []
        for channel in idle:
            channel.close()

    async def _connected(self, terms: Terms) -> Channel:
        loop = self._loop
        connect = self._limits.connect
        deadline = asyncio.timeout_at(min(loop.time() + connect, terms.until))
        try:
            async with deadline:
                return await self._connect(loop)
        except (OSError, ValueError) as error:
            if not deadline.expired():
                raise AnswerRefused(failure_of_connecting(error)) from None
        if loop.time() >= terms.until:
            failure = Failure(
                code=FailureCode.RESPONSE_TIMEOUT, message=f"no answer within {terms.whole:g} s"
            )
        else:
            failure = Failure(code=FailureCode.CONNECT_TIMEOUT, message=f"no connection within {connect:g} s")
        raise AnswerRefused(failure)

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> Channel:
        found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        sock = await start_connection(found, happy_eyeballs_delay=SECOND_ADDRESS)
        channel = Channel(loop, self._left, self._buffer)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            await loop.create_connection(
                lambda: channel,
                sock=sock,
                ssl=self._context if self._secure else None,
                server_hostname=self._name if self._secure else None,
            )
        except BaseException:
            channel.close()  # given up as the handshake ended: asyncio would take leave of the server for half a minute
            sock.close()
            raise
        self._channels.add(channel)
        return channel

    def _left(self, channel: Channel) -> None:
        self._channels.discard(channel)
        if channel in self._idle:
            self._idle.remove(channel)
        if not self._channels:
            self._none_left.set()

    def client(self, *, stream: bool) -> aiohttp.ClientSession:
        """The client for requests (bounded) or for streams (one connection each)."""
        if stream not in self._clients:
            self._clients[stream] = self._client(0 if stream else self._limits.connections)
        return self._clients[stream]

    def _client(self, limit: int) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=limit, ssl=self._context, keepalive_timeout=KEEP_ALIVE)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._limits.connect, ceil_threshold=1e9),
            trace_configs=[self._trace],
            trust_env=False,
            raise_for_status=False,
        )

    async def close(self) -> None:
        self.closed = True
        if self._expiry is not None:
            self._expiry.cancel()
        self._drop_idle()
        for client in self._clients.values():
            await client.close()
        if self._channels:
            self._none_left.clear()
            for channel in list(self._channels):
                channel.end()
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSING):
                    await self._none_left.wait()


class Pools:
    """All pools of a process, and the gates that bound what one API server is asked at once, whoever asks."""

    def __init__(self, trace: aiohttp.TraceConfig, environment: Mapping[str, str] | None) -> None:
        self._trace = trace
        self._environment = environment
        self._buffer = memoryview(bytearray(_BUFFER))
        self._pools: dict[_Key, Pool] = {}
        self._gates: dict[str, Gate] = {}
        self._closed = False

    def gate(self, url: str, connections: int) -> Gate:
        """Lets at most `connections` requests to `url` through at once; a few, until its answers are seen to take long."""
        gate = self._gates.get(url)
        if gate is None:
            gate = self._gates[url] = Gate(connections, FEW)
        return gate

    @asynccontextmanager
    async def using(self, cluster: Cluster, credential: Credential, limits: Limits) -> AsyncIterator[Pool]:
        """The pool for this cluster and identity, kept while the context lasts. Raises AnswerRefused."""
        pool = await self.of(cluster, credential, limits)
        pool.users += 1
        try:
            if not pool.ready:
                await pool.prepare(cluster, credential)
            yield pool
        finally:
            pool.users -= 1
            pool.used = time.monotonic()

    async def of(self, cluster: Cluster, credential: Credential, limits: Limits) -> Pool:
        """The same, for whoever counts among its users by themselves."""
        if self._closed:
            raise AnswerRefused(Failure(code=FailureCode.INTERNAL, message="Callboard is shutting down"))
        key = _key(cluster, credential)
        pool = self._pools.get(key)
        if pool is None:
            await self._sweep()
            proxy = cluster.trust.proxy_url or environment_proxy(cluster.url, self._environment)
            pool = self._pools.setdefault(key, Pool(cluster, limits, proxy, self._trace, self._buffer))
        return pool

    async def _sweep(self) -> None:
        """Close what nobody has used for long."""
        now = time.monotonic()
        for key, pool in list(self._pools.items()):
            if not pool.users and now - pool.used > IDLE_POOL:
                del self._pools[key]
                await pool.close()

    async def close(self) -> None:
        self._closed = True
        pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            await pool.close()


def _key(cluster: Cluster, credential: Credential) -> _Key:
    """Identity is in it, the token is not; a client certificate is what the connection itself was made with."""
    certificate = (
        (credential.certificate_pem, credential.key_pem.fingerprint) if credential.certificate_pem else ()
    )
    return (
        cluster.url,
        cluster.trust,
        trust_version(cluster.trust),
        credential.kind,
        credential.identity,
        certificate,
    )
