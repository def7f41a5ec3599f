"""The log of one container, as lines of text."""

import asyncio
from collections.abc import AsyncGenerator

import msgspec

from callboard.kube.connection import Connection, refusal
from callboard.kube.failure import AnswerRefused, failure_of_exception
from callboard.kube.lines import Lines
from callboard.model.outcome import Failure, FailureCode
from callboard.model.resource import ResourceType

__all__ = ["LogEnd", "LogLine", "LogRequest", "read_log"]

_PODS = ResourceType("", "v1", "pods", "Pod", True)
_QUIET_FOLLOW = 3600.0
_A_PAGE = "a web page came where a log belongs: something in between answers, not the API server"


class LogRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to read. `since_seconds` and `tail_lines` None mean from the beginning; `limit_bytes` None is the limits' own."""

    namespace: str
    pod: str
    container: str = ""
    previous: bool = False
    follow: bool = False
    tail_lines: int | None = None
    since_seconds: int | None = None
    timestamps: bool = False
    limit_bytes: int | None = None


class LogLine(msgspec.Struct, frozen=True):
    """One line, foreign text: escape sequences and all, for whoever shows it to strip. Bytes that are no UTF-8 are
    replaced; `cut` says that it went on beyond the longest line shown."""

    text: str
    cut: bool = False


class LogEnd(msgspec.Struct, frozen=True):
    """How it ended: `failure` None at the log's own end, `truncated` where our limit was reached."""

    failure: Failure | None = None
    truncated: bool = False


async def read_log(connection: Connection, request: LogRequest) -> AsyncGenerator[LogLine | LogEnd, None]:
    """Lines as they come and one LogEnd at last. Never raises for what the cluster does.

    Takes a connection of its own, beside the pool. A log that is not followed has to be there within the limits' `whole`;
    following a silent container may go on for an hour without a line.
    """
    limits = connection.limits
    most = min(request.limit_bytes or limits.max_log, limits.max_log) if not request.follow else None
    lines = Lines(limits.max_log_line + 1, cut=True)
    size = 0
    loop = asyncio.get_running_loop()
    until = loop.time() + limits.whole
    try:
        async with connection.open(
            "GET",
            _PODS.path(request.namespace, request.pod, "log"),
            _query(request, most),
            accept="*/*",
            stream=True,
        ) as response:
            if not 200 <= response.status < 300:
                yield LogEnd(await refusal(response))
                return
            if response.headers.get("Content-Type", "").startswith("text/html"):
                yield LogEnd(Failure(code=FailureCode.NOT_JSON, status=response.status, message=_A_PAGE))
                return
            while piece := await response.piece(_QUIET_FOLLOW if request.follow else None):
                kept = piece
                if most is not None and size + len(piece) > most:
                    kept = piece[: most - size]
                size += len(piece)
                for line in lines.feed(kept):
                    yield _line(line, limits.max_log_line)
                if len(kept) < len(piece):
                    break
                if not request.follow and loop.time() > until:
                    message = f"the log was not complete after {limits.whole:g} s"
                    yield LogEnd(Failure(code=FailureCode.BODY_TIMEOUT, message=message))
                    return
            rest = lines.rest()
            if rest:
                yield _line(rest, limits.max_log_line)
        yield LogEnd(truncated=most is not None and size >= most)
    except AnswerRefused as refused:
        yield LogEnd(refused.failure)
    except Exception as error:
        yield LogEnd(failure_of_exception(error))


def _query(request: LogRequest, most: int | None) -> list[tuple[str, str]]:
    query: list[tuple[str, str]] = []
    if request.container:
        query.append(("container", request.container))
    for name, wanted in (
        ("previous", request.previous),
        ("follow", request.follow),
        ("timestamps", request.timestamps),
    ):
        if wanted:
            query.append((name, "true"))
    for name, number in (
        ("tailLines", request.tail_lines),
        ("sinceSeconds", request.since_seconds),
        ("limitBytes", most),
    ):
        if number is not None:
            query.append((name, str(number)))
    return query


def _line(line: bytes, most: int) -> LogLine:
    cut = len(line) > most
    return LogLine(line[:most].decode(errors="replace").removesuffix("\r"), cut)
