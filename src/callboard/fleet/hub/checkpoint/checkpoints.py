"""When checkpoints are written, and what a stream begins with."""

import asyncio
import hashlib
import os
import random
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import BinaryIO, Final, Protocol

import msgspec
import structlog

from callboard.base.clock import Clock
from callboard.base.errors import Unavailable
from callboard.base.settings import CheckpointSettings
from callboard.fleet.hub.checkpoint.files import Files
from callboard.fleet.hub.checkpoint.form import Header, NotWhole, Reader, TooLarge
from callboard.fleet.hub.port import SourceKey
from callboard.model.objects import Kept
from callboard.model.outcome import Malformed, Question
from callboard.model.resource import EVENTS, POD_METRICS

__all__ = ["Checkpoints", "Moment", "Place", "Restored", "Writable"]

QUIET: Final = 12
"""Intervals after which a stream is written although nothing has changed in it: for a version that can still be resumed, and
so that its file is not taken for one that nobody needs."""
ROUND: Final = 5.0
"""Seconds between two looks at what is due, at most."""
RESUMABLE: Final = timedelta(hours=1)
"""How old a version may be to be resumed from. API servers seldom know older ones, and one that was put back to a backup in the
meantime would take them for its own future, and say nothing."""
AT_ONCE: Final = 4
"""Files read at the same time, in the order in which streams ask: one cluster after the other is complete."""
BLOCKS: Final = 4
"""Blocks read in one go."""
TOGETHER: Final = 1.0
"""Seconds between two moments at which what has been read is told while more is being read: each telling draws pages anew, and
takes that time from the reading."""
FIRST: Final = 10.0
"""Seconds, likewise, between two moments at which restored streams go on to ask their clusters: nobody waits for that now, and
everybody for the rest."""
STOPPING: Final = 5.0
"""Seconds that writing may take when Callboard stops: with what else stops, below the 30 s Kubernetes gives a pod."""

_NEVER: Final = frozenset({"secrets", EVENTS.key, POD_METRICS.key})
"""Secrets: nothing of them is kept anywhere. Events: they last an hour, are never waited for, and are asked anew. What pods
use is worthless a minute later."""

_UNWRITTEN: Final = -1
_REMOVED: Final = -2

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


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """A stream's state at one moment; `objects` is a list of its own."""

    version: str
    as_of: datetime
    objects: Sequence[Kept]
    malformed: tuple[Malformed, ...]
    truncated: bool


class Writable(Protocol):
    """A stream, as this sees it."""

    @property
    def place(self) -> Place:
        """What it is of."""
        ...

    @property
    def changes(self) -> int:
        """Goes up with every change of what it holds."""
        ...

    @property
    def void(self) -> bool:
        """Whether what was written of it may not be shown any more."""
        ...

    def moment(self) -> Moment | None:
        """Its state now; None where it has none that may be written."""
        ...


class Restored(Protocol):
    """Where the objects of a checkpoint go."""

    def restore(self, objects: Sequence[Kept]) -> None:
        """Some of them. Nobody may be told of them yet."""
        ...

    def restored(self, header: Header) -> None:
        """That was all, and it was whole."""
        ...

    def not_restored(self) -> None:
        """What came so far is void."""
        ...


class _Written(msgspec.Struct):
    """What was written last of one stream, or when it is to be written first."""

    due: float
    changes: int = _UNWRITTEN
    quiet_until: float = 0.0


class _Opened:
    """A file that is being read; `blocks` holds what was read last, `whole` says that it was all."""

    def __init__(self, file: BinaryIO, reader: Reader, header: Header) -> None:
        self.file, self.header = file, header
        self.blocks: list[list[Kept]] = []
        self.whole = False
        self._reader = reader

    def go_on(self) -> None:
        """Blocks. Some more: many enough that waking a thread is cheap beside them."""
        self.blocks = []
        while not self.whole and len(self.blocks) < BLOCKS:
            block = self._reader.block()
            if block is None:
                self.whole = True
            else:
                self.blocks.append(block)


