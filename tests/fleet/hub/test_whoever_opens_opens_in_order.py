"""What the hub tells is opened piece by piece, and taken in the order in which it was told, whoever goes on with it."""

import asyncio
from collections.abc import Collection, Generator, Sequence
from datetime import UTC, datetime
from typing import cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.base.clock import FakeClock
from callboard.base.settings import ClusterLimits, HubSettings
from callboard.extend.parts import Fetcher
from callboard.fleet.hub import opening
from callboard.fleet.hub.live_selection import LiveSelection
from callboard.fleet.hub.opening import Opening
from callboard.fleet.hub.port import AnswerStatus, Changed, Held, HubPort, Source, Subscription, Update
from callboard.model.cluster import Credential
from callboard.model.objects import PackedObject
from callboard.model.outcome import Answer, Freshness, Question
from callboard.model.selection import Selection
from callboard.model.selector import LabelSelector
from callboard.model.snapshot import ClusterSnapshot
from support.fake_fleet import cluster
from support.kube_objects import TYPES

CONFIG_MAP = TYPES["ConfigMap"]
SELECTION = Selection(types=(CONFIG_MAP,), selector=LabelSelector(), namespaces=("n",))
(QUESTION,) = SELECTION.questions()
LIVE = AnswerStatus(answer=Answer.EMPTY, freshness=Freshness.LIVE, as_of=datetime(2026, 1, 1, tzinfo=UTC))
NAMES = tuple("abcdef")


def held(name: str, version: int) -> PackedObject:
    raw = msgspec.json.encode(
        {"metadata": {"name": name, "namespace": "n", "uid": name, "resourceVersion": str(version)}}
    )
    return PackedObject(CONFIG_MAP, "n", name, name, str(version), {}, raw)


class Told:
    """A hub that tells what it was given, a batch at each `take`."""

    imminent = True

    def __init__(self, batches: Sequence[Update]) -> None:
        self._batches = list(batches)

    def want(self, questions: Collection[Question]) -> None:
        """Everything is told anyway."""

    def take(self) -> tuple[Update, ...]:
        return (self._batches.pop(0),) if self._batches else ()


class NeverAgain:
    """A hub for which nothing means another thing once time has passed."""

    @staticmethod
    def revisit(part: ClusterSnapshot) -> None:
        """Never."""


async def _nobody() -> Credential:
    raise AssertionError("nobody is asked")


def live() -> LiveSelection:
    source = Source(cluster("one"), "me", _nobody, cast(Fetcher, None), HubSettings())

    async def next_step() -> None:
        """Nothing else is going on."""

    return LiveSelection(
        cast(HubPort, NeverAgain),
        source,
        SELECTION,
        ClusterLimits(),
        FakeClock(datetime(2026, 1, 1, tzinfo=UTC)),
        clock_offset=lambda: 0.0,
        coalesce=0.0,
        next_step=next_step,
    )


@st.composite
def tellings(draw: st.DrawFn) -> tuple[list[Update], dict[str, str]]:
    """What is told, and the versions that are there in the end."""
    there: dict[str, str] = {}
    told: list[Update] = []
    for version in range(draw(st.integers(1, 8))):
        some = draw(st.lists(st.sampled_from(NAMES), unique=True))
        if not version or draw(st.booleans()):
            there = {name: str(version) for name in some}
            told.append(Held(QUESTION, LIVE, tuple(held(n, version) for n in some)))
        else:
            gone = draw(st.lists(st.sampled_from([n for n in NAMES if n not in some] or ["z"]), unique=True))
            there = {n: v for n, v in there.items() if n not in gone} | {n: str(version) for n in some}
            told.append(
                Changed(QUESTION, LIVE, tuple(held(n, version) for n in some), tuple(("n", n) for n in gone))
            )
    return told, there


@settings(max_examples=40)
@given(tellings(), st.lists(st.integers(0, 2), max_size=60))
def test_readers_who_interrupt_each_other_end_with_the_same(
    told: tuple[list[Update], dict[str, str]], turns: list[int]
) -> None:
    async def read() -> dict[str, str]:
        one, hub = live(), cast(Subscription, Told(told[0]))
        running: list[Generator[None, None, bool]] = [one._refresh(hub) for _ in range(3)]
        for turn in turns:
            next(running[turn], None)
        for each in [*running, *(one._refresh(hub) for _ in told[0])]:
            for _ in each:
                pass
        (outcome,) = one.snapshot.outcomes
        return {o.name: o.meta.resource_version for o in outcome.objects}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "_PIECE", 1)
        assert asyncio.run(read()) == told[1]


def test_a_piece_is_small_and_the_last_one_is_the_last() -> None:
    found = Opening([Held(QUESTION, LIVE, tuple(held(f"c{n}", 1) for n in range(2 * opening._PIECE + 1)))])
    assert [found.go_on() for _ in range(3)] == [False, False, True]
    (opened,) = found.updates
    assert len(opened.objects) == 2 * opening._PIECE + 1
    assert Opening([]).go_on()
