"""A list that goes on: what is there now, then every change, for as long as it is wanted.

`watch` keeps a stream alive through everything a server does: it resumes from the last resourceVersion when a stream ends,
lists anew when the server no longer knows that version (410), asks for streaming lists where the server has them, and
notices a stream that has gone silent. While it cannot see, it says so (Stale), and when it can again, it says that, too.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final

import msgspec

from callboard.kube.connection import Connection, Query, refusal
from callboard.kube.decode import decode_object
from callboard.kube.failure import AnswerRefused, failure_of_exception, safe_words
from callboard.kube.lines import Lines, LineTooLong
from callboard.kube.lists import list_objects, selectors
from callboard.model.cluster import Credential
from callboard.model.objects import KubeObject
from callboard.model.outcome import Failure, FailureCode, Malformed, Question

__all__ = ["Bookmark", "Change", "Delete", "Reset", "Stale", "Unreadable", "Upsert", "watch"]

INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_LONG_LIVED: Final = 5.0
"""A stream that lasted so many seconds did its work; one that ended sooner is followed by a pause, each longer."""
_REFUSED_WITHIN: Final = 0.3
"""Seconds to wait after a resumed stream has begun before all is called current: a version too old is refused by the
stream's first line, behind a status of 200."""
_SERVER_TIMEOUT: Final = (290, 590)
"""Seconds after which the server is asked to end a stream by itself, drawn anew for each: client-go's range, so that the
streams of a restarted server do not all come back at once."""


class Reset(msgspec.Struct, frozen=True, kw_only=True):
    """Everything there is, as of `resource_version`; what was known before is void."""

    objects: tuple[KubeObject, ...]
    malformed: tuple[Malformed, ...] = ()
    resource_version: str = ""
    truncated: bool = False


class Upsert(msgspec.Struct, frozen=True):
    """An object is new or has changed."""

    object: KubeObject


class Delete(msgspec.Struct, frozen=True):
    """An object is gone; this is its last state."""

    object: KubeObject


class Unreadable(msgspec.Struct, frozen=True):
    """An object changed into something that cannot be read."""

    malformed: Malformed


class Bookmark(msgspec.Struct, frozen=True):
    """Nothing was missed up to `resource_version`: all that is known is current. Ends a Stale."""

    resource_version: str


class Stale(msgspec.Struct, frozen=True):
    """From here on nothing is seen until a Bookmark, a Reset or a change comes. `retry_in` is in seconds."""

    failure: Failure
    retry_in: float


Change = Reset | Upsert | Delete | Unreadable | Bookmark | Stale


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


