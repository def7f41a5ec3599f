"""An engine of somebody else's that is asked about what the policies allow: in batches, in time, and with a no for whatever it
does not answer.

What it has answered is kept for as long as it says, and asked for again before that where somebody looks. A question it has not
answered yet is `awaited`: not allowed so far, and on its way.
"""

import asyncio
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

import msgspec

from callboard.access.policies.requests import pairs
from callboard.base.bounded_map import BoundedMap
from callboard.base.errors import BadInput, CallboardError, Problem
from callboard.base.fence import Fence, WrongAnswer, is_a
from callboard.extend.deciding import AccessAnswer, AccessAnswers, AccessQuestion, DecisionEngine
from callboard.model.caller import Caller
from callboard.model.facts import ClusterFacts, EntityFacts
from callboard.model.permission import Action, Ruling

__all__ = ["AnotherEngine", "Noted"]

DEADLINE: Final = 5.0
"""Seconds for one batch."""
BATCH: Final = 500
"""Questions put at once."""
AT_ONCE: Final = 4
"""Batches on their way."""
MOST_WAITING: Final = 20_000
"""Questions that wait to be put; beyond it they are denied, and told."""
MOST_KEPT: Final = 100_000
SHORTEST: Final = 1.0
LONGEST: Final = 300.0
"""Seconds an answer holds, whatever the engine says."""
RENEWAL: Final = 0.75
"""The part of that after which it is asked for again where somebody looks."""
FAILED: Final = 5.0
"""Seconds after which a question without an answer is put again."""
MOST_WORDS: Final = 300
ROUNDS: Final = 20
"""Times that something is decided anew because more had to be known."""

_FIELDS: Final = frozenset(AccessQuestion.__struct_fields__) - {"action"}
_ANSWERS: Final = is_a(AccessAnswers)
_NO_WORDS: Final = "it gave no answer to this"


T = TypeVar("T")


class Noted:
    """What came of some questions together: until when (the loop's time) it holds, and whether one is still being found out."""

    def __init__(self) -> None:
        self.until = math.inf
        self.awaited = False


class _Kept(msgspec.Struct, frozen=True):
    """A ruling, and until when (the loop's time) it holds, and is not asked for again."""

    ruling: Ruling
    until: float
    renew: float


class _Batch:
    """Questions that are put together."""

    def __init__(self) -> None:
        self.questions: list[AccessQuestion] = []
        self.begun = False
        self.answered = asyncio.Event()


