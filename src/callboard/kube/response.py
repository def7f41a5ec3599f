"""An answer taken piece by piece: logs, watches, whatever is passed on."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import aiohttp
import msgspec

from callboard.base.tasks import without_frames
from callboard.kube.failure import AnswerRefused, failure_of_exception, failure_of_status
from callboard.kube.silence import Silence, Silences
from callboard.model.outcome import Failure, FailureCode

__all__ = ["MOST_OF_A_REFUSAL", "PIECE", "Response", "WholeAnswer", "refusal"]

MOST_OF_A_REFUSAL: Final = 64 * 1024
PIECE: Final = 64 * 1024
"""Bytes that are taken at once: some ten pods, read in one to two milliseconds. A list in which more had come already held up
everybody else for ten."""


class WholeAnswer(msgspec.Struct, frozen=True):
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Response:
    """An answer whose body is still to be read."""

    def __init__(self, answer: aiohttp.ClientResponse, idle: float, silences: Silences) -> None:
        self._answer = answer
        self._silences = silences
        self.idle = idle
        self._silence: Silence | None = None

    @contextmanager
    def heard(self, silence: float) -> Iterator[Silence]:
        """Within it, `piece` ends with BODY_TIMEOUT after so many seconds of silence, unless it is given an `idle` of its own.
        For answers of many small pieces: a deadline for each would cost more than reading it."""
        with Silence(self._answer.content, silence, self._silences) as self._silence:
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
        wait = self.idle if idle is None else idle
        content = self._answer.content
        try:
            if piece := content.read_nowait(PIECE):
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
        try:
            return self._answer.content.read_nowait(PIECE)
        except (aiohttp.ClientError, OSError):
            return b""

    async def read(self, most: int) -> bytes:
        """The whole body. Raises AnswerRefused, with TOO_LARGE beyond `most` bytes (counted after inflating)."""
        length = self._answer.content_length
        if length is not None and length > most:
            raise _too_large(most)
        pieces: list[bytes] = []
        size = 0
        while piece := await self.piece():
            size += len(piece)
            if size > most:
                raise _too_large(most)
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def refusal(response: Response) -> Failure:
    """The Failure of an answer that is no 2xx; reads at most 64 KiB of it, and no longer than one may wait for a piece:
    a stream has no deadline for the whole, and the words of a refusal are not worth more."""
    try:
        async with asyncio.timeout(response.idle):
            body = await response.read(MOST_OF_A_REFUSAL)
    except (AnswerRefused, TimeoutError):
        body = b""
    return failure_of_status(response.status, response.headers, body)


def _too_large(most: int) -> AnswerRefused:
    """An answer longer than is read."""
    message = f"the answer is larger than the {most // 1024} KiB that are read"
    return AnswerRefused(Failure(code=FailureCode.TOO_LARGE, message=message))
