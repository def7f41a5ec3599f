"""When checkpoints are written, and what a stream begins with."""

import asyncio
import hashlib
import os
import random
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

import msgspec
import structlog

from callboard.base.clock import Clock
from callboard.base.errors import Unavailable
from callboard.base.settings import CheckpointSettings
from callboard.fleet.hub.checkpoint.files import Files
from callboard.fleet.hub.checkpoint.form import Header, NotWhole, Reader, TooLarge
from callboard.fleet.hub.checkpoint.unread import Unread
from callboard.fleet.hub.index import ObjectIndex
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
TOGETHER: Final = 64
"""Checkpoints opened in one go and told together: a page that waits for some of them is drawn anew once for all."""
STOPPING: Final = 5.0
"""Seconds that writing may take when Callboard stops: with what else stops, below the 30 s Kubernetes gives a pod."""
WRITERS: Final = 2
"""Files written at the same time when Callboard stops: one is made while the other goes to disk."""

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
    def tier(self) -> int:
        """How little it matters: what matters most has the lowest."""
        ...

    @property
    def as_of(self) -> datetime | None:
        """When what it holds was last known to be current."""
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


class _Written(msgspec.Struct):
    """What was written last of one stream, as of when, or when it is to be written first."""

    due: float
    changes: int = _UNWRITTEN
    quiet_until: float = 0.0
    as_of: datetime | None = None


class _Asked:
    """Somebody who waits for a checkpoint to be opened. `found` is what came of it, when it is `done`."""

    def __init__(self, place: Place, into: Restored) -> None:
        self.place, self.into = place, into
        self.done = False
        self.found: Unread | Exception | None = None


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
        self._opening = asyncio.Lock()
        self._taking_in = asyncio.Lock()
        self._waiting: list[_Asked] = []
        self._ready: bool | None = None
        self._written: dict[str, _Written] = {}
        self._stop = threading.Event()
        self._one = asyncio.Lock()
        self._finishing = False
        self._refused = False
        self.written = self.read = self.blocks = 0
        """Files so far, and blocks read of those, for tests and figures."""

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
        """Give the stream what was written of it, if that is its own and ours: what is `wanted` of it at once, all of it when
        this returns. Never raises for what a file is."""
        if not self._settings.enabled or not place.name or not (self._ready or await self._start()):
            return
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
                await self._take_in(place, asked.found, into)
        except (NotWhole, OSError) as error:
            into.not_restored()
            words = error.args[0] if isinstance(error, NotWhole) else type(error).__name__
            log.warning("checkpoint-ignored", file=place.name, type=place.question.type.key, why=words)
            await asyncio.to_thread(self._files.remove, place.name)
        except Exception as error:
            into.not_restored()
            log.error("checkpoint-not-read", type=place.question.type.key, exc_info=error)
        except BaseException:
            into.not_restored()
            raise
        finally:
            if not asked.done:
                self._waiting.remove(asked)

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
                old = self._clock.now() - header.as_of > RESUMABLE
                asked.into.restored(msgspec.structs.replace(header, version="") if old else header, opened)

    def _open(self, asked: _Asked, wanted: Collection[Question]) -> "Unread | Exception | None":
        """Blocks. What the file holds, as it is read when it is asked for; read already of that what is wanted."""
        place, into = asked.place, asked.into
        try:
            file = self._files.open(place.name)
            if file is None:
                return None
            with closing(file):
                reader = Reader(file, os.fstat(file.fileno()).st_size)
                header = reader.header()
                if (header.source, header.question) != (place.source, place.question):
                    raise NotWhole("it is of another source or question")
                if header.as_of > self._clock.now():
                    raise NotWhole("it is from the future")
                contents = reader.contents()
            found = Unread(contents, partial(self._files.open, place.name), into.not_restored)
            for question in wanted:
                found.read(question)
        except Exception as error:
            return error
        return found

    async def _take_in(self, place: Place, unread: Unread, into: Restored) -> None:
        """All of it, one stream after the other and resting in between: nobody waits for that."""
        try:
            async with self._taking_in:
                objects = await asyncio.to_thread(unread.taken_in)
        finally:
            unread.ended = True
            self.blocks += unread.blocks
        self.read += 1
        header = unread.header
        now = asyncio.get_running_loop().time()
        age = (self._clock.now() - header.as_of).total_seconds()
        due = now + self._settings.every * (0.1 + 0.4 * self._jitter())
        into.taken_in(objects)
        self._written[place.name] = _Written(due, 0, due - age + self._settings.every * QUIET, header.as_of)

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
        """Write what has changed since it was written, the important streams first, and then those whose files are older than
        an interval, for so many seconds at most. Never raises."""
        if not self._ready:
            return
        self._finishing = True
        waiting = self._unsaid([s for s in streams if s.place.name])
        timer = asyncio.get_running_loop().call_later(within, self._stop.set)
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(WRITERS):
                    group.create_task(self._finish(waiting, alone=not number))
            if waiting:
                why = f"they took more than {within:g} seconds"
                log.warning("checkpoints-left-out", why=why, count=len(waiting))
            await asyncio.to_thread(self._files.tidy, self._settings.max_bytes)
        finally:
            timer.cancel()
            self._ready = False

    async def _finish(self, waiting: list[Writable], *, alone: bool) -> None:
        if alone:
            async with self._one:
                pass  # what was being written is written
        while waiting and not self._stop.is_set():
            await self._write(waiting.pop(), lasting=False)

    def _unsaid(self, streams: list[Writable]) -> list[Writable]:
        """Those of which the disk does not say what is known, the most important last."""
        found: list[tuple[bool, int, int, Writable]] = []
        for number, stream in enumerate(streams):
            written = self._written.get(stream.place.name, _Written(0.0))
            as_of, changed = stream.as_of, stream.void or written.changes != stream.changes
            if not changed and as_of is not None and written.as_of is not None:
                age = as_of - written.as_of
                if age.total_seconds() < self._settings.every:
                    continue
            found.append((changed, -stream.tier, -number, stream))
        return [stream for *_, stream in sorted(found, key=lambda each: each[:3])]

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

    async def _write(self, stream: Writable, *, lasting: bool = True) -> None:
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
        written = _Written(now + every, changes, now + every * QUIET, moment.as_of)
        try:
            await asyncio.to_thread(
                self._files.write,
                place.name,
                header,
                moment.objects,
                most=self._settings.max_bytes,
                stopped=self._stop.is_set,
                lasting=lasting,
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
