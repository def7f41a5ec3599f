"""Sockets to one API server: few, shared, each wait with a deadline, each body with an end.

`Connections` holds the pools of a process, one for each (API server, trust, identity); `Connection` is one cluster as seen
with one credential and is cheap to make, so that a renewed token goes on using the connections of the old one. Whatever goes
wrong is raised as `AnswerRefused` with its Failure and caught where outcomes are made.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Final, Self

import aiohttp
from yarl import URL

from callboard.base.clock import Clock, SystemClock
from callboard.kube.beat import Beat
from callboard.kube.channel import Encoded, Terms, WholeAnswer
from callboard.kube.failure import AnswerRefused, failure_of_exception, failure_of_status
from callboard.kube.keeping import Packings
from callboard.kube.limits import Limits
from callboard.kube.pool import Pool, Pools
from callboard.kube.request import JSON, Query, request_fields, request_target, text_of
from callboard.kube.response import MOST_OF_A_REFUSAL, Response, refusal
from callboard.kube.silence import Silences
from callboard.kube.steps import Steps
from callboard.model.cluster import Cluster, Credential
from callboard.model.outcome import Failure, FailureCode

__all__ = ["Connection", "Connections", "Query", "Response", "WholeAnswer", "refusal"]

_RETRIES: Final = 2
_LOOKED_UP: Final = 5.0
_LONG: Final = 0.015
"""Seconds of waiting for an answer, our own work meanwhile not counted, from which on more is asked side by side."""
_BEGUN: Final = frozenset({FailureCode.TRUNCATED, FailureCode.TOO_LARGE, FailureCode.NOT_JSON})
"""What goes wrong with an answer that somebody has given."""


class Connections:
    """All pools of a process. Use it as an async context manager: leaving it closes every connection.

    `limits_of` gives the limits of a cluster by its name; `environment` stands in for the process's own (proxies).
    """

    def __init__(
        self,
        limits_of: Callable[[str], Limits] | None = None,
        *,
        clock: Clock | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._limits_of = limits_of or (lambda name: Limits())
        self.clock: Clock = clock or SystemClock()
        self._pools = Pools(_trace(), environment)
        self.steps = Steps()
        self.beat = Beat()
        self.packings = Packings()
        self.silences = Silences()
        self._offsets: dict[str, float] = {}
        self._dates: dict[str, str] = {}

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
        return self._offsets.get(cluster.url)

    def note_date(self, cluster: Cluster, date: str) -> None:
        """Keep what a `Date` header tells about the cluster's clock: the first of each second tells most."""
        if date == self._dates.get(cluster.url):
            return
        self._dates[cluster.url] = date
        offset = _offset(date, self.clock)
        if offset is not None:
            self._offsets[cluster.url] = offset


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
        self._found: Pool | None = None
        self._found_at = 0.0
        self._heads: dict[tuple[str, bool], bytes] = {}

    def until(self) -> float:
        """The loop's time at which `whole` seconds from now are over."""
        return self._loop.time() + self.limits.whole

    async def turn(self) -> None:
        """Before each step of reading much: wait until the loop has time for it."""
        await self._owner.steps.turn()

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
        limits = self.limits
        until = self.until() if until is None else until
        terms = Terms(
            most or limits.max_body, MOST_OF_A_REFUSAL, limits.first_byte, limits.idle, limits.whole, until
        )
        resets = waits = 0
        while True:
            try:
                return await self._once(method, path, query, body, accept, terms)
            except AnswerRefused as refused:
                failure = refused.failure
                self._found = None  # whom we trust may be why, and may have changed
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
        """Whether anybody answers, whatever it is: asked once, and beside the gate, at which others may be waiting. Raises
        AnswerRefused where none is there in so many seconds."""
        until = self._loop.time() + within
        terms = Terms(MOST_OF_A_REFUSAL, MOST_OF_A_REFUSAL, within, within, within, until)
        try:
            async with asyncio.timeout_at(until):
                async with self._pools.using(self.cluster, self.credential, self.limits) as pool:
                    if pool.direct:
                        with suppress(Encoded):
                            await pool.ask(self._request(pool, "GET", path, (), None, JSON), terms)
                            return
                async with self.open("GET", path, stream=True) as response:
                    await response.read(terms.most)
        except TimeoutError:
            raise _late(terms) from None
        except AnswerRefused as refused:
            if refused.failure.code is FailureCode.BODY_TIMEOUT:
                raise _late(terms) from None
            if refused.failure.code not in _BEGUN:
                raise

    async def _once(
        self, method: str, path: str, query: Query, body: bytes | None, accept: str, terms: Terms
    ) -> WholeAnswer:
        """One attempt, once it is let through the gate."""
        gate = self._gate
        if not gate.enter():
            try:
                await gate.wait(terms.until)
            except TimeoutError:
                raise self._not_asked() from None
        try:
            now = self._loop.time()
            if now >= terms.until:
                raise self._not_asked()
            pool = self._found
            if pool is None or pool.closed or now - self._found_at > _LOOKED_UP:
                pool = await self._pools.of(self.cluster, self.credential, self.limits)
                self._found, self._found_at = pool, now
            pool.users += 1
            try:
                if not pool.ready:
                    await self._prepared(pool, terms)
                if pool.direct:
                    request = self._request(pool, method, path, query, body, accept)
                    try:
                        answer = await pool.ask(request, terms)
                        if gate.narrow and pool.waited > _LONG:
                            gate.widen()
                        return self._taken(answer)
                    except Encoded:
                        pool.direct = (
                            False  # whoever stands in between compresses: the client library inflates
                        )
            finally:
                pool.users -= 1
                pool.used = time.monotonic()
            return await self._by_client(method, path, query, body, accept, terms)
        finally:
            gate.leave()

    def _not_asked(self) -> AnswerRefused:
        return _refused(
            FailureCode.DEADLINE,
            f"not asked: every connection to this cluster was busy for {self.limits.whole:g} s",
        )

    async def _prepared(self, pool: Pool, terms: Terms) -> None:
        try:
            async with asyncio.timeout_at(terms.until):
                await pool.prepare(self.cluster, self.credential)
        except TimeoutError:
            raise _late(terms) from None

    def _request(
        self, pool: Pool, method: str, path: str, query: Query, body: bytes | None, accept: str
    ) -> bytes:
        """Line, fields and body, as bytes."""
        head = self._heads.get((accept, body is None))
        if head is None:
            lines = [f"{name}: {value}\r\n" for name, value in self._fields(accept, body).items()]
            head = f" HTTP/1.1\r\nHost: {pool.host}\r\n{''.join(lines)}".encode()
            self._heads[accept, body is None] = head
        line = method.encode() + b" " + request_target(pool.prefix + path, query)
        if body is None:
            return line + head + b"\r\n"
        return line + head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)

    def _fields(self, accept: str, body: bytes | None) -> dict[str, str]:
        limits = self.limits
        return request_fields(self.cluster, self.credential, accept, gzip=limits.gzip, body=body is not None)

    def _taken(self, answer: WholeAnswer) -> WholeAnswer:
        self._owner.note_date(self.cluster, answer.headers.get("Date", ""))
        if not 200 <= answer.status < 300:
            raise AnswerRefused(failure_of_status(answer.status, answer.headers, answer.body))
        return answer

    async def _by_client(
        self, method: str, path: str, query: Query, body: bytes | None, accept: str, terms: Terms
    ) -> WholeAnswer:
        answered = False
        try:
            async with (
                asyncio.timeout_at(terms.until),
                self.open(method, path, query, body=body, accept=accept) as response,
            ):
                answered = True
                if not 200 <= response.status < 300:
                    raise AnswerRefused(await refusal(response))
                return WholeAnswer(response.status, response.headers, await response.read(terms.most))
        except TimeoutError:
            if not answered:
                raise _late(terms) from None
            raise _refused(
                FailureCode.BODY_TIMEOUT, f"the answer was not complete after {terms.whole:g} s"
            ) from None

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
        inflate: bool = True,
    ) -> AsyncIterator[Response]:
        """Any answer, its body still to be read. Raises AnswerRefused when there is none.

        `stream` takes a connection beside the pool: for watches and logs, which hold it for long. `inflate=False` leaves a
        compressed body as it came.
        """
        limits = self.limits
        async with self._pools.using(self.cluster, self.credential, limits) as pool:
            sent = {**self._fields(accept, body), **(headers or {})}
            deadline = asyncio.timeout(limits.connect + limits.first_byte)
            url = URL(self._base + path + text_of(query), encoded=True)
            try:
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
                        auto_decompress=inflate,
                    )
            except aiohttp.ConnectionTimeoutError:
                raise _refused(
                    FailureCode.CONNECT_TIMEOUT, f"no connection within {limits.connect:g} s"
                ) from None
            except TimeoutError:
                raise _refused(
                    FailureCode.RESPONSE_TIMEOUT, f"no answer within {limits.first_byte:g} s"
                ) from None
            except (aiohttp.ClientError, OSError, ValueError) as error:
                broke = isinstance(
                    error, (aiohttp.ServerDisconnectedError, ConnectionError, aiohttp.ClientOSError)
                )
                unanswered = broke and not isinstance(error, aiohttp.ClientConnectorError)
                raise AnswerRefused(failure_of_exception(error), unanswered=unanswered) from None
            try:
                self._owner.note_date(self.cluster, answer.headers.get("Date", ""))
                yield Response(answer, limits.idle, self._owner.silences)
            finally:
                # Keeps the connection where the body was read to its end, closes it where it was not.
                answer.release() if answer.content.at_eof() else answer.close()


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


@lru_cache(64)
def _moment(date: str) -> datetime:
    """The clusters of a fleet mostly say the same second."""
    return parsedate_to_datetime(date)


def _offset(date: str, clock: Clock) -> float | None:
    try:
        return (_moment(date) - clock.now()).total_seconds() if date else None
    except (ValueError, TypeError):
        return None


def _late(terms: Terms) -> AnswerRefused:
    return _refused(FailureCode.RESPONSE_TIMEOUT, f"no answer within {terms.whole:g} s")


def _refused(code: FailureCode, message: str) -> AnswerRefused:
    return AnswerRefused(Failure(code=code, message=message))
