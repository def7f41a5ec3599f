"""Sockets to one API server: few, shared, each wait with a deadline, each body with an end.

`Connections` holds the pools of a process, one for each (API server, trust, identity); `Connection` is one cluster as seen
with one credential and is cheap to make, so that a renewed token goes on using the connections of the old one. Whatever goes
wrong is raised as `AnswerRefused` with its Failure and caught where outcomes are made.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from types import SimpleNamespace
from typing import Final, Self

import aiohttp
from yarl import URL

from callboard.base.clock import Clock, SystemClock
from callboard.kube.connection.cluster_clocks import ClusterClocks
from callboard.kube.connection.exchange import Exchange
from callboard.kube.connection.pool import Pool, Pools
from callboard.kube.connection.request import JSON, Query, head_of, request_fields, request_target
from callboard.kube.connection.response import MOST_OF_A_REFUSAL, Response, WholeAnswer, refusal
from callboard.kube.failure import AnswerRefused, closed_under_us, failure_of_exception
from callboard.kube.in_force import in_force
from callboard.kube.ingest.packing import Packings
from callboard.kube.limits import Limits
from callboard.kube.loop.batching import Batcher
from callboard.kube.loop.idle_timeout import IdleTimeouts
from callboard.kube.loop.loop_budget import LoopBudget
from callboard.model.cluster import Cluster, Credential
from callboard.model.outcome import Failure, FailureCode
from callboard.model.outline import Well, nothing_is_well

__all__ = ["Connection", "Connections", "Query", "Response", "WholeAnswer", "refusal"]

_RETRIES: Final = 2
_LONG: Final = 0.05
"""Seconds until an answer begins from which on more is asked side by side; our own work meanwhile counts."""
_LOOKED_UP: Final = 5.0
"""Seconds for which it stands which pool this is, and as whom it is asked."""
_BEGUN: Final = frozenset({FailureCode.TRUNCATED, FailureCode.TOO_LARGE, FailureCode.NOT_JSON})
"""What goes wrong with an answer that somebody has given."""


class Connections:
    """All pools of a process. Use it as an async context manager: leaving it closes every connection.

    `limits_of` gives the limits of a cluster by its name; `environment` stands in for the process's own (proxies). `well` tells
    of what is kept whether it need be opened (`model.outline`).
    """

    def __init__(
        self,
        limits_of: Callable[[str], Limits] | None = None,
        *,
        clock: Clock | None = None,
        environment: Mapping[str, str] | None = None,
        well: Well = nothing_is_well,
    ) -> None:
        self._limits_of = limits_of or (lambda name: Limits())
        self.clock: Clock = clock or SystemClock()
        self._pools = Pools(_trace(), environment)
        self.steps = LoopBudget()
        self.beat = Batcher()
        self.packings = Packings(well)
        self.silences = IdleTimeouts()
        self.clocks = ClusterClocks(self.clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection, also those in use."""
        await self._pools.close()

    def to(self, cluster: Cluster, credential: Credential) -> "Connection":
        """The way to `cluster` as the holder of `credential`. Opens nothing yet."""
        return Connection(self, self._pools, cluster, credential, self._limits_of(cluster.name))

    def clock_offset(self, cluster: Cluster) -> float | None:
        """Seconds the cluster's clock is ahead of ours by its last `Date` header; None before its first answer."""
        return self.clocks.offset(cluster.url)