class AnotherEngine:
    """`key` is what the configuration names it by. It has tasks under way until it is closed."""

    def __init__(self, key: str, engine: DecisionEngine, extension: str) -> None:
        """Raises BadInput for what cannot be asked."""
        whose = f" of the extension {extension!r}" if extension else ""
        self.name = f"the engine {key!r}{whose}"
        self._engine = engine
        self._fence = Fence(f"the engine {key!r}", extension, deadline=DEADLINE)
        self._ignored = self._fence.now("say what it ignores", lambda: engine.ignores, is_a(frozenset[str]))
        if unknown := sorted(self._ignored - _FIELDS):
            raise BadInput(
                Problem(
                    f"{self.name} ignores what no question holds",
                    where="callboard.access.policies.engine",
                    found=", ".join(unknown)[:MOST_WORDS],
                    expected=", ".join(sorted(_FIELDS)),
                )
            )
        self._kept: BoundedMap[AccessQuestion, _Kept] = BoundedMap(MOST_KEPT)
        self._asked: set[AccessQuestion] = set()
        self._batches: list[_Batch] = []
        self._room = asyncio.Semaphore(AT_ONCE)
        self._open = False
        self._waiting: set[Callable[[], None]] = set()
        self._notes: list[Noted] = []
        self.changes = 0
        """Another number whenever it has answered otherwise than before."""

    async def start(self) -> None:
        """Begin. What its own `start` raises is told in the log."""
        self._open = True
        await self._called("start")

    async def close(self) -> None:
        """Ask nothing any more."""
        if self._open:
            self._open = False
            await self._fence.close()
            await self._called("close")
            await self._fence.close()
            for batch in self._batches:  # one that was ended before it began has ended nothing
                batch.answered.set()

    async def _called(self, name: str) -> None:
        work = getattr(self._engine, name, None)
        if work is not None:
            try:
                await self._fence.call(name, work, lambda value: value)
            except CallboardError as error:
                self._fence.tell(name, error.message)

    # ---- what it looks at

    def looks_at(self, *fields: str) -> bool:
        """Whether it looks at one of these."""
        return not self._ignored.issuperset(fields)

    def question(
        self,
        caller: Caller,
        who: frozenset[str],
        action: Action,
        facts: EntityFacts | None,
        cluster: ClusterFacts | None,
        namespace: str,
        resource: str,
    ) -> AccessQuestion:
        """What it is asked, without what it ignores."""
        values: dict[str, object] = {"caller": caller.kind, "subject": caller.subject, "groups": who}
        if facts is not None:
            values |= {
                "entity": str(facts.ref),
                "kind": facts.ref.kind,
                "type": facts.type,
                "lifecycle": facts.lifecycle,
                "system": facts.system,
                "owners": facts.owners,
                "dependents": facts.dependents,
                "tags": facts.tags,
                "labels": pairs(facts.labels) if "labels" not in self._ignored else (),
            }
        if cluster is not None:
            values |= {
                "cluster": cluster.name,
                "cluster_labels": pairs(cluster.labels),
                "namespace": namespace,
                "resource": resource,
            }
        for name in self._ignored:
            values.pop(name, None)
        return AccessQuestion(action=action, **values)  # type: ignore[arg-type]

    # ---- what it says

    def ruling(self, question: AccessQuestion) -> Ruling:
        """What is known of a question; asks where that is due, for which whoever notes is told when to look again."""
        now = asyncio.get_running_loop().time()
        ruling, until = self._known(question, now)
        for noted in self._notes:
            noted.until, noted.awaited = min(noted.until, until), noted.awaited or ruling.awaited
        return ruling

    def _known(self, question: AccessQuestion, now: float) -> tuple[Ruling, float]:
        kept = self._kept.get(question)
        if kept is not None and now < kept.until:
            if now < kept.renew:
                return kept.ruling, kept.renew
            self._ask(question)
            return kept.ruling, kept.until
        if self._ask(question):
            return Ruling(False, f"{self.name} is being asked", awaited=True), math.inf
        why = "it has too many questions to answer" if self._open else "it is not in force any more"
        return self._without(why), now + FAILED

    @contextmanager
    def noted(self) -> Iterator[Noted]:
        """Notes what comes of the questions within: nothing may be waited for there."""
        noted = Noted()
        self._notes.append(noted)
        try:
            yield noted
        finally:
            self._notes.remove(noted)

    async def decided(self, work: Callable[[], T]) -> T:
        """What `work` gives or raises, once all is known that it asks; called again for each further thing it has to know."""
        for left in reversed(range(ROUNDS)):
            with self.noted() as noted:
                try:
                    found = work()
                except CallboardError:
                    if not noted.awaited or not left:
                        raise
                else:
                    if not noted.awaited or not left:
                        return found
            await self.answered()
        raise AssertionError("the last round gives or raises")

    async def answered(self) -> None:
        """Until whatever it is asked by now has come to something."""
        for batch in tuple(self._batches):
            await batch.answered.wait()

    def when_answered(self, tell: Callable[[], None]) -> None:
        """Call `tell` once, when some more answers have come. It must be quick and not raise."""
        self._waiting.add(tell)

    def leave(self, tell: Callable[[], None]) -> None:
        """Do not call it any more."""
        self._waiting.discard(tell)

    def _ask(self, question: AccessQuestion) -> bool:
        if question in self._asked:
            return True
        if len(self._asked) >= MOST_WAITING or not self._open:
            return False
        batch = self._batches[-1] if self._batches else None
        if batch is None or batch.begun or len(batch.questions) >= BATCH:
            batch = _Batch()
            self._batches.append(batch)
            _ = self._fence.begin(self._put(batch))
        batch.questions.append(question)
        self._asked.add(question)
        return True

    async def _put(self, batch: _Batch) -> None:
        try:
            async with self._room:
                batch.begun = True
                self._keep(batch.questions, *await self._answers(tuple(batch.questions)))
        finally:
            self._asked.difference_update(batch.questions)
            self._batches.remove(batch)
            batch.answered.set()
        waiting, self._waiting = self._waiting, set()
        for tell in waiting:
            tell()

    async def _answers(
        self, questions: Sequence[AccessQuestion]
    ) -> tuple[Sequence[AccessAnswer | None], float, str]:
        """(an answer for each, how long they hold, why there is none)."""

        def check(value: object) -> AccessAnswers:
            given = _ANSWERS(value)
            if len(given.answers) != len(questions):
                raise WrongAnswer(f"{len(given.answers)} answers to {len(questions)} questions")
            if not math.isfinite(given.lifetime):
                raise WrongAnswer("a lifetime that is no number of seconds")
            return given

        none: tuple[None, ...] = (None,) * len(questions)
        try:
            given = await self._fence.call("decide", lambda: self._engine.decide(questions), check)
        except CallboardError as error:
            why = error.message.removeprefix(f"{self._fence.part} ")
            return none, 0.0, why[:MOST_WORDS]
        return given.answers, given.lifetime, _NO_WORDS

    def _keep(
        self,
        questions: Sequence[AccessQuestion],
        answers: Sequence[AccessAnswer | None],
        holds: float,
        why: str,
    ) -> None:
        now = asyncio.get_running_loop().time()
        holds = min(max(holds, SHORTEST), LONGEST)
        for question, answer in zip(questions, answers, strict=True):
            before = self._kept.get(question)
            if answer is None:
                if before is not None and now < before.until and not before.ruling.errors:
                    # what it said holds for as long as it said
                    self._kept.put(question, msgspec.structs.replace(before, renew=now + FAILED))
                    continue
                kept = _Kept(self._without(why), now + FAILED, now + FAILED)
            else:
                kept = _Kept(self._said(answer), now + holds, now + holds * RENEWAL)
            if before is not None and before.ruling.allowed != kept.ruling.allowed:
                self.changes += 1
            self._kept.put(question, kept)

    def _said(self, answer: AccessAnswer) -> Ruling:
        words = " ".join(answer.why[: 2 * MOST_WORDS].split())[:MOST_WORDS]
        because = f": {words}" if words else ""
        return Ruling(answer.allowed, f"{self.name} {'allows' if answer.allowed else 'forbids'} it{because}")

    def _without(self, why: str) -> Ruling:
        words = f"{self.name} does not say that it is allowed: {why}"
        return Ruling(False, words, errors=(words,))
