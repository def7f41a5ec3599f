"""A server looks for cycles without walking over all that it holds, and leaves none lying."""

import gc
import weakref

from callboard.app.collector import AT_REST, LONG, WHOLE, Collector, collector


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


def test_while_nothing_new_is_held_it_is_not_looked_at_but_once_a_minute() -> None:
    with collector():
        clock = Time(0.0)
        looks = Collector(clock.spent, lambda: clock.now)
        looks.look()
        assert not looks.due()
        clock.now = AT_REST
        assert looks.due()
        looks.look()
        assert not looks.due()
        held = [[n] for n in range(20_000)]
        assert looks.due()
        del held