class Connection:
    """One cluster with one credential. Made by `Connections.to`."""

    def __init__(
        self, owner: Connections, pools: Pools, cluster: Cluster, credential: Credential, limits: Limits
    ) -> None:
        self._owner = owner
        self._pools = pools
        self.cluster = cluster
        self.credential = credential
        self.limits = limits
        self.clock = owner.clock
        self.steps = owner.steps
        self.beat = owner.beat
        self.packings = owner.packings
        self._loop = asyncio.get_running_loop()
        self._base = cluster.url.rstrip("/")
        self._gate = pools.gate(self._base, limits.connections)
        self._found: tuple[Pool, Exchange | None] | None = None
        self._found_at = 0.0
        self._heads: dict[tuple[str, bool], bytes] = {}

    def until(self) -> float:
        """The loop's time at which `whole` seconds from now are over."""
        return self._loop.time() + self.limits.whole

    async def next_step(self) -> None:
        """Before each step of reading much: wait until the loop has time for it."""
        await self._owner.steps.next_step()

    def with_credential(self, credential: Credential) -> "Connection":
        """The same cluster with another (or a renewed) credential."""
        return Connection(self._owner, self._pools, self.cluster, credential, self.limits)

    async def read(
        self,
        method: str,
        path: str,
        query: Query = (),
        *,
        body: bytes | None = None,
        accept: str = JSON,
        most: int | None = None,
        until: float | None = None,
    ) -> WholeAnswer:
        """A 2xx answer whole, within the limits. Raises AnswerRefused for anything else.

        `until` is the loop's time by which it must be there; by default `whole` seconds from now.

        A GET is sent again once when the connection broke before an answer, and after `Retry-After` where a 429 or 503
        gives one that ends before the deadline; nothing else is.
        """
        until = self.until() if until is None else until
        resets = waits = 0
        while True:
            try:
                return await self._once(
                    method, path, query, body, accept, most or self.limits.max_body, until
                )
            except AnswerRefused as refused:
                failure = refused.failure
                if method == "GET" and refused.unanswered and not resets:
                    resets += 1
                    continue
                pause = failure.retry_after if failure.status in (429, 503) else None
                if method != "GET" or pause is None or waits >= _RETRIES:
                    raise
                pause = max(pause, 0.05) * (1 + random.random() / 10)  # noqa: S311
                if self._loop.time() + pause >= until:
                    raise
                waits += 1
            await asyncio.sleep(pause)

    async def knock(self, path: str, within: float) -> None:
        """Whether anybody answers, whatever it is, but that they do not know who is asking: asked once, and beside the gate, at
        which others may be waiting. Raises AnswerRefused for that, and where no answer is there in so many seconds."""
        try:
            async with (
                asyncio.timeout(within),
                self.open("GET", path, stream=True) as response,
            ):
                if response.status == 401:
                    raise AnswerRefused(await refusal(response))
                await response.read(MOST_OF_A_REFUSAL)
        except TimeoutError:
            raise _late(within) from None
        except AnswerRefused as refused:
            if refused.failure.code is FailureCode.BODY_TIMEOUT:
                raise _late(within) from None
            if refused.failure.code not in _BEGUN:
                raise

    async def _once(
        self, method: str, path: str, query: Query, body: bytes | None, accept: str, most: int, until: float
    ) -> WholeAnswer:
        """One attempt, once it is let through the gate."""
        gate = self._gate
        if not gate.enter():
            try:
                await gate.wait(until)
            except TimeoutError:
                raise self._not_asked() from None
        try:
            if self._loop.time() >= until:
                raise self._not_asked()
            pool, exchange = await self._way(until)
            if exchange is None:
                return await self._by_session(method, path, query, body, accept, most, until)
            pool.users += 1
            try:
                request = self._request(exchange, method, path, query, body, accept)
                return await self._by_exchange(exchange, request, most, until)
            finally:
                pool.leave()
        except AnswerRefused:
            self._found = None  # whom we trust may be why, and may have changed
            raise
        finally:
            gate.leave()

    async def _way(self, until: float) -> tuple[Pool, Exchange | None]:
        """The pool, and what asks over it; None where that is a session."""
        now, found = self._loop.time(), self._found
        if found is not None and not found[0].closed and now - self._found_at <= _LOOKED_UP:
            return found
        try:
            async with (
                asyncio.timeout_at(until),
                self._pools.using(self.cluster, self.credential, self.limits) as pool,
            ):
                exchange = pool.exchange(self._base, self.cluster.trust.server_name)
        except TimeoutError:
            raise _late(self.limits.whole) from None
        self._heads.clear()
        self._found, self._found_at = (pool, exchange), now
        return pool, exchange

    def _request(
        self, exchange: Exchange, method: str, path: str, query: Query, body: bytes | None, accept: str
    ) -> bytes:
        """Line, fields and body, as bytes."""
        head = self._heads.get((accept, body is None))
        if head is None:
            head = self._heads[accept, body is None] = head_of(exchange.host, self._fields(accept, body))
        target = request_target(exchange.prefix + path, query)
        if body is None:
            return f"{method} {target}".encode() + head + b"\r\n"
        return b"%b%bContent-Length: %d\r\n\r\n%b" % (f"{method} {target}".encode(), head, len(body), body)

    async def _by_exchange(self, exchange: Exchange, request: bytes, most: int, until: float) -> WholeAnswer:
        limits, began = self.limits, self._loop.time()
        answered = False
        try:
            async with asyncio.timeout_at(until) as deadline:
                with told(limits):
                    answer = await exchange.ask(request, deadline, limits.first_byte)
                answered = True
                try:
                    self._owner.clocks.note(self.cluster.url, answer.headers.get("Date", ""))
                    response = Response(answer, limits.idle, self._owner.silences)
                    return await self._whole(response, most, began)
                finally:
                    answer.done()
        except TimeoutError:
            if answered:
                raise _incomplete(limits.whole) from None
            raise _late(limits.whole if self._loop.time() >= until else limits.first_byte) from None

    async def _whole(self, response: Response, most: int, began: float) -> WholeAnswer:
        gate = self._gate
        if gate.narrow and self._loop.time() - began > _LONG:
            gate.widen()
        if not 200 <= response.status < 300:
            raise AnswerRefused(await refusal(response))
        said = in_force.hidden(self.cluster.url, await response.read(most))
        return WholeAnswer(response.status, response.headers, said)

    async def _by_session(
        self, method: str, path: str, query: Query, body: bytes | None, accept: str, most: int, until: float
    ) -> WholeAnswer:
        answered, began = False, self._loop.time()
        try:
            async with (
                asyncio.timeout_at(until),
                self.open(method, path, query, body=body, accept=accept) as response,
            ):
                answered = True
                return await self._whole(response, most, began)
        except TimeoutError:
            raise (_incomplete if answered else _late)(self.limits.whole) from None

    def _not_asked(self) -> AnswerRefused:
        return _refused(
            FailureCode.DEADLINE,
            f"not asked: every connection to this cluster was busy for {self.limits.whole:g} s",
        )

    def _fields(self, accept: str, body: bytes | None) -> dict[str, str]:
        limits = self.limits
        return request_fields(self.cluster, self.credential, accept, gzip=limits.gzip, body=body is not None)

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        query: Query = (),
        *,
        body: bytes | None = None,
        accept: str = JSON,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> AsyncIterator[Response]:
        """Any answer, its body still to be read. Raises AnswerRefused when there is none.

        `stream` takes a connection beside the pool: for watches and logs, which hold it for long.
        """
        limits = self.limits
        async with self._pools.using(self.cluster, self.credential, limits) as pool:
            sent = {**self._fields(accept, body), **(headers or {})}
            deadline = asyncio.timeout(limits.connect + limits.first_byte)
            url = URL(self._base + request_target(path, query), encoded=True)
            with told(limits):
                async with deadline:
                    answer = await pool.client(stream=stream).request(
                        method,
                        url,
                        data=body,
                        headers=sent,
                        allow_redirects=False,
                        proxy=pool.proxy,
                        proxy_headers=pool.proxy_headers,
                        server_hostname=self.cluster.trust.server_name or None,
                        trace_request_ctx=_Deadline(deadline, limits.first_byte),
                        auto_decompress=False,
                    )
            try:
                self._owner.clocks.note(self.cluster.url, answer.headers.get("Date", ""))
                yield Response(answer, limits.idle, self._owner.silences)
            finally:
                # Keeps the connection where the body was read to its end, closes it where it was not.
                answer.release() if answer.content.at_eof() else answer.close()


