"""What a stream holds: the objects, how far they can be trusted, and who must be told of a change."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from callboard.base.clock import Clock
from callboard.fleet.hub.holdings.index import ObjectIndex, ReaderIndex, key_of, may_match
from callboard.fleet.hub.holdings.room import MOST_OBJECTS, Room, RoomShare
from callboard.fleet.hub.port import MOST_OF_ONE, AnswerStatus, Key
from callboard.kube.failure import answer_of
from callboard.kube.ingest.decode import opened
from callboard.kube.loop.loop_budget import LoopBudget
from callboard.model.objects import KubeObject, PackedObject
from callboard.model.outcome import Answer, Failure, FailureCode, Freshness, Malformed, Question
from callboard.model.outline import outline
from callboard.model.resource import ResourceType

__all__ = ["NO_OBJECT", "STALE_AFTER", "Holdings", "HoldingsReader", "Labels", "NextStep", "ObjectChanged"]

Labels = Mapping[str, str]
NextStep = Callable[[], Awaitable[None]]
ObjectChanged = Callable[[str, Labels | None, Labels | None], None]
"""Of one object that has changed: its namespace, and its labels before and after; None where it was not there."""

NO_OBJECT = "/"
"""A name that no object can have: who holds a stream for its own sake is told of no object."""
CHUNK = 50
"""Objects taken in or dropped in one step: about a millisecond."""
MOST_MALFORMED = 100
STALE_AFTER = 2.0
"""Seconds of failing until what is shown is called stale: a stream that is cut and back at once is no news."""


RESTARTED = Failure(
    code=FailureCode.RESTARTED, message="Callboard was restarted, and has not heard from this cluster since"
)


_TAKES_AWAY: Final = (Answer.FORBIDDEN, Answer.ABSENT)
"""What may no longer be seen is not shown as it was."""


class HoldingsReader(Protocol):
    """Who reads a stream. All calls return at once."""

    def put(self, obj: PackedObject) -> None:
        """The object is new or has changed, and answers the reader's question."""
        ...

    def gone(self, key: Key) -> None:
        """The object no longer does."""
        ...

    def told(self) -> None:
        """The status has changed."""
        ...

    def void(self) -> None:
        """Everything known is void: read it all again."""
        ...

    def whole(self, held: "Holdings") -> None:
        """What was restored is in memory now; nothing of it has changed."""
        ...


