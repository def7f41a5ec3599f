"""A list that goes on: what is there now, then every change, for as long as it is wanted.

`watch_together` keeps a stream alive through everything a server does: it resumes from the last resourceVersion when a stream
ends, lists anew when the server no longer knows that version (410), asks for streaming lists where the server has them, and
notices a stream that has gone silent. While it cannot see, it says so (Stale), and when it can again, it says that, too.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Final

import msgspec

from callboard.kube.connection.connection import Connection, Query, Response, refusal
from callboard.kube.failure import AnswerRefused, failure_of_exception, page_failure, safe_words
from callboard.kube.in_force import in_force
from callboard.kube.ingest.decode import decode_event
from callboard.kube.ingest.packing import Packer
from callboard.kube.lines import Lines, LineTooLong
from callboard.kube.loop.watch_pace import WatchPace
from callboard.kube.reads.lists import list_objects, selectors
from callboard.kube.watching.changes import (
    Bookmark,
    Change,
    Delete,
    InitialEvents,
    Reset,
    Stale,
    Unreadable,
    Upsert,
)
from callboard.model.cluster import Credential
from callboard.model.outcome import Failure, FailureCode, Malformed, Question

__all__ = [
    "Bookmark",
    "Change",
    "Delete",
    "Reset",
    "Stale",
    "Unreadable",
    "Upsert",
    "watch_together",
]

INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_BEYOND: Final = 60.0
"""Seconds until a list that was beyond its bound is asked for again, a quarter more or less: to read as much as is allowed costs
a second of the process, and it is seldom less a moment later."""
_LONG_LIVED: Final = 5.0
"""A stream that lasted so many seconds did its work; one that ended sooner is followed by a pause, each longer."""
_REFUSED_WITHIN: Final = 0.3
"""Seconds to wait after a resumed stream has begun before all is called current: a version too old is refused by the
stream's first line, behind a status of 200."""
_BULK: Final = 32 * 1024
"""Bytes of changes that are taken in as they come."""
_SERVER_TIMEOUT: Final = (290, 590)
"""Seconds after which the server is asked to end a stream by itself, drawn anew for each: client-go's range, so that the
streams of a restarted server do not all come back at once."""


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Meta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    annotations: dict[str, str] | None = None


class _Object(msgspec.Struct):
    metadata: _Meta


class _ErrorStatus(msgspec.Struct):
    message: str = ""
    reason: str = ""
    code: int = 0


class _Expired(Exception):
    """The server no longer knows the resourceVersion (410)."""


class _NoStreamingLists(Exception):
    """The server does not do streaming lists, or something in between holds them back."""


_event: Final = msgspec.json.Decoder(_Event).decode
_object: Final = msgspec.json.Decoder(_Object).decode
_error: Final = msgspec.json.Decoder(_ErrorStatus).decode


async def watch_together(
    connection: Connection,
    question: Question,
    *,
    credential: Callable[[], Awaitable[Credential]] | None = None,
    since: str = "",
    streaming_lists: bool = True,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    progress: Callable[[], None] = lambda: None,
) -> AsyncGenerator[Sequence[Change], None]:
    """Changes without end, those that came together in one go: a Reset first. Never raises for what the cluster does; close
    the iterator to end it. Objects come in the form in which they are kept.

    With `since`, the resourceVersion of a state already known, only what changed after it comes, a Bookmark when that is
    all; a Reset where the server no longer knows that version.
    `credential` is asked before every request, so that renewed tokens are used; what it raises is for the caller.
    `progress` is called whenever something of a list has come: however long it takes, it is not given up while that goes on.
    `question.name` must be empty. Holds at most one line and, while a streaming list runs, `max_objects` objects.
    """
    keep = Packer(connection.packings)
    stream = _Stream(question, since, progress, keep, streaming_lists=streaming_lists)
    loop = asyncio.get_running_loop()
    pause = _FIRST_PAUSE
    while True:
        if credential is not None:
            connection = connection.with_credential(await credential())
        began = loop.time()
        failure: Failure | None = None
        beyond = False
        try:
            async with aclosing(stream.run(connection)) as together:
                async for changes in together:
                    yield changes
        except _NoStreamingLists:
            stream.streaming_lists = False
            continue
        except _Expired:
            # Jitter, below: after a compaction all watches of all clients find out at the same moment.
            stream.version = ""
        except AnswerRefused as refused:
            failure = refused.failure
            beyond = failure.code is FailureCode.TOO_LARGE
        except LineTooLong:
            failure = Failure(
                code=FailureCode.TOO_LARGE, message="one change is larger than what is read of one"
            )
            stream.version = ""
        except Exception as error:
            failure = failure_of_exception(error)
        else:
            if loop.time() - began >= _LONG_LIVED:
                pause = _FIRST_PAUSE
                continue
        if loop.time() - began >= _LONG_LIVED:
            pause = _FIRST_PAUSE
        wait = pause * random.uniform(0.5, 1.0)  # noqa: S311
        if failure is not None:
            wait = max(wait, failure.retry_after or 0.0)
            if beyond:
                wait = max(wait, _BEYOND * random.uniform(0.75, 1.25))  # noqa: S311
            yield (Stale(failure, wait),)
        await sleep(wait)
        pause = min(pause * 2, _LONGEST_PAUSE)


