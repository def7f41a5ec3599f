"""One connection to an API server, one question at a time, each answer taken whole: HTTP/1.1 over a parser in C.

A look at forty clusters is hundreds of answers of a few kilobytes. A client for everything spends four times on each what
sending and reading it takes; what nobody needs here (redirects, cookies, proxies, compression, streams) is left to it.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Final, cast

import httptools
import msgspec

from callboard.kube.failure import AnswerRefused, failure_of_exception
from callboard.model.outcome import Failure, FailureCode

__all__ = ["Channel", "Encoded", "Headers", "Terms", "WholeAnswer", "too_large"]

_MOST_OF_A_HEAD: Final = 64 * 1024
"""Bytes before the body begins: eight times what API servers and aiohttp allow one line of it."""
_BODILESS: Final = (204, 304)


class Headers(Mapping[str, str]):
    """The fields of an answer by name in any case; of several of one name, the first. `fields` have theirs in small letters."""

    def __init__(self, fields: list[tuple[bytes, bytes]]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        wanted = name.lower().encode()
        for key, value in self._fields:
            if key == wanted:
                return value.decode("utf-8", "surrogateescape")
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key.decode("utf-8", "surrogateescape") for key, _ in self._fields))

    def __len__(self) -> int:
        return len(list(iter(self)))


class WholeAnswer(msgspec.Struct, frozen=True):
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Terms(msgspec.Struct, frozen=True):
    """What one question is given. `first_byte` and `idle` are seconds, `until` is the loop's time by which all of it must be
    there and `whole` the seconds that was from the start; `most` is the longest body that is read, `refused` that of an
    answer that is no 2xx, which is cut there."""

    most: int
    refused: int
    first_byte: float
    idle: float
    whole: float
    until: float


class Encoded(Exception):
    """The body is compressed although nobody asked for it."""


class Channel(asyncio.BufferedProtocol):
    """One connection. `left` is called once it is closed.

    `buffer` is where bytes come in; channels of one loop share one, since each takes what came out of it at once. Without it the
    loop sets up and gives back a quarter of a megabyte for each answer over TLS. Its deadlines are one timer, moved on only
    when it fires early: most questions are answered long before.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, left: Callable[["Channel"], None], buffer: memoryview
    ) -> None:
        self._loop = loop
        self._left = left
        self._buffer = buffer
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[WholeAnswer] | None = None
        self._terms: Terms | None = None
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._fields: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._size = 0
        self._head = 0
        self._began = False
        self._framed = True
        self._status = 0
        self.idle_since = 0.0

    @property
    def free(self) -> bool:
        """Whether it can be asked."""
        transport = self._transport
        return self._answer is None and transport is not None and not transport.is_closing()

    def ask(self, request: bytes, terms: Terms) -> "asyncio.Future[WholeAnswer]":
        """Send a request. The answer's future raises AnswerRefused, or Encoded; after any other end than an answer, and if
        nobody waits for it any longer (`close`), the connection is gone."""
        assert self._transport is not None  # noqa: S101 - free
        self._answer = answer = self._loop.create_future()
        self._terms = terms
        self._wait(terms.first_byte)
        self._transport.write(request)
        return answer

    def close(self) -> None:
        """Close it now, whatever it is at."""
        self._answer = None
        if self._transport is not None:
            self._transport.abort()

    def end(self) -> None:
        """Close it now, and tell whoever waits."""
        self._fail(AnswerRefused(_connection("the connection was closed")))

    # what the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        answer, terms = self._answer, self._terms
        if answer is None or terms is None:
            self.close()  # nobody asked
            return
        if not self._began:
            self._head += nbytes
        try:
            self._parser.feed_data(self._buffer[:nbytes])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(_refused(FailureCode.NOT_JSON, "the answer was not HTTP as we know it"))
            return
        if self._answer is not answer:
            return  # it was all there, as most are
        self._wait(terms.idle)
        if not self._began and self._head > _MOST_OF_A_HEAD:
            self._fail(_refused(FailureCode.NOT_JSON, "the answer was not HTTP as we know it"))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._answer is not None:
            self._broken(exc)
        self._transport = None
        self._left(self)

    # what the parser tells

    def on_message_begin(self) -> None:
        if self._answer is None:
            self.close()  # nobody asked

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._status = status = self._parser.get_status_code()
        if status < 200:
            return
        self._began = True
        self._framed = status in _BODILESS
        for name, value in self._fields:
            match name:
                case b"transfer-encoding":
                    self._framed = True
                case b"content-length":
                    self._framed = True
                    if 200 <= status < 300 and self._terms and int(value) > self._terms.most:
                        self._fail(too_large(self._terms.most))
                case b"content-encoding" if value.lower() != b"identity":
                    self._fail(Encoded())

    def on_body(self, body: bytes) -> None:
        terms = self._terms
        if self._answer is None or terms is None:
            return
        self._pieces.append(body)
        self._size += len(body)
        if 200 <= self._status < 300:
            if self._size > terms.most:
                self._fail(too_large(terms.most))
        elif self._size > terms.refused:
            self._done(keep=False)

    def on_message_complete(self) -> None:
        if not self._began:
            self._reset()  # 1xx: the answer follows
        elif self._answer is not None:
            self._done(keep=self._parser.should_keep_alive())

    # how it ends

    def _done(self, *, keep: bool) -> None:
        answer, self._answer = self._answer, None
        self._head = 0
        pieces = self._pieces
        whole = WholeAnswer(
            self._status, Headers(self._fields), pieces[0] if len(pieces) == 1 else b"".join(pieces)
        )
        self._reset()
        if not keep:
            self.close()
        if answer is not None and not answer.done():
            answer.set_result(whole)

    def _fail(self, error: Exception) -> None:
        if self._began and not 200 <= self._status < 300 and isinstance(error, AnswerRefused):
            self._pieces = []
            self._done(
                keep=False
            )  # the refusal stands; the words that go with it are not worth a failure of their own
            return
        answer = self._answer
        self.close()
        self._reset()
        if answer is not None and not answer.done():
            answer.set_exception(error)

    def _broken(self, exc: Exception | None) -> None:
        """The connection ended in the middle."""
        reset = isinstance(exc, ConnectionResetError)
        if not self._began:
            error = exc if isinstance(exc, OSError) else None
            failure = (
                failure_of_exception(error)
                if error
                else _connection("the connection was closed before an answer")
            )
            self._fail(AnswerRefused(failure, unanswered=True))
        elif reset:
            self._fail(AnswerRefused(_connection("the connection was reset in the middle of the answer")))
        elif not self._framed and exc is None:
            self._done(keep=False)  # its end is the end of the connection
        else:
            self._fail(_refused(FailureCode.TRUNCATED, "the answer ends in the middle"))

    def _reset(self) -> None:
        self._fields = []
        self._pieces = []
        self._size = 0
        self._began = False

    # how long it takes

    def _wait(self, seconds: float) -> None:
        assert self._terms is not None  # noqa: S101 - set with the question
        self._due = due = min(self._loop.time() + seconds, self._terms.until)
        timer = self._timer
        if timer is not None and timer.when() > due:
            timer.cancel()
            timer = None
        if timer is None:
            self._timer = self._loop.call_at(due, self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        self._timer = None
        terms = self._terms
        if self._answer is None or terms is None:
            return
        now = self._loop.time()
        if now < self._due:
            self._timer = self._loop.call_at(self._due, self._look_at_the_clock)
        elif self._began:
            words = (
                f"the answer was not complete after {terms.whole:g} s"
                if now >= terms.until
                else f"nothing came for {terms.idle:g} s in the middle of the answer"
            )
            self._fail(_refused(FailureCode.BODY_TIMEOUT, words))
        else:
            seconds = terms.whole if now >= terms.until else terms.first_byte
            self._fail(_refused(FailureCode.RESPONSE_TIMEOUT, f"no answer within {seconds:g} s"))


def too_large(most: int) -> AnswerRefused:
    """An answer longer than is read."""
    return _refused(FailureCode.TOO_LARGE, f"the answer is larger than the {most // 1024} KiB that are read")


def _connection(message: str) -> Failure:
    return Failure(code=FailureCode.CONNECTION, message=message)


def _refused(code: FailureCode, message: str) -> AnswerRefused:
    return AnswerRefused(Failure(code=code, message=message))