class Holdings:
    """Everything that one question brings, as of now. Synchronous but for `replace`, which takes many objects in.

    `misfit` is called when some readers' questions are no longer answered by it; where else, the hub knows. `changed` is
    told each object before and after, from the first list on; of what is restored, nothing. `next_step` is waited for between two
    steps of taking many in. Of objects that are more than `most`, or than the cluster's `room` holds, it is told that they are
    there, and no more.
    """

    def __init__(
        self,
        question: Question,
        clock: Clock,
        misfit: Callable[[], None],
        changed: ObjectChanged | None = None,
        next_step: NextStep | None = None,
        room: Room | None = None,
        *,
        most: int = MOST_OBJECTS,
    ) -> None:
        self.question = question
        self.objects = ObjectIndex()
        self.readers: ReaderIndex[HoldingsReader] = ReaderIndex()
        self.failures = 0
        """Failures in a row."""
        self.changes = 0
        """Objects put and dropped so far."""
        self._clock = clock
        self._misfit = misfit
        self._changed = changed
        self._next_step = next_step or LoopBudget().next_step
        self._share = RoomShare(room, most)
        self._left_out = False
        self._type = question.type
        self._status = AnswerStatus()
        self._malformed: dict[str, Malformed] = {}
        self._seen: datetime | None = None
        self._stale: Failure | None = None
        self._stale_timer: asyncio.TimerHandle | None = None
        self._whole = True

    @property
    def answer(self) -> Answer:
        """EMPTY where it is known what is there, whatever it is."""
        return self._status.answer

    @property
    def known(self) -> bool:
        """Whether it is known what is there."""
        return self._status.answer is Answer.EMPTY

    @property
    def refused(self) -> bool:
        return self._status.answer is Answer.FORBIDDEN

    @property
    def doubted(self) -> bool:
        """Whether what is held stays although the newest attempt was refused."""
        return self.known and self._stale is not None and answer_of(self._stale) in _TAKES_AWAY

    @property
    def freshness(self) -> Freshness:
        return self._status.freshness

    @property
    def as_of(self) -> datetime | None:
        """When it was last known to be current."""
        return self._seen

    @property
    def stale_since(self) -> datetime | None:
        """Since when what is held is what was seen last; None where it is current, or nothing is held."""
        return self._status.stale_since

    @property
    def failure(self) -> Failure | None:
        """Why nothing is held, or why what is held is stale."""
        return self._stale or self._status.failure

    @property
    def malformed(self) -> tuple[Malformed, ...]:
        """What could not be read."""
        return tuple(self._malformed.values())

    @property
    def truncated(self) -> bool:
        """Whether there is more than was read."""
        return self._status.truncated

    def resolved(self, resource: ResourceType) -> None:
        """The type's scope is known now."""
        self._type = resource

    def status(self, question: Question) -> AnswerStatus:
        """How far the answer to a reader's question can be trusted."""
        if question.namespace and self._type.namespaced is False:
            return AnswerStatus(answer=Answer.NOT_ASKED, as_of=self._seen)
        return msgspec.structs.replace(
            self._status, as_of=self._seen, malformed=self._malformed_for(question)
        )

    def fits(self, question: Question) -> bool:
        """Whether it answers a question narrower than its own. Not where it is refused, or where what has not been read, or does
        not even tell its labels, may be what the question is about: then the API server must tell them apart."""
        own = self.question
        if (question.namespace, question.label_selector, question.name) == (
            own.namespace,
            own.label_selector,
            own.name,
        ):
            return True
        if self.refused or self._status.truncated:
            return False
        return all(m.labels is not None for m in self._malformed_for(question))

    def select(self, question: Question) -> tuple[PackedObject, ...]:
        """What is there for the question, by namespace and name: of more than MOST_OF_ONE, one more than that."""
        return self.objects.select(question)[: MOST_OF_ONE + 1]

    def outlined(self, question: Question) -> tuple[KubeObject, ...]:
        """The same for a verdict: what is well in outline, the others opened."""
        return tuple(outline(kept) or opened(kept) for kept in self.select(question))

    def delete(self, obj: PackedObject) -> None:
        """The object is gone."""
        held = self.objects.get(key_of(obj))
        if held is not None and held.uid == obj.uid:
            self._drop(key_of(obj))
        self._malformed.pop(_where(obj), None)

    def unreadable(self, malformed: Malformed) -> None:
        """An object has changed into something that cannot be read."""
        if len(self._malformed) < MOST_MALFORMED:
            self._malformed[malformed.where] = malformed
            self._void()
            self._misfit()

    def seen(self) -> None:
        """The watch stands: what is held is current."""
        self._seen = self._clock.now()
        status = self._status
        if self.failures or status.stale_since or not (self.known and status.freshness is Freshness.LIVE):
            self.current(Freshness.LIVE, status.truncated)

    @property
    def whole(self) -> bool:
        """Whether the objects are here, and not only where they can be read."""
        return self._whole

    def restored(
        self, objects: ObjectIndex, as_of: datetime, malformed: tuple[Malformed, ...], truncated: bool
    ) -> None:
        """These were all there were at that moment, before a restart: stale until something is heard. They may be read, and
        nothing may be put or dropped, until they are `taken_in`."""
        self.objects, self._whole = objects, False
        self._share.count(objects)
        self._seen = as_of
        self._malformed = {m.where: m for m in malformed}
        status = AnswerStatus(answer=Answer.EMPTY, freshness=Freshness.LIVE, truncated=truncated)
        self._tell(msgspec.structs.replace(status, stale_since=as_of, failure=RESTARTED))
        self._void()
        if malformed or truncated:
            self._misfit()

    def taken_in(self, objects: ObjectIndex) -> None:
        """The same objects, here. Readers are told that, and of no object: they have read what concerns them."""
        self.objects, self._whole = objects, True
        self._share.count(objects)
        for reader in self.readers:
            reader.whole(self)

    def not_restored(self) -> None:
        """What was restored cannot be trusted: nothing is known."""
        if not self._whole:
            self.objects, self._whole = ObjectIndex(), True
            self._share.count(self.objects)
            self._malformed, self._seen = {}, None
            self._tell(AnswerStatus())
            self._void()

    def clear(self) -> None:
        """Nothing is held."""
        for key in tuple(self.objects.keys()):
            self._drop(key)

    def not_asked(self) -> None:
        """The type belongs to no namespace, and the question names one."""
        self._seen = self._clock.now()
        self._tell(AnswerStatus(answer=Answer.NOT_ASKED))

    def close(self) -> None:
        """Nothing more will come, and nobody is told of it: its stream and it hold each other no more."""
        self._recovered()
        self._share.count(None)
        self._misfit, self._changed = _nobody, None

    async def replace(
        self,
        objects: Iterable[PackedObject],
        malformed: tuple[Malformed, ...],
        freshness: Freshness,
        truncated: bool,
    ) -> None:
        """These are all there are. Readers are told the difference; the first time, everything."""
        self._left_out = False
        missing = self.objects.keys()
        for number, obj in enumerate(objects, 1):
            missing.discard(key_of(obj))
            self.put(obj)
            if number % CHUNK == 0:
                await self._next_step()
        for number, key in enumerate(missing, 1):
            self._drop(key)
            if number % CHUNK == 0:
                await self._next_step()
        self._malformed = {m.where: m for m in malformed[:MOST_MALFORMED]}
        self._seen = self._clock.now()
        truncated = truncated or self._left_out
        self.current(freshness, truncated)
        if freshness is Freshness.POLLED:
            self._tell_age()
        if malformed or truncated:
            self._void()
            self._misfit()

    def put(self, obj: PackedObject) -> None:
        key = key_of(obj)
        held = self.objects.get(key)
        if (
            held is not None
            and held.uid == obj.uid
            and held.resource_version == obj.resource_version
            and held.resource_version
        ):
            return
        if not self._share.fits(self.objects, len(obj.packed), None if held is None else len(held.packed)):
            self._beyond(key, held)
            return
        old = self.objects.put(obj)
        self._share.count(self.objects)
        self.changes += 1
        if self._changed is not None:
            self._changed(obj.namespace, _labels(old), _labels(obj))
        if self._malformed:
            self._malformed.pop(_where(obj), None)
        if self.known:
            for reader, has in self.readers.touched(old, obj):
                reader.put(obj) if has else reader.gone(key)

    def _beyond(self, key: Key, held: PackedObject | None) -> None:
        """There is more than is held. What an object was that has outgrown its place is not what it is."""
        self._left_out = True
        if held is not None:
            self._drop(key)
        if self.known and not self._status.truncated:
            self._tell(msgspec.structs.replace(self._status, truncated=True))
            self._void()
            self._misfit()

    def _drop(self, key: Key) -> None:
        old = self.objects.drop(key)
        self._share.count(self.objects)
        self.changes += 1
        if self._changed is not None and old is not None:
            self._changed(old.namespace, _labels(old), None)
        if self.known and old is not None:
            for reader, _ in self.readers.touched(old, None):
                reader.gone(key)

    def current(self, freshness: Freshness, truncated: bool) -> None:
        first = not self.known
        self.failures = 0
        self._recovered()
        self._tell(AnswerStatus(answer=Answer.EMPTY, freshness=freshness, truncated=truncated))
        if first:
            self._void()

    def failed(self, failure: Failure, *, doubted: bool = False) -> None:
        """The newest attempt failed: what was known is stale, or nothing is known and that is why. A refusal takes away what was
        seen, unless it is `doubted`."""
        self.failures += 1
        answer = answer_of(failure)
        if self.known and (doubted or answer not in _TAKES_AWAY):
            self._stale = failure
            if self._status.stale_since is not None:
                self._say_stale()
            elif self._stale_timer is None:
                loop = asyncio.get_running_loop()
                self._stale_timer = loop.call_later(STALE_AFTER, self._say_stale)
            return
        self._recovered()
        status = AnswerStatus(answer=answer, freshness=Freshness.POLLED, failure=failure)
        if status != self._status or len(self.objects):
            self.clear()
            self._tell(status)
            self._void()
        if answer is Answer.FORBIDDEN:
            self._misfit()

    def silent(self, failure: Failure, seconds: float) -> None:
        """The watch stands, but nothing has been heard from the cluster for so long: what is known is stale since then."""
        if self.known:
            heard = self._clock.now() - timedelta(seconds=seconds)
            since = self._status.stale_since or max(heard, self._seen or heard)
            self._stale = failure
            self._tell(msgspec.structs.replace(self._status, stale_since=since, failure=failure))

    def _say_stale(self) -> None:
        if self._stale is not None:
            since = self._status.stale_since or self._seen or self._clock.now()
            self._tell(msgspec.structs.replace(self._status, stale_since=since, failure=self._stale))

    def _recovered(self) -> None:
        self._stale = None
        if self._stale_timer is not None:
            self._stale_timer.cancel()
            self._stale_timer = None

    def _tell(self, status: AnswerStatus) -> None:
        if status != self._status:
            self._status = status
            for reader in self.readers:
                reader.told()

    def _tell_age(self) -> None:
        """What is asked for at an interval is as old as its last answer, whether anything has changed or not."""
        for reader in self.readers:
            reader.told()

    def _void(self) -> None:
        for reader in self.readers:
            reader.void()

    def _malformed_for(self, question: Question) -> tuple[Malformed, ...]:
        """Those that may answer the question, as far as their names and labels tell."""
        if not self._malformed:
            return ()
        return tuple(m for m in self._malformed.values() if may_match(question, m))


def _nobody() -> None:
    """Is told nothing."""


def _labels(obj: PackedObject | None) -> Labels | None:
    return None if obj is None else obj.labels


def _where(obj: PackedObject) -> str:
    return f"{obj.namespace}/{obj.name}" if obj.namespace else obj.name
