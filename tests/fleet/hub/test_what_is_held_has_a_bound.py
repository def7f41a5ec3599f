"""However much a cluster adds to what is followed, so much is held and no more, it is told, and the rest goes on."""

import asyncio
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from callboard.base.clock import FakeClock
from callboard.fleet.hub.holdings.holdings import Holdings
from callboard.fleet.hub.holdings.room import AROUND, Room
from callboard.fleet.hub.port import Key
from callboard.kube.watching.changes import InitialEvents, Upsert
from callboard.model.objects import PackedObject
from callboard.model.outcome import Answer, Freshness, Question
from support.kube_objects import TYPES

PODS = TYPES["Pod"]
QUESTION = Question(PODS)


def pod(name: str, size: int = 100, version: str = "1") -> PackedObject:
    return PackedObject(PODS, "n", name, f"uid-{name}", version, {}, b"x" * size)


class Noted:
    """A reader that notes what it is told."""

    def __init__(self) -> None:
        self.voids = self.puts = 0

    def put(self, obj: PackedObject) -> None:
        self.puts += 1

    def gone(self, key: Key) -> None:
        """Nothing is noted of it."""

    def told(self) -> None:
        """Nothing is noted of it."""

    def void(self) -> None:
        self.voids += 1

    def whole(self, held: Holdings) -> None:
        """Nothing is noted of it."""


def holdings(room: Room | None = None, most: int = 10, told: list[str] | None = None) -> Holdings:
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    return Holdings(
        QUESTION,
        clock,
        lambda: (told if told is not None else []).append("misfit"),
        None,
        None,
        room,
        most=most,
    )


async def listed(held: Holdings, *objects: PackedObject) -> None:
    await held.replace(objects, (), Freshness.LIVE, False)


async def test_a_watch_that_adds_for_ever_fills_what_there_is_and_says_so() -> None:
    told: list[str] = []
    held, reader = holdings(most=10, told=told), Noted()
    held.readers.add(reader, QUESTION)
    await listed(held, pod("a"))
    assert held.answer is Answer.EMPTY
    for number in range(1000):
        held.put(pod(f"p{number}"))
    assert len(held.objects) == 10
    assert held.truncated
    assert told == ["misfit"], "readers look for a better place, once"
    held.seen()
    assert held.truncated, "nothing has been listed since"
    held.put(pod("a", version="2"))
    changed = held.objects.get(("n", "a"))
    assert changed is not None
    assert changed.resource_version == "2", "what is held is kept current"
    await listed(held, pod("a"))
    assert not held.truncated


async def test_a_list_that_is_longer_says_so_too() -> None:
    held = holdings(most=3)
    await listed(held, *(pod(f"p{n}") for n in range(5)))
    assert len(held.objects) == 3
    assert held.truncated


async def test_the_streams_of_a_cluster_share_its_room() -> None:
    room = Room(10 * (AROUND + 100))
    first, second = holdings(room, most=100), holdings(room, most=100)
    await listed(first, *(pod(f"p{n}") for n in range(8)))
    await listed(second, *(pod(f"p{n}") for n in range(8)))
    assert (len(first.objects), len(second.objects)) == (8, 2)
    assert (first.truncated, second.truncated) == (False, True)
    first.close()
    await listed(second, *(pod(f"p{n}") for n in range(8)))
    assert len(second.objects) == 8
    second.close()
    assert room.taken == 0


async def test_an_object_that_outgrows_its_place_is_not_shown_as_it_was() -> None:
    held = holdings(Room(AROUND + 1000))
    await listed(held, pod("a", 500))
    held.put(pod("a", 5000, version="2"))
    assert held.objects.get(("n", "a")) is None
    assert held.truncated


steps = st.lists(st.tuples(st.sampled_from("pdlc"), st.integers(0, 5), st.integers(0, 600)), max_size=30)


@given(steps)
def test_the_room_is_counted_right_whatever_happens(happens: list[tuple[str, int, int]]) -> None:
    async def run() -> None:
        room = Room(4000)
        held = holdings(room, most=4)
        for number, (what, name, size) in enumerate(happens):
            obj = pod(f"p{name}", size, str(number))
            match what:
                case "p":
                    held.put(obj)
                case "d":
                    held.delete(obj)
                case "l":
                    await listed(held, obj, pod("other", size))
                case _:
                    held.clear()
            assert room.taken == sum(len(o.packed) + AROUND for o in held.objects.all()) <= 4000
        held.close()
        assert room.taken == 0

    asyncio.run(run())


def test_a_streaming_list_is_bounded_in_objects_and_bytes() -> None:
    initial = InitialEvents(5, 1000)
    for number in range(100):
        initial.take(Upsert(pod(f"p{number}", 300)))
    reset = initial.reset("7")
    assert len(reset.objects) == 3
    assert reset.truncated
