"""The log of one container: its last lines, read to its end or to a bound, or followed as it is written, over whatever way leads
to the API server."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import msgspec

from callboard.base.giving_way import GIVE_WAY
from callboard.extend.parts import Proxy, ProxyRequest
from callboard.kube.connection.response import MOST_OF_A_REFUSAL
from callboard.kube.failure import failure_of_exception, failure_of_status, safe_words
from callboard.kube.limits import Limits
from callboard.kube.reads.log_stamps import stamped
from callboard.kube.reads.proxy import BrokenOff
from callboard.model.cluster import Cluster, Credential
from callboard.model.outcome import Failure, FailureCode
from callboard.model.resource import ResourceType

__all__ = ["Log", "LogLine", "LogRequest", "follow_log", "read_log", "read_newest"]

_PODS: Final = ResourceType("", "v1", "pods", "Pod", True)
_MOST_LINES: Final = 10_000
_NOT_THERE: Final = "there is no log yet: no node has the pod"
_A_PAGE: Final = "a web page came where a log belongs: something in between answers, not the API server"
_ATTEMPTS: Final = 4
"""Times a log is asked for whose lines are so long that its end is cut off: each time for fewer of them."""
SILENCE: Final = 120.0
"""Seconds without a line after which a followed log is asked for anew: a connection may be dead and not say so."""


class LogRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to read: the last `tail_lines`. `container` "" is the pod's only one. `since` is a moment as RFC 3339 has it: what was
    written before its second is left out. `forward`: of what is too much the first is read and not the last."""

    namespace: str
    pod: str
    container: str = ""
    previous: bool = False
    tail_lines: int = _MOST_LINES
    timestamps: bool = False
    since: str = ""
    forward: bool = False


class LogLine(msgspec.Struct, frozen=True, gc=False):
    """One line, foreign text: escape sequences and all, for whoever shows it to strip. Bytes that are no UTF-8 are
    replaced; `cut` says that it went on beyond the longest line kept. `at` is when it was written, where that was asked for:
    `2026-12-01T03:18:46.123456789Z`, always of this length, so that the later is the larger; "" where it was not told."""

    text: str
    cut: bool = False
    at: str = ""


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """What was read. `earlier` says that there are lines before these, `later` that there are some after them, which a bound of
    ours left out; `bounded` that it was the one of bytes; `failure` says why it ends where it does, where that is not its own
    end: the lines before that stand."""

    lines: tuple[LogLine, ...] = ()
    earlier: bool = False
    later: bool = False
    bounded: bool = False
    failure: Failure | None = None


async def read_log(
    proxy: Proxy, cluster: Cluster, credential: Credential, request: LogRequest, limits: Limits
) -> Log:
    """Within `whole` seconds and `max_log` bytes, whatever the server holds itself to. Never raises for what the cluster does;
    to be cancelled ends the request upstream."""
    wanted = max(1, min(request.tail_lines, _MOST_LINES))
    reading = _Reading(wanted, limits, request)
    failure: Failure | None = None
    try:
        async with (
            asyncio.timeout(limits.whole),
            _opened(proxy, cluster, credential, _sent(request, wanted, limits.max_log), limits) as body,
        ):
            if isinstance(body, Failure):
                failure = body
            else:
                await reading.all_of(body)
    except TimeoutError:
        message = f"the log was not complete after {limits.whole:g} s"
        failure = Failure(code=FailureCode.BODY_TIMEOUT, message=message)
    except Exception as error:
        failure = _told(error)
    return reading.log(failure)


