"""One selection on one cluster, live: composed once for each change, however many read it.

begun ──▶ reading ──▶ whole ──▶ settled          `deadlines`: late after the soft one, and what has no answer
  nothing   something   all of     and all         after the hard one counts as such
  is held   is known    it is      references

at any time:  listened to  ⇄  idle               while idle nothing is composed: changes wait, bounded, at the hub
"""

import asyncio
from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress

from callboard.base.clock import Clock
from callboard.base.giving_way import at_once, giving_way
from callboard.base.settings import ClusterLimits
from callboard.fleet.asking.asking import ROUNDS, USAGE
from callboard.fleet.hub.answers import SelectionAnswers
from callboard.fleet.hub.composition import Composition, state_of
from callboard.fleet.hub.holdings.holdings import NextStep
from callboard.fleet.hub.opening import Opening
from callboard.fleet.hub.port import HubPort, Source, Subscription
from callboard.model.outcome import Answer, Outcome
from callboard.model.resource import POD_METRICS
from callboard.model.selection import Selection
from callboard.model.snapshot import ClusterSnapshot, ClusterState

__all__ = ["LiveSelection"]

RENEWED = 30.0
"""Seconds between two looks at the clock while something means another thing once time has passed, such as a pod that has
crashed often and runs at the moment. Nothing else is made anew without a change."""


class LiveSelection:
    """`run` it in a task of its owner. `snapshot` is the newest state; who listens is told when it is replaced.

    Many clusters are many of these, which may all have something to compose at one moment: `next_step` is waited for first.
    """

    def __init__(
        self,
        hub: HubPort,
        source: Source,
        selection: Selection,
        limits: ClusterLimits,
        clock: Clock,
        *,
        clock_offset: Callable[[], float | None],
        coalesce: float,
        next_step: NextStep,
    ) -> None:
        self.source = source
        self.selection = selection
        self._hub = hub
        self._limits = limits
        self._coalesce = coalesce
        self._next_step = next_step
        self._answers = SelectionAnswers(selection, limits)
        self._opening: deque[Opening] = deque()
        """What was taken and is not open yet, in its order: who listens meanwhile finishes it."""
        self._composition = Composition(
            source.cluster.info,
            source.identity,
            selection,
            limits,
            clock,
            clock_offset=clock_offset,
            revisit=lambda snapshot: hub.revisit(snapshot),
        )
        self._progress = _Progress()
        self._listeners = _Listeners()
        self._subscription: Subscription | None = None

    @property
    def snapshot(self) -> ClusterSnapshot:
        """What is known now."""
        return self._composition.snapshot

    @property
    def composed(self) -> int:
        """How often a snapshot was made, for tests and figures."""
        return self._composition.made

    @property
    def idle(self) -> bool:
        """Whether nobody listens: then nothing is composed, and what changes waits, bounded, at the hub."""
        return not self._listeners

    @property
    def promising(self) -> bool:
        """Whether something may be held that has not been looked at yet: nothing of the cluster was told, and this has not
        begun, or what is on disk is on its way."""
        if self.snapshot.state is not ClusterState.AWAITED:
            return False
        return not self.composed or (self._subscription is not None and self._subscription.imminent)

    def listen(self, changed: Callable[[], None]) -> int:
        """Call `changed` whenever the snapshot is replaced, until `leave` is called with the number returned. The snapshot is
        current from here on, also if nobody has listened for a while; it is the same object where nothing has changed."""
        subscription = self._subscription
        if subscription is not None:
            if self._listeners.ever:
                subscription.look_again()
            if self.idle:
                subscription.want(self._answers.wanted)
                if not at_once(self._refresh(subscription)):
                    self._compose()
                if self._composition.unjudged:
                    subscription.nudge()
        return self._listeners.add(changed)

    def leave(self, number: int) -> None:
        """Listen no more."""
        self._listeners.remove(number)
        if self.idle and self._subscription is not None:
            # What cannot be watched is asked for only while somebody looks.
            wanted = self._answers.wanted
            self._subscription.want([q for q in wanted if q.type.key != POD_METRICS.key])

    async def run(self) -> None:
        """Follow the source until cancelled."""
        loop = asyncio.get_running_loop()
        progress = self._progress
        progress.began = loop.time()
        deadlines = [self._limits.soft_deadline, self._limits.hard_deadline]
        subscription = self._subscription = self._hub.subscribe(self.source)
        try:
            subscription.want(self._answers.asked)
            await self._next_step()
            await giving_way(self._refresh(subscription))
            while True:
                await self._composition.judge()
                composed = loop.time()
                if deadlines and composed >= progress.began + deadlines[0]:
                    deadlines.pop(0)
                    progress.late, self._answers.expired = True, not deadlines
                    self._compose()
                due = progress.usage_due
                with suppress(TimeoutError):
                    until = [progress.began + each for each in deadlines[:1]]
                    until += [due] if due is not None else []
                    until += [composed + RENEWED] if self._composition.ages else []
                    async with asyncio.timeout_at(min(until, default=None)):
                        await subscription.wait()
                await self._listeners.wait()
                # The first change is shown at once, those that follow on its heels together.
                await asyncio.sleep(max(0.0, composed + self._coalesce - loop.time()))
                await self._next_step()
                if due is not None and loop.time() >= due:
                    progress.usage_given_up = True
                if not await giving_way(self._refresh(subscription)):
                    self._compose()
        finally:
            self._subscription = None
            subscription.close()

    def _refresh(self, subscription: Subscription) -> Generator[None, None, bool]:
        """Take what has changed, ask for what follows from it, and compose if there was anything; whether there was."""
        taken = False
        for _ in range(ROUNDS + 1):
            updates = subscription.take()
            if updates:
                self._opening.append(Opening(updates))
            if not self._opening and not self._answers.behind:
                break
            taken = True
            while self._opening:
                if self._opening[0].go_on():
                    self._answers.take(self._opening.popleft().updates)
                yield
            if self._answers.behind:
                self._answers.follow()
                subscription.want(self._answers.wanted)
            yield
        if taken:
            if not self._progress.took and self._answers.whole:
                self._progress.took = asyncio.get_running_loop().time() - self._progress.began
            self._compose()
        return taken

    def fail(self, message: str) -> None:
        """Nothing can be told at present."""
        self._composition.fail(message)
        self._answers.clear()
        self._opening.clear()
        self._listeners.tell()

    def _compose(self) -> None:
        answers, progress = self._answers, self._progress
        state, _ = state_of(answers.selected())
        progress.settle(state, answers.referred())
        if self._composition.make(answers, settled=progress.settled, late=progress.late, took=progress.took):
            self._listeners.tell()