async def watch(
    connection: Connection,
    question: Question,
    *,
    credential: Callable[[], Awaitable[Credential]] | None = None,
    since: str = "",
    streaming_lists: bool = True,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[Change, None]:
    """Changes without end: a Reset first. Never raises for what the cluster does; close the iterator to end it.

    With `since`, the resourceVersion of a state already known, only what changed after it comes, a Bookmark when that is
    all; a Reset where the server no longer knows that version.
    `credential` is asked before every request, so that renewed tokens are used; what it raises is for the caller.
    `question.name` must be empty. Holds at most one line and, while a streaming list runs, `max_objects` objects.
    """
    stream = _Stream(question, since, streaming_lists=streaming_lists)
    loop = asyncio.get_running_loop()
    pause = _FIRST_PAUSE
    while True:
        if credential is not None:
            connection = connection.with_credential(await credential())
        began = loop.time()
        failure: Failure | None = None
        try:
            async with aclosing(stream.run(connection)) as changes:
                async for change in changes:
                    yield change
        except _NoStreamingLists:
            stream.streaming_lists = False
            continue
        except _Expired:
            # Jitter, below: after a compaction all watches of all clients find out at the same moment.
            stream.version = ""
        except AnswerRefused as refused:
            failure = refused.failure
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
            yield Stale(failure, wait)
        await sleep(wait)
        pause = min(pause * 2, _LONGEST_PAUSE)


class _Stream:
    """Where one watch stands between its streams. `version` "" means that nothing is known yet."""

    def __init__(self, question: Question, version: str, *, streaming_lists: bool) -> None:
        self.question = question
        self.path = question.type.path(question.namespace)
        self.streaming_lists = streaming_lists
        self.version = version

    async def run(self, connection: Connection) -> AsyncGenerator[Change, None]:
        """One stream from where we stand to its end, with the list before it where nothing is known."""
        resumed = bool(self.version)
        if not self.version and not self.streaming_lists:
            listed = await list_objects(connection, self.question)
            self.version = listed.resource_version
            yield Reset(
                objects=listed.objects,
                malformed=listed.malformed,
                resource_version=listed.resource_version,
                truncated=listed.truncated,
            )
        initial = _Initial(connection.limits.max_objects) if not self.version else None
        silence = connection.limits.watch_silence
        lines = Lines(connection.limits.max_line)
        loop = asyncio.get_running_loop()
        list_until = loop.time() + connection.limits.watch_start
        async with connection.open("GET", self.path, self._query(initial), stream=True) as response:
            if not 200 <= response.status < 300:
                failure = await refusal(response)
                if initial is not None and failure.status in (400, 410, 422):
                    raise _NoStreamingLists
                if failure.code is FailureCode.GONE:
                    raise _Expired
                raise AnswerRefused(failure)
            if initial is None and not resumed:
                yield Bookmark(self.version)
            while True:
                try:
                    async with asyncio.timeout_at(list_until if initial is not None else None):
                        piece = await response.piece(_REFUSED_WITHIN if resumed else silence)
                except TimeoutError:
                    raise _NoStreamingLists from None
                except AnswerRefused as refused:
                    if refused.failure.code is FailureCode.BODY_TIMEOUT and resumed:
                        resumed = False
                        yield Bookmark(self.version)
                        continue
                    if refused.failure.code is FailureCode.BODY_TIMEOUT:
                        return  # silent: resume on a new connection, which shows whether the server is there
                    raise
                if not piece:
                    if initial is not None:
                        raise _NoStreamingLists
                    return
                for line in lines.feed(piece):
                    change, ended = self._change(line, connection, initial)
                    if initial is not None and ended:
                        yield initial.reset(self.version)
                        initial = None
                    elif change is not None and initial is not None:
                        initial.take(change)
                    elif change is not None:
                        yield change
                if resumed:
                    resumed = False
                    yield Bookmark(self.version)

    def _query(self, initial: "_Initial | None") -> Query:
        query = [*selectors(self.question), ("watch", "true"), ("allowWatchBookmarks", "true")]
        query.append(("timeoutSeconds", str(random.randint(*_SERVER_TIMEOUT))))  # noqa: S311
        if initial is not None:
            return [*query, ("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan")]
        return [*query, ("resourceVersion", self.version)]

    def _change(
        self, line: bytes, connection: Connection, initial: "_Initial | None"
    ) -> tuple[Change | None, bool]:
        """The change of one line, and whether it ends the initial events. Raises _Expired, AnswerRefused."""
        try:
            event = _event(line)
        except RecursionError:
            return Unreadable(Malformed("an object", "nests deeper than Python can follow")), False
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise _wrong("a line of the watch is no event") from None
        if event.type == "ERROR":
            refused = _refused(event.object)
            raise _NoStreamingLists if initial is not None and isinstance(refused, _Expired) else refused
        try:
            meta = _object(event.object).metadata
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return Unreadable(Malformed("an object", "its metadata cannot be read")), False
        if event.type == "BOOKMARK":
            self._advance(meta, initial)
            return Bookmark(meta.resource_version), (meta.annotations or {}).get(INITIAL_EVENTS_END) == "true"
        if event.type not in ("ADDED", "MODIFIED", "DELETED"):
            raise _wrong("a line of the watch is an event of an unknown type")
        self._advance(meta, initial)
        found = decode_object(event.object, self.question.type, max_nesting=connection.limits.max_nesting)
        if isinstance(found, Malformed):
            return Unreadable(found), False
        return (Delete(found) if event.type == "DELETED" else Upsert(found)), False

    def _advance(self, meta: _Meta, initial: "_Initial | None") -> None:
        """While initial events come, only their end is a version to resume from: they are in no order."""
        if meta.resource_version and (initial is None or INITIAL_EVENTS_END in (meta.annotations or {})):
            self.version = meta.resource_version


class _Initial:
    """The objects of a streaming list, until it has ended."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._objects: dict[tuple[str, str], KubeObject] = {}
        self._malformed: list[Malformed] = []
        self._truncated = False

    def take(self, change: Change) -> None:
        match change:
            case Upsert(found):
                key = (found.namespace, found.name)
                if key in self._objects or len(self._objects) < self._most:
                    self._objects[key] = found
                else:
                    self._truncated = True
            case Delete(found):
                self._objects.pop((found.namespace, found.name), None)
            case Unreadable(malformed) if len(self._malformed) < self._most:
                self._malformed.append(malformed)
            case _:
                pass

    def reset(self, version: str) -> Reset:
        return Reset(
            objects=tuple(self._objects.values()),
            malformed=tuple(self._malformed),
            resource_version=version,
            truncated=self._truncated,
        )


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
