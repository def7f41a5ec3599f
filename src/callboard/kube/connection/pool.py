"""Pools of connections, one for each API server, trust and identity."""

import asyncio
import base64
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import unquote, urlsplit

import aiohttp
from yarl import URL

from callboard.base.proxies import environment_proxy
from callboard.kube.connection.exchange import Exchange
from callboard.kube.connection.gate import RequestGate
from callboard.kube.connection.heads import Connector
from callboard.kube.connection.socks import SOCKS, SocksConnector
from callboard.kube.connection.tls import tls_context, trust_version
from callboard.kube.failure import AnswerRefused
from callboard.kube.limits import Limits
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


_Key = tuple[object, ...]


class Pool:
    """The connections of one key. `users` counts who is at it."""

    def __init__(self, limits: Limits, proxy: str, trace: aiohttp.TraceConfig) -> None:
        self._limits = limits
        self.closed = False
        self._trace = trace
        self._context: ssl.SSLContext | bool = True
        self._clients: dict[bool, aiohttp.ClientSession] = {}
        self._exchange: Exchange | None = None
        self._prepared = asyncio.Lock()
        self.ready = False
        self.users = 0
        self.used = time.monotonic()
        self.proxy: URL | None = None
        self.proxy_headers: dict[str, str] | None = None
        self._socks = ""
        if proxy:
            self._set_proxy(proxy)

    def _set_proxy(self, proxy: str) -> None:
        parts = urlsplit(proxy)
        if parts.scheme not in ("http", "https", *SOCKS) or not parts.hostname:
            message = (
                f"proxies of the kind {parts.scheme[:16]!r} are not supported; http, https and socks5 are"
            )
            raise AnswerRefused(Failure(code=FailureCode.CONNECTION, message=message))
        if parts.scheme in SOCKS:
            self._socks = proxy
            return
        if parts.username:
            holder = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            self.proxy_headers = {"Proxy-Authorization": f"Basic {base64.b64encode(holder).decode()}"}
        self.proxy = URL(proxy).with_user(None)

    async def prepare(self, cluster: Cluster, credential: Credential) -> None:
        """Read trust and certificate, once, beside the loop."""
        async with self._prepared:
            if self.ready:
                return
            if urlsplit(cluster.url).scheme == "https":
                self._context = await asyncio.to_thread(tls_context, cluster.trust, credential)
            self.ready = True

    def client(self, *, stream: bool) -> aiohttp.ClientSession:
        """The client for requests (bounded) or for streams (one connection each)."""
        if stream not in self._clients:
            self._clients[stream] = self._client(0 if stream else self._limits.connections)
        return self._clients[stream]

    def _client(self, limit: int) -> aiohttp.ClientSession:
        if self._socks:
            connector: Connector = SocksConnector(
                self._socks, self._limits.connect, limit=limit, context=self._context, keep_alive=KEEP_ALIVE
            )
        else:
            connector = Connector(limit=limit, context=self._context, keep_alive=KEEP_ALIVE)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._limits.connect, ceil_threshold=1e9),
            trace_configs=[self._trace],
            trust_env=False,
            raise_for_status=False,
        )

    def exchange(self, url: str, server_name: str) -> Exchange | None:
        """What asks without a session over the same connections; None where an HTTP proxy stands in between."""
        if self._exchange is None and self.proxy is None:
            connector = self.client(stream=False).connector
            assert connector is not None  # noqa: S101 - a client's that is open
            self._exchange = Exchange(connector, url, server_name, self._limits.connect)
        return self._exchange

    def leave(self) -> None:
        """One user less."""
        self.users -= 1
        self.used = time.monotonic()

    async def close(self) -> None:
        self.closed = True
        for client in self._clients.values():
            await client.close()


class Pools:
    """All pools of a process, and the gates that bound what one API server is asked at once, whoever asks."""

    def __init__(self, trace: aiohttp.TraceConfig, environment: Mapping[str, str] | None) -> None:
        self._trace = trace
        self._environment = environment
        self._pools: dict[_Key, Pool] = {}
        self._gates: dict[str, RequestGate] = {}
        self._closed = False

    def gate(self, url: str, connections: int) -> RequestGate:
        """Lets at most `connections` requests to `url` through at once; a few, until its answers are seen to take long."""
        gate = self._gates.get(url)
        if gate is None:
            gate = self._gates[url] = RequestGate(connections, FEW)
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
            pool.leave()

    async def of(self, cluster: Cluster, credential: Credential, limits: Limits) -> Pool:
        """The same, for whoever counts among its users by themselves."""
        if self._closed:
            raise AnswerRefused(Failure(code=FailureCode.INTERNAL, message="Callboard is shutting down"))
        key = _key(cluster, credential)
        pool = self._pools.get(key)
        if pool is None:
            await self._sweep()
            proxy = cluster.trust.proxy_url or environment_proxy(cluster.url, self._environment)
            pool = self._pools.setdefault(key, Pool(limits, proxy, self._trace))
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