@contextmanager
def told(limits: Limits) -> Iterator[None]:
    """Whatever keeps an answer from beginning is told as AnswerRefused."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError:
        raise _refused(FailureCode.CONNECT_TIMEOUT, f"no connection within {limits.connect:g} s") from None
    except TimeoutError:
        raise _late(limits.first_byte) from None
    except (
        aiohttp.ClientError,
        aiohttp.http_exceptions.HttpProcessingError,
        aiohttp.EofStream,
        OSError,
        ValueError,
        RuntimeError,
    ) as error:
        broke = isinstance(error, (aiohttp.ServerDisconnectedError, ConnectionError, aiohttp.ClientOSError))
        broke = broke or closed_under_us(error)
        unanswered = broke and not isinstance(error, aiohttp.ClientConnectorError)
        raise AnswerRefused(failure_of_exception(error), unanswered=unanswered) from None


class _Deadline:
    """Moves the deadline of an answer to `first_byte` seconds after the request went out, however long connecting took."""

    def __init__(self, deadline: asyncio.Timeout, first_byte: float) -> None:
        self._deadline = deadline
        self._first_byte = first_byte

    def sent(self) -> None:
        if not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time() + self._first_byte)


def _trace() -> aiohttp.TraceConfig:
    async def on_sent(
        client: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestHeadersSentParams
    ) -> None:
        deadline = context.trace_request_ctx
        if isinstance(deadline, _Deadline):
            deadline.sent()

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(on_sent)
    return trace


def _late(seconds: float) -> AnswerRefused:
    return _refused(FailureCode.RESPONSE_TIMEOUT, f"no answer within {seconds:g} s")


def _incomplete(seconds: float) -> AnswerRefused:
    return _refused(FailureCode.BODY_TIMEOUT, f"the answer was not complete after {seconds:g} s")


def _refused(code: FailureCode, message: str) -> AnswerRefused:
    return AnswerRefused(Failure(code=code, message=message))
