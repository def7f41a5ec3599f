"""What a stream begins with: its checkpoint, opened at once, read where it is asked, and taken in when nobody waits."""

import asyncio
import hashlib
import os
from collections.abc import Collection
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import Final, Protocol

import msgspec
import structlog

from callboard.base.clock import Clock
from callboard.fleet.hub.checkpoint.files import Files
from callboard.fleet.hub.checkpoint.form import CheckpointReader, Header, NotWhole
from callboard.fleet.hub.checkpoint.unread import Unread
from callboard.fleet.hub.holdings.index import ObjectIndex
from callboard.fleet.hub.port import SourceKey
from callboard.model.outcome import Question
from callboard.model.resource import EVENTS, POD_METRICS

__all__ = ["CheckpointReading", "Place", "Restored"]

RESUMABLE: Final = timedelta(hours=1)
"""How old a version may be to be resumed from. API servers seldom know older ones, and one that was put back to a backup in the
meantime would take them for its own future, and say nothing."""
TOGETHER: Final = 64
"""Checkpoints opened in one go and told together: a page that waits for some of them is drawn anew once for all."""
MANY: Final = 10_000
"""Objects beyond which taking them in waits until pages are there: `CALM` seconds in which none of them was asked for, and
`AT_LAST` seconds at most."""
CALM: Final = 1.0
AT_LAST: Final = 5.0

_NEVER: Final = frozenset({"secrets", EVENTS.key, POD_METRICS.key})
"""Secrets: nothing of them is kept anywhere. Events: they last an hour, are never waited for, and are asked anew. What pods
use is worthless a minute later."""

log = structlog.get_logger(__name__)


class Place(msgspec.Struct, frozen=True):
    """Where a stream's checkpoint is, and what it must be of. `name` tells nothing and is the same after a restart; it is ""
    for what may never be written."""

    name: str
    source: str
    question: Question

    @classmethod
    def of(cls, source: SourceKey, question: Question) -> "Place":
        """The place of one question's checkpoint at one source."""
        digest = hashlib.sha256(msgspec.msgpack.encode(source)).hexdigest()
        name = hashlib.sha256(msgspec.msgpack.encode((digest, question))).hexdigest()[:40]
        return cls("" if question.type.key in _NEVER else name, digest, question)


class Restored(Protocol):
    """Where the objects of a checkpoint go."""

    def wanted(self) -> Collection[Question]:
        """What somebody waits for now: it is read before anything else."""
        ...

    def restored(self, header: Header, objects: ObjectIndex) -> None:
        """These are the objects it held: they can be asked for, and neither put nor dropped before they are `taken_in`."""
        ...

    def taken_in(self, objects: ObjectIndex) -> None:
        """The same objects, all of them, in an index of the stream's own."""
        ...

    def not_restored(self) -> None:
        """What came so far is void."""
        ...


class _Asked:
    """Somebody who waits for a checkpoint to be opened. `found` is what came of it, when it is `done`."""

    def __init__(self, place: Place, into: Restored) -> None:
        self.place, self.into = place, into
        self.done = False
        self.found: Unread | Exception | None = None


class CheckpointReading:
    """`files` counts those read to their end, `blocks` what was read of them."""

    def __init__(self, files: Files, clock: Clock, judged: str = "") -> None:
        self._judged = judged
        self._files = files
        self._clock = clock
        self._opening = asyncio.Lock()
        self._taking_in = asyncio.Lock()
        self._waiting: list[_Asked] = []
        self._known = 0
        self._asked_at = 0.0
        self._not_later = float("inf")
        self.files = self.blocks = 0

    async def restore(self, place: Place, into: Restored) -> Header | None:
        """Give the stream what was written of it, if that is its own and ours: what is `wanted` of it at once, all of it when
        this returns, with what it was of. Never raises for what a file is."""
        asked = _Asked(place, into)
        self._waiting.append(asked)
        try:
            await asyncio.sleep(0)  # who asks at the same moment is there as well
            while not asked.done:
                async with self._opening:
                    if not asked.done:
                        await self._open_some()
            if isinstance(asked.found, Exception):
                raise asked.found
            if asked.found is not None:
                await self._take_in(asked.found, into)
                return asked.found.header
        except (NotWhole, OSError) as error:
            into.not_restored()
            words = error.args[0] if isinstance(error, NotWhole) else type(error).__name__
            log.warning(
                "a file of the checkpoint is not whole; it is removed, and listed anew",
                file=place.name,
                type=place.question.type.key,
                why=words,
            )
            await asyncio.to_thread(self._files.remove, place.name)
        except Exception as error:
            into.not_restored()
            log.error(
                "a file of the checkpoint could not be read; it is listed anew",
                type=place.question.type.key,
                exc_info=error,
            )
        except BaseException:
            into.not_restored()
            raise
        finally:
            if not asked.done:
                self._waiting.remove(asked)
        return None

    async def _open_some(self) -> None:
        """Those that somebody waits for before the others; told in one go."""
        waiting = [(asked, asked.into.wanted()) for asked in self._waiting]
        waiting.sort(key=lambda each: not each[1])
        some = waiting[:TOGETHER]
        found = await asyncio.to_thread(lambda: [self._open(asked, wanted) for asked, wanted in some])
        for (asked, _), opened in zip(some, found, strict=True):
            if asked not in self._waiting:
                continue
            self._waiting.remove(asked)
            asked.done, asked.found = True, opened
            if isinstance(opened, Unread):
                header = opened.header
                self._known += len(opened)
                self._note()
                old = self._clock.now() - header.as_of > RESUMABLE
                # what others judged is shown as it was, and listed anew: then it is judged by our rules
                anew = old or header.judged != self._judged
                asked.into.restored(msgspec.structs.replace(header, version="") if anew else header, opened)

    def _open(self, asked: _Asked, wanted: Collection[Question]) -> "Unread | Exception | None":
        """Blocks. What the file holds, as it is read when it is asked for; read already of that what is wanted."""
        place, into = asked.place, asked.into
        try:
            file = self._files.open(place.name)
            if file is None:
                return None
            with closing(file):
                reader = CheckpointReader(file, os.fstat(file.fileno()).st_size)
                header = reader.header()
                if (header.source, header.question) != (place.source, place.question):
                    raise NotWhole("it is of another source or question")
                if header.as_of > self._clock.now():
                    raise NotWhole("it is from the future")
                contents = reader.contents()
                if header.judged != self._judged:
                    contents.judge_anew()
            found = Unread(contents, partial(self._files.open, place.name), into.not_restored, self._note)
            for question in wanted:
                found.read(question)
        except Exception as error:
            return error
        return found

    def _note(self) -> None:
        """Something has been asked for that was not read yet."""
        self._asked_at = asyncio.get_running_loop().time()
        self._not_later = min(self._not_later, self._asked_at + AT_LAST)

    async def _calm(self) -> None:
        """Wait until pages are there; where there is little to take in, for nothing."""
        loop = asyncio.get_running_loop()
        while self._known > MANY:
            left = min(self._asked_at + CALM, self._not_later) - loop.time()
            if left <= 0:
                break
            await asyncio.sleep(left)

    async def _take_in(self, unread: Unread, into: Restored) -> None:
        """All of it, one stream after the other and resting in between: nobody waits for that."""
        try:
            async with self._taking_in:
                await self._calm()
                objects = await asyncio.to_thread(unread.taken_in)
        finally:
            unread.ended = True
            self.blocks += unread.blocks
        self.files += 1
        into.taken_in(objects)
