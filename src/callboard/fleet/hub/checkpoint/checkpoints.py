"""When checkpoints are written; `reading` has what a stream begins with."""

import asyncio
import random
import threading
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec
import structlog

from callboard.base.clock import Clock
from callboard.base.own_files import NotOurs
from callboard.base.settings import CheckpointSettings
from callboard.fleet.hub.checkpoint.files import Files
from callboard.fleet.hub.checkpoint.form import Header, TooLarge
from callboard.fleet.hub.checkpoint.reading import CheckpointReading, Place, Restored
from callboard.model.objects import PackedObject
from callboard.model.outcome import Malformed

__all__ = ["Checkpoints", "Moment", "Writable"]

QUIET: Final = 12
"""Intervals after which a stream is written although nothing has changed in it: for a version that can still be resumed, and
so that its file is not taken for one that nobody needs."""
ROUND: Final = 5.0
"""Seconds between two looks at what is due, at most."""
UNTIDY: Final = 16
"""What has been written since the directory was last tidied may be one part of so many of what it may hold in all: looking at
hundreds of files costs what writing ten of them does."""
STOPPING: Final = 5.0
"""Seconds that writing may take when Callboard stops: with what else stops, below the 30 s Kubernetes gives a pod."""
WRITERS: Final = 2
"""Files written at the same time when Callboard stops: one is made while the other goes to disk."""

_UNWRITTEN: Final = -1
_REMOVED: Final = -2

log = structlog.get_logger(__name__)


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """A stream's state at one moment; `objects` is a list of its own."""

    version: str
    as_of: datetime
    objects: Sequence[PackedObject]
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


class _Written(msgspec.Struct):
    """What was written last of one stream, as of when, or when it is to be written first."""

    due: float
    changes: int = _UNWRITTEN
    quiet_until: float = 0.0
    as_of: datetime | None = None


class Checkpoints:
    """`run` in a task of the owner; `finish` while the streams still hold what they hold. The directory is made when a stream
    first asks for its file. `judged` says by what objects are found to be well; files of others are shown and listed anew."""

    def __init__(
        self,
        files: Files,
        settings: CheckpointSettings,
        clock: Clock,
        *,
        judged: str = "",
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._files = files
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        self._judged = judged
        self._starting = asyncio.Lock()
        self._reading = CheckpointReading(files, clock, judged)
        self._ready: bool | None = None
        self._written: dict[str, _Written] = {}
        self._stop = threading.Event()
        self._one = asyncio.Lock()
        self._finishing = False
        self._refused = False
        self._untidy = 0
        """Bytes written since the directory was last tidied."""
        self._tidy_at = 0.0
        self.written = 0
        """Files so far, for tests and figures."""

    @property
    def read(self) -> int:
        """Files that were read to their end so far."""
        return self._reading.files

    @property
    def blocks(self) -> int:
        """Blocks read of those."""
        return self._reading.blocks

    async def _start(self) -> bool:
        """Make the directory ready, once; whether it is."""
        async with self._starting:
            if self._ready is None:
                try:
                    await asyncio.to_thread(self._files.prepare)
                    await asyncio.to_thread(self._files.tidy, self._settings.max_bytes)
                    self._ready = True
                except (NotOurs, OSError) as error:
                    self._ready = False
                    log.error(
                        "the checkpoint's directory cannot be used; a restart will list everything anew",
                        error=str(error),
                    )
        return self._ready

    async def restore(self, place: Place, into: Restored) -> None:
        """Give the stream what was written of it, as `CheckpointReading.restore`. Never raises for what a file is."""
        if not self._settings.enabled or not place.name or not (self._ready or await self._start()):
            return
        header = await self._reading.restore(place, into)
        if header is not None:
            now = asyncio.get_running_loop().time()
            age = (self._clock.now() - header.as_of).total_seconds()
            due = now + self._settings.every * (0.1 + 0.4 * self._jitter())
            self._written[place.name] = _Written(
                due, 0, due - age + self._settings.every * QUIET, header.as_of
            )

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
            for stream in self._due(list(streams()), loop.time()):
                async with self._one:
                    if not self._finishing:
                        await self._write(stream)
                        await self._tidy(loop.time())

    async def _tidy(self, now: float) -> None:
        """Where much has been written, and once in each interval in which anything was."""
        if self._untidy and (now >= self._tidy_at or self._untidy > self._settings.max_bytes // UNTIDY):
            self._untidy, self._tidy_at = 0, now + self._settings.every
            await asyncio.to_thread(self._files.tidy, self._settings.max_bytes)

    async def finish(self, streams: Collection[Writable], within: float = STOPPING) -> None:
        """Write what was never written, then what has changed since, and then those whose files are older than an interval,
        the important streams first, for so many seconds at most. Never raises."""
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
                log.warning(
                    "some of the checkpoint was not written before the end; a restart lists that anew",
                    why=why,
                    count=len(waiting),
                )
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
        """Those of which the disk does not say what is known, the most important last: what may not be shown any more, then
        what there is no file of, which would have to be listed anew, then what has changed, and of each the low tiers."""
        found: list[tuple[int, int, int, Writable]] = []
        for number, stream in enumerate(streams):
            written = self._written.get(stream.place.name, _Written(0.0))
            rank = self._rank(stream, written)
            if rank:
                found.append((rank, -stream.tier, -number, stream))
        return [stream for *_, stream in sorted(found, key=lambda each: each[:3])]

    def _rank(self, stream: Writable, written: _Written) -> int:
        """How much there is to be lost; 0 where the disk says what is known."""
        if stream.void:
            return 0 if written.changes == _REMOVED else 4
        if written.changes in (_UNWRITTEN, _REMOVED):
            return 3
        if written.changes != stream.changes:
            return 2
        as_of = stream.as_of
        if as_of is None or written.as_of is None:
            return 1
        return int((as_of - written.as_of).total_seconds() >= self._settings.every)

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
            judged=self._judged,
        )
        every = self._settings.every * (0.9 + 0.2 * self._jitter())
        written = _Written(now + every, changes, now + every * QUIET, moment.as_of)
        try:
            size = await asyncio.to_thread(
                self._files.write,
                place.name,
                header,
                moment.objects,
                most=self._settings.max_bytes,
                stopped=self._stop.is_set,
                lasting=lasting,
            )
            self.written += 1
            self._untidy += size
            self._refused = False
        except InterruptedError:
            return
        except (OSError, TooLarge) as error:
            written.changes = _UNWRITTEN
            if not self._refused:
                self._refused = True  # a full disk is told once, not for every stream
                log.error(
                    "the checkpoint cannot be written, so a restart will list anew; it is tried again, and not said again until "
                    "it works",
                    type=place.question.type.key,
                    error=type(error).__name__,
                )
        self._written[place.name] = written