class _Stream:
    """Where one watch stands between its streams. `version` "" means that nothing is known yet."""

    def __init__(
        self,
        question: Question,
        version: str,
        progress: Callable[[], None],
        keep: Packer,
        *,
        streaming_lists: bool,
    ) -> None:
        self.question = question
        self.path = question.type.path(question.namespace)
        self.streaming_lists = streaming_lists
        self.version = version
        self._progress = progress
        self._keep = keep
        self._initial: InitialEvents | None = None

    async def run(self, connection: Connection) -> AsyncGenerator[Sequence[Change], None]:
        """One stream from where we stand to its end, with the list before it where nothing is known."""
        resumed = bool(self.version)
        if not self.version and not self.streaming_lists:
            yield (await self._list(connection),)
        limits = connection.limits
        self._initial = InitialEvents(limits.max_objects, limits.max_list) if not self.version else None
        async with connection.open("GET", self.path, self._query(), stream=True) as response:
            if not 200 <= response.status < 300:
                failure = await refusal(response)
                if self._initial is not None and failure.status in (400, 410, 422):
                    raise _NoStreamingLists
                if failure.code is FailureCode.GONE:
                    raise _Expired
                raise AnswerRefused(failure)
            if (page := page_failure(response.headers)) is not None:
                raise AnswerRefused(page)
            response.inflated()
            if self._initial is None and not resumed:
                yield (Bookmark(self.version),)
            async with aclosing(self._read(connection, response, resumed=resumed)) as together:
                async for changes in together:
                    yield changes

    async def _read(
        self, connection: Connection, response: Response, *, resumed: bool
    ) -> AsyncGenerator[Sequence[Change], None]:
        """What comes, until nothing more does."""
        limits = connection.limits
        lines, pace = Lines(limits.max_line), WatchPace()
        with response.heard(limits.watch_silence if self._initial is None else limits.watch_start) as silence:
            silence.fed = self._initial is None
            while True:
                try:
                    piece = await response.piece(_REFUSED_WITHIN if resumed else None)
                except AnswerRefused as refused:
                    if refused.failure.code is not FailureCode.BODY_TIMEOUT:
                        raise
                    if self._initial is not None:
                        raise _NoStreamingLists from None
                    if not resumed:
                        return  # silent: resume on a new connection, which shows whether the server is there
                    resumed = False
                    yield (Bookmark(self.version),)
                    continue
                if not piece:
                    if self._initial is not None:
                        raise _NoStreamingLists
                    return
                listing = self._initial
                if listing is not None:
                    self._progress()
                # What tells whether a watch stands is not put off, and what comes in bulk is together already.
                busy = False
                if listing is None and not resumed and len(piece) < _BULK:
                    busy = await connection.beat.come()
                    if busy:
                        piece += response.more()
                await connection.next_step()
                had = 0 if listing is None else len(listing)
                began = time.monotonic()
                changes, ended = self._changes(lines, piece, limits.max_nesting, connection.cluster.url)
                rest = 0.0 if listing is not None else pace.spent(time.monotonic() - began)
                if listing is not None:
                    if self._initial is None:
                        silence.allow(limits.watch_silence)
                    elif len(listing) > had:  # changes alone come from a server that ignores the request, too
                        silence.heard()
                if resumed and ended is None:
                    resumed = False
                    changes.append(Bookmark(self.version))
                if changes:
                    yield changes
                if ended is not None:
                    try:
                        raise ended
                    finally:
                        ended = None  # or it holds this frame, and this frame it
                if rest:
                    await asyncio.sleep(rest)
                if busy:
                    await connection.beat.rest()

    async def _list(self, connection: Connection) -> Reset:
        listed = await list_objects(connection, self.question, self._keep, progress=self._progress)
        self.version = listed.resource_version
        return Reset(
            objects=listed.objects,
            malformed=listed.malformed,
            resource_version=listed.resource_version,
            truncated=listed.truncated,
        )

    def _changes(
        self, lines: Lines, piece: bytes, max_nesting: int, url: str
    ) -> tuple[list[Change], Exception | None]:
        """The changes whose lines end in this piece, and what ended the stream after them."""
        changes: list[Change] = []
        try:
            for line in lines.feed(piece):
                change = self._change(in_force.hidden(url, line), max_nesting)
                if change is not None and self._initial is not None:
                    self._initial.take(change)
                elif change is not None:
                    changes.append(change)
        except Exception as ended:
            return changes, ended
        return changes, None

    def _query(self) -> Query:
        query = [*selectors(self.question), ("watch", "true"), ("allowWatchBookmarks", "true")]
        query.append(("timeoutSeconds", str(random.randint(*_SERVER_TIMEOUT))))  # noqa: S311
        if self._initial is not None:
            return [*query, ("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan")]
        return [*query, ("resourceVersion", self.version)]

    def _change(self, line: bytes, max_nesting: int) -> Change | None:
        """The change of one line. Raises _Expired, AnswerRefused."""
        event = decode_event(line, self.question.type, self._keep, max_nesting=max_nesting)
        if event is None:
            return self._other(line)
        kind, found = event
        if isinstance(found, Malformed):
            self._advance(_version_of(line))
            return Unreadable(found)
        self._advance(found.resource_version)
        return Delete(found) if kind == "DELETED" else Upsert(found)

    def _advance(self, version: str) -> None:
        """While initial events come, only their end is a version to resume from: they are in no order."""
        if version and self._initial is None:
            self.version = version

    def _other(self, line: bytes) -> Change | None:
        """What a line is that is no change of an object."""
        try:
            event = _event(line)
        except RecursionError:
            return Unreadable(Malformed("an object", "nests deeper than Python can follow"))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise _wrong("a line of the watch is no event") from None
        if event.type == "ERROR":
            raise self._ended(event.object)
        if event.type != "BOOKMARK":
            raise _wrong("a line of the watch is an event of an unknown type")
        try:
            meta = _object(event.object).metadata
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return Unreadable(Malformed("an object", "its metadata cannot be read"))
        initial = self._initial
        if initial is not None and (meta.annotations or {}).get(INITIAL_EVENTS_END) == "true":
            self._initial = None
            self._advance(meta.resource_version)
            return initial.reset(self.version)
        self._advance(meta.resource_version)
        return Bookmark(meta.resource_version)

    def _ended(self, status: msgspec.Raw) -> Exception:
        """What an ERROR event means here; made where no frame that it goes through holds it."""
        refused = _refused(status)
        return _NoStreamingLists() if self._initial is not None and isinstance(refused, _Expired) else refused


def _version_of(line: bytes) -> str:
    """The resourceVersion of an object of which no more can be read; "" where not even that can."""
    try:
        return _object(_event(line).object).metadata.resource_version
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ""


def _refused(status: msgspec.Raw) -> Exception:
    """The exception for the Status of an ERROR event."""
    try:
        said = _error(status)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _wrong("the watch ended with an error that cannot be read")
    if said.code == 410 or said.reason in ("Expired", "Gone"):
        return _Expired()
    code = FailureCode.SERVER_ERROR if said.code >= 500 else FailureCode.UNEXPECTED_STATUS
    return AnswerRefused(
        Failure(code=code, message=safe_words(said.message) or "the watch ended with an error")
    )


def _wrong(message: str) -> AnswerRefused:
    return AnswerRefused(Failure(code=FailureCode.WRONG_SHAPE, message=message))
