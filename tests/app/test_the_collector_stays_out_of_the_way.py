"""A server looks for cycles without walking over all that it holds, and leaves none lying."""

import asyncio
import gc
import weakref

import pytest

from callboard.app.collector import AT_REST, LONG, WHOLE, Collector, collector
from support.leaping import Leaping


class Node:
    def __init__(self) -> None:
        self.itself = self


class Time:
    """`cost` is what each look takes."""

    def __init__(self, cost: float) -> None:
        self.cost = cost
        self.cpu = 0.0
        self.now = 0.0

    def spent(self) -> float:
        self.cpu += self.cost
        return self.cpu


def test_within_it_no_full_collection_comes_by_itself_and_afterwards_all_is_as_before() -> None:
    before = gc.get_threshold()
    with collector():
        begun = gc.get_stats()[2]["collections"]
        held = [[n] for n in range(300_000)]
        assert gc.get_stats()[2]["collections"] == begun
        assert gc.get_freeze_count() > 10_000
        del held
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)


def test_a_cycle_is_freed_at_the_next_look() -> None:
    with collector() as looks:
        lost = weakref.ref(Node())
        looks.look()
        assert lost() is None


def test_what_took_long_to_walk_over_is_set_aside_and_looked_at_once_a_day() -> None:
    with collector():
        clock = Time(LONG * 2)
        looks = Collector(clock.spent, lambda: clock.now)
        kept = Node()
        seen = weakref.ref(kept)
        looks.look()
        assert looks.aside == 1
        clock.cost = LONG / 2
        del kept
        looks.look()
        assert looks.aside == 1
        assert seen() is not None  # aside, and now a cycle
        clock.now = WHOLE
        looks.look()
        assert seen() is None


class Counted(Collector):
    """`looks` it has taken."""

    looks = 0

    def look(self) -> float:
        self.looks += 1
        return super().look()


async def test_it_looks_when_much_more_is_held_and_not_while_as_much_comes_as_goes() -> None:
    with collector():
        counted = Counted()
        running = asyncio.create_task(counted.run())
        await asyncio.sleep(0)
        for _ in range(50):
            passing = [[n] for n in range(500)]
            del passing
            await asyncio.sleep(0)
        assert counted.looks == 0
        lost = weakref.ref(Node())
        held: list[list[int]] = []
        while not counted.looks and len(held) < 10_000:
            held += [[n] for n in range(100)]
            await asyncio.sleep(0)
        assert gc.get_threshold()[0] < len(held) < 10_000
        assert lost() is None
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        before = gc.callbacks.copy()
    assert gc.callbacks == before


def test_while_nothing_is_held_anew_it_looks_once_a_minute() -> None:
    async def an_hour() -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Leaping)
        counted = Counted()
        running = asyncio.create_task(counted.run())
        await asyncio.sleep(3600)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return counted.looks, loop.woken

    with collector(), asyncio.Runner(loop_factory=Leaping) as runner:
        looks, woken = runner.run(an_hour())
    assert looks == pytest.approx(3600 / AT_REST, rel=0.1)
    assert woken <= looks * 2 + 2
