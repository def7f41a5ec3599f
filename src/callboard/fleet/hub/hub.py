"""The one hub of a process: which streams there are, who reads them, and when they end."""

import asyncio
import random
from collections.abc import Callable, Collection, Coroutine, Iterator
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any

import msgspec

from callboard.base.clock import Clock
from callboard.base.errors import Unavailable
from callboard.base.task_owner import TaskOwner
from callboard.base.tasks import keep_running, leaving_nothing
from callboard.fleet.hub.checkpoint.checkpoints import Checkpoints
from callboard.fleet.hub.holdings.holdings import NO_OBJECT, Holdings, HoldingsReader, Labels, ObjectChanged
from callboard.fleet.hub.holdings.room import Room
from callboard.fleet.hub.port import MOST_OF_ONE, Changed, Held, Key, Source, SourceKey, Update, Watcher
from callboard.fleet.hub.scope import candidates, covers_less
from callboard.fleet.hub.streams.budget import Budget, ListPermits
from callboard.fleet.hub.streams.pulse import Pulse
from callboard.fleet.hub.streams.stream import Stream
from callboard.fleet.observer import Observer, Unobserved
from callboard.kube.loop.loop_budget import LoopBudget
from callboard.model.objects import PackedObject
from callboard.model.outcome import Question
from callboard.model.outline import Well, nothing_is_well
from callboard.model.snapshot import ClusterSnapshot

__all__ = ["MOST_PENDING", "Hub"]

MOST_PENDING = 512
"""Changes of one question kept for a reader who has not taken them; beyond it everything is read again instead."""

StreamKey = tuple[SourceKey, Question]
Told = Callable[[str, str, Labels | None, Labels | None], None]
"""Called with a cluster's name, and of one object of it the namespace and the labels before and after."""