async def read_newest(
    proxy: Proxy, cluster: Cluster, credential: Credential, request: LogRequest, limits: Limits
) -> Log:
    """The same, and what a bound leaves out is not the end: an API server that is told how many bytes to send leaves out the last
    ones, so that fewer lines are asked for where they are too many. What is left out at the beginning is told as `earlier`."""
    log = await read_log(proxy, cluster, credential, request, limits)
    earlier = False
    for _ in range(_ATTEMPTS - 1):
        if not log.later or log.failure is not None or len(log.lines) <= 1:
            break
        earlier = True
        # fewer than have come, as what is written meanwhile comes on top; the longest may stand at the end
        request = msgspec.structs.replace(request, tail_lines=max(1, len(log.lines) // 2))
        log = await read_log(proxy, cluster, credential, request, limits)
    return msgspec.structs.replace(log, earlier=True, bounded=True) if earlier else log


async def follow_log(
    proxy: Proxy, cluster: Cluster, credential: Credential, request: LogRequest, limits: Limits
) -> AsyncGenerator[tuple[LogLine, ...] | Failure, None]:
    """What is written, as it is written, lines that came together at once; it ends where the container does, and with a Failure
    where something else ended it. Closing it ends the request upstream. Nothing of a line that is too long is held but what is
    shown of it. Never raises for what the cluster does."""
    lines = _Lines(limits.max_log_line, timestamps=request.timestamps)
    sent = _sent(request, request.tail_lines, 0, follow=True)
    try:
        async with _opened(proxy, cluster, credential, sent, limits) as body:
            if isinstance(body, Failure):
                yield body
                return
            pieces = aiter(body)
            while True:
                async with asyncio.timeout(SILENCE):
                    piece = await anext(pieces, b"")
                if not piece:
                    break
                if came := lines.take(piece):
                    yield came
            if rest := lines.rest():
                yield rest
    except TimeoutError:
        yield Failure(code=FailureCode.BODY_TIMEOUT, message=f"nothing was written for {SILENCE:g} s")
    except Exception as error:
        yield _told(error)


@asynccontextmanager
async def _opened(
    proxy: Proxy, cluster: Cluster, credential: Credential, sent: ProxyRequest, limits: Limits
) -> AsyncGenerator[AsyncIterator[bytes] | Failure, None]:
    """The pieces of a log, or why there are none."""
    async with proxy.open(cluster, credential, sent) as response:
        if isinstance(response, Failure):
            yield response
            return
        headers = {k.title(): v for k, v in response.headers.items()}
        if response.status == 204:
            yield Failure(code=FailureCode.UNEXPECTED_STATUS, status=204, message=_NOT_THERE)
        elif response.status != 200:
            yield failure_of_status(response.status, headers, await _words(response.body, limits.idle))
        elif headers.get("Content-Type", "").startswith("text/html"):
            yield Failure(code=FailureCode.NOT_JSON, status=response.status, message=_A_PAGE)
        else:
            yield response.body


def _told(error: Exception) -> Failure:
    if isinstance(error, BrokenOff):
        return error.failure
    if isinstance(error, ConnectionError):
        words = safe_words(str(error)) or "the connection was lost"
        return Failure(code=FailureCode.CONNECTION, message=words)
    return failure_of_exception(error)


class _Lines:
    """Lines of a log that does not end."""

    def __init__(self, longest: int, *, timestamps: bool) -> None:
        self._longest = longest
        self._timestamps = timestamps
        self._begun = b""

    def take(self, piece: bytes) -> tuple[LogLine, ...]:
        """Those that end in this piece."""
        most = self._longest + 1
        *whole, rest = piece.split(b"\n")
        if whole:
            whole[0] = self._begun + whole[0]
            self._begun = b""
        self._begun = (self._begun + rest)[:most]
        return tuple(_line(line[:most], self._longest, self._timestamps) for line in whole)

    def rest(self) -> tuple[LogLine, ...]:
        """The one that has not ended, at the end of all."""
        return self.take(b"\n") if self._begun else ()


class _Reading:
    """The last lines of what has come so far."""

    def __init__(self, wanted: int, limits: Limits, request: LogRequest) -> None:
        self._wanted = wanted
        self._timestamps = request.timestamps
        self._forward = request.forward
        self._longest = limits.max_log_line
        self._left = limits.max_log
        self._begun = b""
        """Of the line that has not ended yet, what is kept."""
        self._kept: deque[bytes] = deque(maxlen=wanted)
        self._came = 0
        self._over = False

    async def all_of(self, body: AsyncIterator[bytes]) -> None:
        began = time.monotonic()
        async for piece in body:
            self._take(piece[: self._left])
            self._left -= len(piece)
            if time.monotonic() - began > GIVE_WAY:  # what has come already is given without waiting
                await asyncio.sleep(0)
                began = time.monotonic()
            # The server stops there, too (`limitBytes`), and does not tell whether more would have come.
            if self._left <= 0:
                self._over = True
                return

    def _take(self, piece: bytes) -> None:
        """A piece may hold thousands of short lines, of which the last are wanted."""
        *whole, rest = piece.split(b"\n")
        most = self._longest + 1
        if whole:
            whole[0] = self._begun + whole[0]
            self._begun = b""
            kept = whole[: max(0, self._wanted - self._came)] if self._forward else whole[-self._wanted :]
            self._came += len(whole)
            self._kept.extend(line[:most] for line in kept)
        self._begun = (self._begun + rest)[:most]

    def log(self, failure: Failure | None) -> Log:
        if self._begun:
            self._take(b"\n")
        return Log(
            lines=tuple(_line(line, self._longest, self._timestamps) for line in self._kept),
            earlier=self._came > self._wanted and not self._forward,
            bounded=self._over,
            later=self._over or (self._came > self._wanted and self._forward),
            failure=failure,
        )


async def _words(body: AsyncIterator[bytes], seconds: float) -> bytes:
    """What a refusal says, as far as it is worth waiting for."""
    said = b""
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(seconds):
            async for piece in body:
                said += piece
                if len(said) > MOST_OF_A_REFUSAL:
                    return b""
    return said


def _sent(request: LogRequest, wanted: int, most: int, *, follow: bool = False) -> ProxyRequest:
    """One line more than is wanted tells whether there are earlier ones. `most` 0: no bound of bytes."""
    tail = "" if request.forward else str(wanted if follow else wanted + 1)
    query = [
        ("container", request.container),
        ("previous", "true" if request.previous else ""),
        ("timestamps", "true" if request.timestamps else ""),
        ("sinceTime", request.since),
        ("follow", "true" if follow else ""),
        ("tailLines", tail),
        ("limitBytes", str(most) if most else ""),
    ]
    return ProxyRequest(
        path=_PODS.path(request.namespace, request.pod, "log"),
        query=tuple((name, value) for name, value in query if value),
        headers={"Accept": "*/*"},
    )


def _line(line: bytes, most: int, timestamps: bool) -> LogLine:
    text = line[:most].decode(errors="replace").removesuffix("\r")
    at = ""
    if timestamps:
        at, text = stamped(text)
    return LogLine(text, len(line) > most, at)
