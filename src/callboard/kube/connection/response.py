"""An answer taken piece by piece: logs, watches, whatever is passed on."""

import asyncio
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import aiohttp
import msgspec

from callboard.base.tasks import without_frames
from callboard.kube.connection.exchange import Answered
from callboard.kube.failure import AnswerRefused, failure_of_exception, failure_of_status
from callboard.kube.loop.idle_timeout import IdleTimeout, IdleTimeouts
from callboard.model.outcome import Failure, FailureCode

__all__ = ["MOST_OF_A_REFUSAL", "PIECE", "Response", "WholeAnswer", "refusal"]

MOST_OF_A_REFUSAL: Final = 64 * 1024
MOST_GROWTH: Final = 50
"""Times as long as what came may be what it is inflated to: objects of a cluster come to ten times; of what is more, nothing is
kept, for lists come eight at once."""
_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS
PIECE: Final = 64 * 1024
"""Bytes that are taken at once: some ten pods, read in one to two milliseconds. A list in which more had come already held up
everybody else for ten."""


class WholeAnswer(msgspec.Struct, frozen=True):
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Response:
    """An answer whose body is still to be read; its pieces are as they came, unless they are to be `inflated`."""

    def __init__(
        self, answer: aiohttp.ClientResponse | Answered, idle: float, silences: IdleTimeouts
    ) -> None:
        self._answer = answer
        self._silences = silences
        self.idle = idle
        self._silence: IdleTimeout | None = None
        self._unpack: Callable[[bytes], Iterator[bytes]] | None = None
        self._unpacked: Iterator[bytes] = iter(())
        self._came = self._grown = 0

    def inflated(self) -> None:
        """From here on `piece` gives what came inflated, as much at once as it does otherwise. Raises AnswerRefused for what
        nobody asked for; later, of what is broken, or grows as no objects do."""
        self._unpack = unpacker(self._answer.headers.get("Content-Encoding", ""))

    @contextmanager
    def heard(self, silence: float) -> Iterator[IdleTimeout]:
        """Within it, `piece` ends with BODY_TIMEOUT after so many seconds of silence, unless it is given an `idle` of its own.
        For answers of many small pieces: a deadline for each would cost more than reading it."""
        with IdleTimeout(self._answer.content, silence, self._silences) as self._silence:
            yield self._silence

    @property
    def status(self) -> int:
        return self._answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._answer.headers

    async def piece(self, idle: float | None = None) -> bytes:
        """What has come since the last call, `PIECE` bytes of it at most; b"" at the end. Raises AnswerRefused, also after `idle`
        seconds without a byte (default: the limits')."""
        if self._unpack is None:
            return await self._piece(idle)
        while True:
            for part in self._unpacked:
                self._grown += len(part)
                if self._grown > max(self._came, PIECE) * MOST_GROWTH:
                    raise _grown()
                if part:
                    return part
            packed = await self._piece(idle)
            if not packed:
                return b""
            self._came += len(packed)
            self._unpacked = self._unpack(packed)

    async def _piece(self, idle: float | None) -> bytes:
        wait = self.idle if idle is None else idle
        content = self._answer.content
        try:
            if (piece := content.read_nowait(PIECE)) or content.at_eof():
                return piece  # it is there already: no deadline to set and to take back
            if self._silence is not None and idle is None:
                wait = self._silence.most
                return await self._silence.until(content.read(PIECE))
            async with asyncio.timeout(wait):
                return await content.read(PIECE)
        except TimeoutError as error:
            without_frames(error)
            message = f"nothing came for {wait:g} s in the middle of the answer"
            raise AnswerRefused(Failure(code=FailureCode.BODY_TIMEOUT, message=message)) from None
        except (aiohttp.ClientError, OSError) as error:
            raise AnswerRefused(failure_of_exception(without_frames(error))) from None

    def more(self) -> bytes:
        """What has come since, as far as it can be told without waiting; what is wrong, the next piece tells."""
        if self._unpack is not None:
            return b""
        try:
            return self._answer.content.read_nowait(PIECE)
        except (aiohttp.ClientError, OSError):
            return b""

    async def read(self, most: int) -> bytes:
        """The whole body, inflated. Raises AnswerRefused, with TOO_LARGE beyond `most` bytes (counted after inflating)."""
        length = self._answer.content_length
        if length is not None and length > most:
            raise _too_large(most)
        unpack = unpacker(self._answer.headers.get("Content-Encoding", ""))
        pieces: list[bytes] = []
        size = came = 0
        while piece := await self.piece():
            came += len(piece)
            if came > most:
                raise _too_large(most)
            for part in unpack(piece) if unpack is not None else (piece,):
                size += len(part)
                if size > most or size > max(came * MOST_GROWTH, PIECE * MOST_GROWTH):
                    raise _too_large(most)
                pieces.append(part)
                if unpack is not None and len(part) >= PIECE:
                    await asyncio.sleep(0)  # a few bytes may become megabytes
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def unpacker(encoding: str) -> Callable[[bytes], Iterator[bytes]] | None:
    """What inflates the pieces of a body, `PIECE` bytes at a time; None where it is not compressed. Raises AnswerRefused for what
    nobody asked for, and from the iterator for what is broken."""
    if encoding.strip().lower() in ("", "identity"):
        return None
    if encoding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        raise _not_readable("the answer is compressed in a way that nobody asked for")
    inflating = zlib.decompressobj(_GZIP_OR_ZLIB)

    def unpack(piece: bytes) -> Iterator[bytes]:
        nonlocal inflating
        try:
            while piece:
                if inflating.eof:  # several of them in a row are one
                    inflating = zlib.decompressobj(_GZIP_OR_ZLIB)
                yield inflating.decompress(piece, PIECE)
                piece = inflating.unconsumed_tail or inflating.unused_data
        except zlib.error:
            raise _not_readable("the answer is compressed, and broken") from None

    return unpack


def _not_readable(message: str) -> AnswerRefused:
    return AnswerRefused(Failure(code=FailureCode.NOT_JSON, message=message))


async def refusal(response: Response) -> Failure:
    """The Failure of an answer that is no 2xx; reads at most 64 KiB of it, and no longer than one may wait for a piece:
    a stream has no deadline for the whole, and the words of a refusal are not worth more."""
    try:
        async with asyncio.timeout(response.idle):
            body = await response.read(MOST_OF_A_REFUSAL)
    except (AnswerRefused, TimeoutError):
        body = b""
    return failure_of_status(response.status, response.headers, body)


def _grown() -> AnswerRefused:
    message = f"the answer grows to more than {MOST_GROWTH} times what came of it when it is inflated"
    return AnswerRefused(Failure(code=FailureCode.TOO_LARGE, message=message))


def _too_large(most: int) -> AnswerRefused:
    """An answer longer than is read."""
    message = f"the answer is larger than the {most // 1024} KiB that are read"
    return AnswerRefused(Failure(code=FailureCode.TOO_LARGE, message=message))