class Hub:
    """Implements `port.HubPort`. Use it as an async context manager: leaving it ends every stream.

    A stream is shared by all readers of its source, begins with the first, and goes on for `keep` seconds after the last.
    `well` tells of what is kept whether it need be opened (`model.outline`), `revisit` when a part means another thing although
    nothing of it has changed: both are diagnosis' to say, and handed in by `app`.
    """

    def __init__(
        self,
        watcher: Watcher,
        clock: Clock,
        *,
        observer: Observer | None = None,
        checkpoints: Checkpoints | None = None,
        steps: LoopBudget | None = None,
        jitter: Callable[[], float] = random.random,
        well: Well = nothing_is_well,
        revisit: Callable[[ClusterSnapshot], datetime | None] = lambda _: None,
    ) -> None:
        self.revisit = revisit
        self._well = well
        self.steps = steps or LoopBudget()
        """Shared by everything that does much work at once, so that none of it holds up the loop."""
        self._watcher = watcher
        self._clock = clock
        self._observer = observer or Unobserved()
        self._checkpoints = checkpoints
        self._jitter = jitter
        self._streams: dict[StreamKey, Stream] = {}
        self._running: dict[StreamKey, asyncio.Task[None]] = {}
        self._ending: dict[StreamKey, asyncio.TimerHandle] = {}
        self._budgets: dict[tuple[str, str], Budget] = {}
        self._pulses: dict[tuple[str, str], Pulse] = {}
        self._rooms: dict[tuple[str, str], Room] = {}
        self._places = ListPermits()
        self._tasks = TaskOwner()
        self._writing: asyncio.Task[None] | None = None
        self._told: tuple[Told, ...] = ()
        self.selections = 0
        """Compositions of one service on one cluster, as their owners count them."""
        self.viewers = 0
        """Those who follow a service, likewise."""

    async def __aenter__(self) -> "Hub":
        await self._tasks.__aenter__()
        if self._checkpoints is not None:
            run = partial(self._checkpoints.run, lambda: self.streams)
            self._writing = self.start(keep_running("checkpoints", run), "checkpoints")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._checkpoints is not None:
            await self._checkpoints.finish(self.streams)
        for handle in self._ending.values():
            handle.cancel()
        await self._tasks.__aexit__(kind, error, trace)
        self._streams.clear()
        self._running.clear()

    @property
    def streams(self) -> tuple[Stream, ...]:
        """All there are, for figures and tests."""
        return tuple(self._streams.values())

    def budgets(self) -> Iterator[tuple[str, Budget]]:
        """The budgets of all clusters, with their names."""
        for (name, _), budget in self._budgets.items():
            yield name, budget

    def budget(self, source: Source) -> Budget:
        """The budget of the source's cluster."""
        key = (source.cluster.name, source.cluster.url)
        budget = self._budgets.setdefault(key, Budget(source.settings, self._places))
        budget.settings = source.settings
        return budget

    def pulse(self, source: Source) -> Pulse:
        """The pulse of the source's cluster."""
        key = (source.cluster.name, source.cluster.url)
        found = self._pulses.get(key)
        if found is None:
            budget = self.budget(source)
            start = partial(self.start, name=f"pulse {source.cluster.name}")
            found = self._pulses[key] = Pulse(
                budget, watcher=self._watcher, observer=self._observer, start=start, jitter=self._jitter
            )
        return found

    def start(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        """Run `work`, which must not raise, until it ends or the hub does. Raises Unavailable when the hub is closing."""
        return self._tasks.start(work, name)

    def subscribe(self, source: Source) -> "_Subscription":
        """A reader of this source who wants nothing yet."""
        return _Subscription(self, source)

    # ---- for those who follow all services

    def tell(self, told: Told) -> Callable[[], None]:
        """Call `told` for every change of one object in a stream that many services share, until the function returned is
        called. It must return at once."""
        self._told = (*self._told, told)

        def end() -> None:
            self._told = tuple(each for each in self._told if each is not told)

        return end

    def hold(self, source: Source, question: Question, reader: HoldingsReader) -> Stream:
        """The stream of exactly this question, kept until it is released; `reader` is told of its status, not of objects."""
        stream = self._stream(source, question)
        handle = self._ending.pop(_key(stream), None)
        if handle is not None:
            handle.cancel()
        stream.attach(reader, msgspec.structs.replace(question, name=NO_OBJECT))
        return stream

    def release(self, stream: Stream, reader: HoldingsReader) -> None:
        """Hold the stream no more."""
        stream.detach(reader)
        if not len(stream.held.readers):
            self._end_later(stream)

    def held(self, source: Source, question: Question) -> Holdings | None:
        """What the stream of exactly this question holds, if there is one."""
        stream = self._streams.get((source.key, question))
        return stream.held if stream is not None else None

    # ---- for subscriptions

    def place(self, reader: "_Reader", source: Source) -> None:
        """Attach the reader to the best stream that answers its question, starting one where there is none."""
        scope = source.settings.scope
        refused: Question | None = None
        options = candidates(reader.question, scope)
        for option in options:
            if refused is not None and option is not options[-1] and not covers_less(refused, option):
                continue
            if refused is not None and option is options[-1] and not covers_less(refused, option):
                break  # a selector changes nothing about a refusal: stay where it is told
            stream = self._stream(source, option)
            if stream.held.fits(reader.question) or option is options[-1]:
                self._attach(reader, stream)
                return
            if stream.held.refused:
                refused = option
        self._attach(reader, self._stream(source, refused or options[-1]))

    def leave(self, reader: "_Reader") -> None:
        """The reader no longer wants its question answered."""
        stream = reader.stream
        if stream is None:
            return
        reader.stream = None
        stream.detach(reader)
        if not len(stream.held.readers):
            self._end_later(stream)

    def _attach(self, reader: "_Reader", stream: Stream) -> None:
        if reader.stream is stream:
            return
        self.leave(reader)
        handle = self._ending.pop(_key(stream), None)
        if handle is not None:
            handle.cancel()
        reader.stream = stream
        stream.attach(reader, reader.question)
        reader.void()

    def _stream(self, source: Source, question: Question) -> Stream:
        key = (source.key, question)
        stream = self._streams.get(key)
        if stream is None:
            if not self._tasks.open:
                raise Unavailable("Callboard is shutting down.")
            settings = source.settings
            narrow = settings.scope == "entity" or bool(question.label_selector)
            stream = Stream(
                source,
                question,
                watcher=self._watcher,
                budget=self.budget(source),
                pulse=self.pulse(source),
                clock=self._clock,
                watched=not question.name and (settings.watch_entities or not narrow),
                misfit=self._misfit,
                observer=self._observer,
                changed=self._telling(source.cluster.name, question),
                checkpoints=self._checkpoints,
                next_step=self.steps.next_step,
                room=self._rooms.setdefault((source.cluster.name, source.cluster.url), Room()),
                jitter=self._jitter,
                well=self._well,
            )
            self._streams[key] = stream
            name = f"stream {source.cluster.name} {question.type.key}"
            self._running[key] = self._tasks.start(leaving_nothing(stream.run()), name)
            self._end_later(stream)  # until somebody attaches
        else:
            stream.source = source  # the newest reader's way to a credential is the one that stands longest
            self.budget(source)  # and what its configuration allows is in force
        return stream

    def _telling(self, cluster: str, question: Question) -> ObjectChanged | None:
        """What tells the followers of a stream's objects; None for a stream that is one service's, or of events."""
        if question.label_selector or question.field_selector or question.name:
            return None

        def changed(namespace: str, before: Labels | None, after: Labels | None) -> None:
            for told in self._told:
                told(cluster, namespace, before, after)

        return changed

    def _end_later(self, stream: Stream) -> None:
        """End the stream in `keep` seconds, unless somebody reads it again until then."""
        key = _key(stream)
        if self._tasks.open and key not in self._ending:
            loop = asyncio.get_running_loop()
            self._ending[key] = loop.call_later(stream.source.settings.keep, self._end, key)

    def _end(self, key: StreamKey) -> None:
        """Cancel the stream's task, unless somebody reads it again."""
        self._ending.pop(key, None)
        if len(self._streams[key].held.readers):
            return
        del self._streams[key]
        self._running.pop(key).cancel()

    def _misfit(self, stream: Stream) -> None:
        """Find better places for those whom the stream no longer answers."""
        for reader in stream.held.readers:
            if isinstance(reader, _Reader) and not stream.held.fits(reader.question):
                self.place(reader, stream.source)


class _Pending:
    """What a reader has not taken yet."""

    def __init__(self) -> None:
        self.all = False
        self.upserts: dict[Key, PackedObject] = {}
        self.deletes: set[Key] = set()


class _Reader:
    """One question of one subscription. Implements `holdings.Reader`."""

    def __init__(self, owner: "_Subscription", question: Question) -> None:
        self.question = question
        self.stream: Stream | None = None
        self._owner = owner

    def put(self, obj: PackedObject) -> None:
        pending = self._owner.pending(self.question)
        key = (obj.namespace, obj.name)
        if not pending.all:
            pending.deletes.discard(key)
            pending.upserts[key] = obj
            self._bound(pending)

    def gone(self, key: Key) -> None:
        pending = self._owner.pending(self.question)
        if not pending.all:
            pending.upserts.pop(key, None)
            pending.deletes.add(key)
            self._bound(pending)

    def told(self) -> None:
        self._owner.pending(self.question)

    def whole(self, held: Holdings) -> None:
        """It has read what concerns it."""

    def void(self) -> None:
        pending = self._owner.pending(self.question)
        pending.all = True
        pending.upserts.clear()
        pending.deletes.clear()

    def _bound(self, pending: _Pending) -> None:
        if len(pending.upserts) + len(pending.deletes) > MOST_PENDING:
            self.void()


class _Subscription:
    """Implements `port.Subscription`."""

    def __init__(self, hub: Hub, source: Source) -> None:
        self._hub = hub
        self._source = source
        self._readers: dict[Question, _Reader] = {}
        self._pending: dict[Question, _Pending] = {}
        self._news = asyncio.Event()
        self._cut: set[Question] = set()
        """Those of which more is held than they are answered with: when something goes, something else comes into sight."""

    def pending(self, question: Question) -> _Pending:
        """What waits to be taken for the question; from now on something does."""
        found = self._pending.get(question)
        if found is None:
            found = self._pending[question] = _Pending()
        self._news.set()
        return found

    def want(self, questions: Collection[Question]) -> None:
        """From now on exactly these questions."""
        wanted = set(questions)
        for question in [q for q in self._readers if q not in wanted]:
            self._cut.discard(question)
            self._hub.leave(self._readers.pop(question))
            self._pending.pop(question, None)
        for question in questions:
            if question not in self._readers:
                reader = self._readers[question] = _Reader(self, question)
                self._hub.place(reader, self._source)

    def take(self) -> tuple[Update, ...]:
        """What has changed since the last call."""
        pending, self._pending = self._pending, {}
        self._news.clear()
        updates: list[Update] = []
        for question, changes in pending.items():
            reader = self._readers.get(question)
            if reader is None or reader.stream is None:
                continue
            held = reader.stream.held
            if changes.all or (changes.deletes and question in self._cut):
                objects = held.select(question)  # before the status: a checkpoint may turn out to be broken
                (self._cut.add if len(objects) > MOST_OF_ONE else self._cut.discard)(question)
                updates.append(Held(question, held.status(question), objects))
            else:
                status = held.status(question)
                upserts, deletes = tuple(changes.upserts.values()), tuple(changes.deletes)
                updates.append(Changed(question, status, upserts, deletes))
        return tuple(updates)

    @property
    def imminent(self) -> bool:
        """Whether `take` has something, or a stream may still find what was written of it."""
        readers = self._readers.values()
        return self._news.is_set() or any(r.stream is not None and r.stream.opening for r in readers)

    def look_again(self) -> None:
        """What was refused is asked for again."""
        for reader in self._readers.values():
            if reader.stream is not None:
                reader.stream.look_again()

    async def wait(self) -> None:
        """Until `take` has something, or `nudge` is called."""
        await self._news.wait()

    def nudge(self) -> None:
        """Whoever waits is to look, although there is nothing to take."""
        self._news.set()

    def close(self) -> None:
        """The reader has left."""
        self.want(())
        self._pending.clear()


def _key(stream: Stream) -> StreamKey:
    return (stream.source.key, stream.question)