class Checkpoints:
    """`run` in a task of the owner; `finish` while the streams still hold what they hold. The directory is made when a stream
    first asks for its file."""

    def __init__(
        self,
        files: Files,
        settings: CheckpointSettings,
        clock: Clock,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._files = files
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        self._starting = asyncio.Lock()
        self._reading = asyncio.Semaphore(AT_ONCE)
        self._unread = 0
        self._all_read = asyncio.Event()
        self._ready: bool | None = None
        self._written: dict[str, _Written] = {}
        self._stop = threading.Event()
        self._one = asyncio.Lock()
        self._finishing = False
        self._refused = False
        self.written = self.read = 0
        """Files so far, for tests and figures."""

    async def _start(self) -> bool:
        """Make the directory ready, once; whether it is."""
        async with self._starting:
            if self._ready is None:
                try:
                    await asyncio.to_thread(self._files.prepare)
                    await asyncio.to_thread(self._files.tidy, self._settings.max_bytes)
                    self._ready = True
                except (Unavailable, OSError) as error:
                    self._ready = False
                    log.error("checkpoints-unavailable", error=str(error))
        return self._ready

    async def restore(self, place: Place, into: Restored) -> None:
        """Give the stream what was written of it, if that is whole, its own and ours; return when others who ask now have
        theirs. Never raises for what a file is."""
        if not self._settings.enabled or not place.name or not (self._ready or await self._start()):
            return
        self._unread += 1
        self._all_read.clear()
        try:
            async with self._reading:
                header = await self._restore(place, into)
        except (NotWhole, OSError) as error:
            into.not_restored()
            words = error.args[0] if isinstance(error, NotWhole) else type(error).__name__
            log.warning("checkpoint-ignored", file=place.name, type=place.question.type.key, why=words)
            await asyncio.to_thread(self._files.remove, place.name)
            return
        except Exception as error:
            into.not_restored()
            log.error("checkpoint-not-read", type=place.question.type.key, exc_info=error)
            return
        except BaseException:
            into.not_restored()
            raise
        finally:
            self._unread -= 1
            if not self._unread:
                self._all_read.set()
        if header is not None:
            await self._together(TOGETHER)
            into.restored(header)
            await self._together(FIRST)

    async def _together(self, most: float) -> None:
        """Wait until nothing more is to be read, or until the next moment, so many seconds apart, at which many go on."""
        loop = asyncio.get_running_loop()
        with suppress(TimeoutError):
            async with asyncio.timeout_at((loop.time() // most + 1) * most):
                await self._all_read.wait()

    async def _restore(self, place: Place, into: Restored) -> Header | None:
        opened = await asyncio.to_thread(self._open, place)
        if opened is None:
            return None
        try:
            while True:
                for number, objects in enumerate(opened.blocks):
                    if number:
                        await asyncio.sleep(0)
                    into.restore(objects)
                if opened.whole:
                    break
                await asyncio.to_thread(opened.go_on)
        finally:
            opened.file.close()
        self.read += 1
        header = opened.header
        old = self._clock.now() - header.as_of > RESUMABLE
        return msgspec.structs.replace(header, version="") if old else header

    def _open(self, place: Place) -> "_Opened | None":
        """Blocks. The file with its first objects: most have no others."""
        file = self._files.open(place.name)
        if file is None:
            return None
        try:
            reader = Reader(file, os.fstat(file.fileno()).st_size)
            header = reader.header()
            if (header.source, header.question) != (place.source, place.question):
                raise NotWhole("it is of another source or question")
            if header.as_of > self._clock.now():
                raise NotWhole("it is from the future")
            opened = _Opened(file, reader, header)
            opened.go_on()
        except BaseException:
            file.close()
            raise
        return opened

    async def run(self, streams: Callable[[], Collection[Writable]]) -> None:
        """Write what is due, one file after the other, until cancelled; where checkpoints are switched off, remove those
        there are."""
        if not self._settings.enabled:
            await asyncio.to_thread(self._files.clear)
            return
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(ROUND, self._settings.every / 4))
            if self._finishing:
                return
            if not self._ready:
                continue
            before = self.written
            for stream in self._due(list(streams()), loop.time()):
                async with self._one:
                    if not self._finishing:
                        await self._write(stream)
            if self.written > before:
                await asyncio.to_thread(self._files.tidy, self._settings.max_bytes)

    async def finish(self, streams: Collection[Writable], within: float = STOPPING) -> None:
        """Write all that has gone on since it was written, changes first, for so many seconds at most. Never raises."""
        if not self._ready:
            return
        self._finishing = True
        known = self._written
        waiting = [s for s in streams if s.place.name]
        waiting.sort(key=lambda s: (w := known.get(s.place.name)) is not None and w.changes == s.changes)
        timer = asyncio.get_running_loop().call_later(within, self._stop.set)
        try:
            for stream in waiting:
                if self._stop.is_set():
                    log.warning("checkpoints-left-out", why=f"they took more than {within:g} seconds")
                    break
                async with self._one:
                    await self._write(stream)
            await asyncio.to_thread(self._files.tidy, self._settings.max_bytes)
        finally:
            timer.cancel()
            self._ready = False

    def _due(self, streams: Collection[Writable], now: float) -> list[Writable]:
        """What is to be written now. What is new waits for a part of the interval, each for another."""
        found: list[Writable] = []
        known: dict[str, _Written] = {}
        for stream in streams:
            changes = stream.changes
            name = stream.place.name
            if not name:
                continue
            written = self._written.get(name)
            if written is None:
                written = _Written(now + self._settings.every * (0.1 + 0.4 * self._jitter()))
            known[name] = written
            if stream.void:
                due = written.changes != _REMOVED
            else:
                due = now >= written.due and (changes != written.changes or now >= written.quiet_until)
            if due:
                found.append(stream)
        self._written = known
        return found

    async def _write(self, stream: Writable) -> None:
        """Write one stream; where that fails, the next interval may do better. Never raises."""
        now = asyncio.get_running_loop().time()
        place = stream.place
        changes = stream.changes
        if stream.void:
            await asyncio.to_thread(self._files.remove, place.name)
            self._written[place.name] = _Written(now, _REMOVED)
            return
        moment = stream.moment()
        if moment is None:
            return
        header = Header(
            source=place.source,
            question=place.question,
            resource=moment.objects[0].type if moment.objects else place.question.type,
            version=moment.version,
            as_of=moment.as_of,
            count=len(moment.objects),
            malformed=moment.malformed,
            truncated=moment.truncated,
        )
        every = self._settings.every * (0.9 + 0.2 * self._jitter())
        written = _Written(now + every, changes, now + every * QUIET)
        try:
            await asyncio.to_thread(
                self._files.write,
                place.name,
                header,
                moment.objects,
                most=self._settings.max_bytes,
                stopped=self._stop.is_set,
            )
            self.written += 1
            self._refused = False
        except InterruptedError:
            return
        except (OSError, TooLarge) as error:
            written.changes = _UNWRITTEN
            if not self._refused:
                self._refused = True  # a full disk is told once, not for every stream
                log.error("checkpoint-not-written", type=place.question.type.key, error=type(error).__name__)
        self._written[place.name] = written
