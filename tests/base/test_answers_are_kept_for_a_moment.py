"""Bodies are kept by what they show, for seconds, and within a bound."""

import gc
from datetime import UTC, datetime

from callboard.base.clock import FakeClock
from callboard.base.response_cache import HOLD, Body, ResponseCache


class Shown:
    """Something that can be shown."""


def bodies(most: int = 1000) -> tuple[ResponseCache, FakeClock]:
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    return ResponseCache(clock, most=most), clock


def test_it_is_found_by_the_very_object_and_its_variant() -> None:
    kept, _ = bodies()
    one, other = Shown(), Shown()
    body = kept.put(one, "a", Body(b"1"))
    assert kept.get(one, "a") is body
    assert kept.get(one, "b") is kept.get(other, "a") is None


def test_it_goes_with_its_object() -> None:
    kept, _ = bodies()
    one = Shown()
    kept.put(one, "", Body(b"1"))
    del one
    gc.collect()
    assert len(kept) == 0


def test_it_is_written_anew_after_a_moment() -> None:
    kept, clock = bodies()
    one = Shown()
    kept.put(one, (), Body(b"1"))
    clock.advance(HOLD)
    assert kept.get(one) is not None
    clock.advance(0.1)
    assert kept.get(one) is None
    kept.put(one, (), Body(b"2"))
    assert (len(kept), kept.written) == (1, 2)


def test_beyond_the_bound_what_was_asked_for_longest_ago_goes() -> None:
    kept, _ = bodies(most=25)
    first, second, third = shown = [Shown() for _ in range(3)]
    for each in shown[:2]:
        kept.put(each, (), Body(b"0123456789"))
    assert kept.get(first) is not None
    kept.put(third, (), Body(b"0123456789"))
    assert kept.get(second) is None
    assert len(kept) == 2
    kept.put(third, (), Body(b"0" * 30))
    assert len(kept) == 0, "what is larger than all there may be is not kept"
