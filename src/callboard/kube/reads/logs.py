"""The log of one container: its last lines, read to its end or to a bound, over whatever way leads to the API server."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import msgspec

from callboard.base.giving_way import GIVE_WAY
from callboard.extend.parts import Proxy, ProxyRequest
from callboard.kube.connection.response import MOST_OF_A_REFUSAL
from callboard.kube.failure import failure_of_exception, failure_of_status, safe_words
from callboard.kube.limits import Limits
from callboard.kube.reads.proxy import BrokenOff
from callboard.model.cluster import Cluster, Credential
from callboard.model.outcome import Failure, FailureCode
from callboard.model.resource import ResourceType

__all__ = ["Log", "LogLine", "LogRequest", "read_log"]

_PODS: Final = ResourceType("", "v1", "pods", "Pod", True)
_MOST_LINES: Final = 10_000
_NOT_THERE: Final = "there is no log yet: no node has the pod"
_A_PAGE: Final = "a web page came where a log belongs: something in between answers, not the API server"


class LogRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to read: the last `tail_lines`. `container` "" is the pod's only one."""

    namespace: str
    pod: str
    container: str = ""
    previous: bool = False
    tail_lines: int = _MOST_LINES
    timestamps: bool = False


class LogLine(msgspec.Struct, frozen=True, gc=False):
    """One line, foreign text: escape sequences and all, for whoever shows it to strip. Bytes that are no UTF-8 are
    replaced; `cut` says that it went on beyond the longest line kept."""

    text: str
    cut: bool = False


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """What was read. `earlier` says that there are lines before these, `later` that there are some after them, which a bound of
    ours left out; `failure` says why it ends where it does, where that is not its own end: the lines before that stand."""

    lines: tuple[LogLine, ...] = ()
    earlier: bool = False
    later: bool = False
    failure: Failure | None = None


async def read_log(
    proxy: Proxy, cluster: Cluster, credential: Credential, request: LogRequest, limits: Limits
) -> Log:
    """Within `whole` seconds and `max_log` bytes, whatever the server holds itself to. Never raises for what the cluster does;
    to be cancelled ends the request upstream."""
    wanted = max(1, min(request.tail_lines, _MOST_LINES))
    reading = _Reading(wanted, limits)
    failure: Failure | None = None
    try:
        async with (
            asyncio.timeout(limits.whole),
            proxy.open(cluster, credential, _sent(request, wanted, limits.max_log)) as response,
        ):
            headers = (
                {} if isinstance(response, Failure) else {k.title(): v for k, v in response.headers.items()}
            )
            if isinstance(response, Failure):
                failure = response
            elif response.status == 204:
                failure = Failure(code=FailureCode.UNEXPECTED_STATUS, status=204, message=_NOT_THERE)
            elif response.status != 200:
                body = await _words(response.body, limits.idle)
                failure = failure_of_status(response.status, headers, body)
            elif headers.get("Content-Type", "").startswith("text/html"):
                failure = Failure(code=FailureCode.NOT_JSON, status=response.status, message=_A_PAGE)
            else:
                await reading.all_of(response.body)
    except TimeoutError:
        message = f"the log was not complete after {limits.whole:g} s"
        failure = Failure(code=FailureCode.BODY_TIMEOUT, message=message)
    except BrokenOff as error:
        failure = error.failure
    except ConnectionError as error:
        failure = Failure(
            code=FailureCode.CONNECTION, message=safe_words(str(error)) or "the connection was lost"
        )
    except Exception as error:
        failure = failure_of_exception(error)
    return reading.log(failure)


class _Reading:
    """The last lines of what has come so far."""

    def __init__(self, wanted: int, limits: Limits) -> None:
        self._wanted = wanted
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
            self._came += len(whole)
            self._kept.extend(line[:most] for line in whole[-self._wanted :])
        self._begun = (self._begun + rest)[:most]

    def log(self, failure: Failure | None) -> Log:
        if self._begun:
            self._take(b"\n")
        return Log(
            lines=tuple(_line(line, self._longest) for line in self._kept),
            earlier=self._came > self._wanted,
            later=self._over,
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


def _sent(request: LogRequest, wanted: int, most: int) -> ProxyRequest:
    """One line more than is wanted tells whether there are earlier ones."""
    query = [
        ("container", request.container),
        ("previous", "true" if request.previous else ""),
        ("timestamps", "true" if request.timestamps else ""),
        ("tailLines", str(wanted + 1)),
        ("limitBytes", str(most)),
    ]
    return ProxyRequest(
        path=_PODS.path(request.namespace, request.pod, "log"),
        query=tuple((name, value) for name, value in query if value),
        headers={"Accept": "*/*"},
    )


def _line(line: bytes, most: int) -> LogLine:
    return LogLine(line[:most].decode(errors="replace").removesuffix("\r"), len(line) > most)