class _Progress:
    """How far it has come, in the loop's time. What was settled once stays so: a reference that a change adds later is shown
    as awaited, and holds up nobody."""

    def __init__(self) -> None:
        self.began = 0.0
        self.took = 0.0
        """Seconds until the selection was whole; 0 while it is not."""
        self.late = False
        """The soft deadline is over."""
        self.settled = False
        """All references are known, or as good as that."""
        self.usage_given_up = False
        """What the pods use, all that was still awaited, is waited for no longer."""
        self._usage_due: float | None = None

    @property
    def usage_due(self) -> float | None:
        """Until when what the pods use is awaited, while it is all that is."""
        return None if self.usage_given_up else self._usage_due

    def settle(self, state: ClusterState, references: tuple[Outcome, ...]) -> None:
        """Find out whether all is known, or only what the pods use is still awaited and has been for long enough."""
        awaited = [o for o in references if o.answer is Answer.AWAITED]
        if (
            self.settled
            or state is not ClusterState.ANSWERED
            or any(o.question.type.key != POD_METRICS.key for o in awaited)
        ):
            return
        if awaited and self._usage_due is None:
            self._usage_due = asyncio.get_running_loop().time() + USAGE
        self.settled = not awaited or self.usage_given_up


class _Listeners:
    """Who is told when the snapshot is replaced."""

    def __init__(self) -> None:
        self._by_number: dict[int, Callable[[], None]] = {}
        self._numbers = 0
        self._some = asyncio.Event()

    def __bool__(self) -> bool:
        return bool(self._by_number)

    @property
    def ever(self) -> bool:
        """Whether anybody has listened before."""
        return self._numbers > 0

    def add(self, changed: Callable[[], None]) -> int:
        self._numbers += 1
        self._by_number[self._numbers] = changed
        self._some.set()
        return self._numbers

    def remove(self, number: int) -> None:
        self._by_number.pop(number, None)
        if not self._by_number:
            self._some.clear()

    def tell(self) -> None:
        for changed in tuple(self._by_number.values()):
            changed()

    async def wait(self) -> None:
        """Until somebody listens."""
        await self._some.wait()
