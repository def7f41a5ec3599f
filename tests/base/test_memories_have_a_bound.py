"""What is remembered has a bound, and what was made of an object goes with the object."""

import gc
import weakref
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from callboard.base.bounded_map import BoundedMap
from callboard.base.object_cache import ObjectCache


class Thing:
    """Something that can be watched."""


@given(
    st.integers(1, 5), st.lists(st.tuples(st.sampled_from("gpod"), st.sampled_from("abcdefgh")), max_size=60)
)
def test_it_holds_what_was_used_last(most: int, steps: list[tuple[str, str]]) -> None:
    held: BoundedMap[str, str] = BoundedMap(most)
    model: list[str] = []
    for what, key in steps:
        known = key in model
        assert (key in held) is known
        match what:
            case "g":
                assert held.get(key) == (key if known else None)
            case "p":
                assert held.put(key, key) == key
            case "o":
                assert held.of(key, partial(str, key)) == key
            case _:
                assert held.drop(key) == (key if known else None)
        if known:
            model.remove(key)
        if what in "po" or (what == "g" and known):
            model = [*model, key][-most:]
        assert (len(held), held.weight) == (len(model), len(model))
    assert [key for key in "abcdefgh" if key in held] == sorted(model)
    held.clear()
    assert (len(held), held.weight) == (0, 0)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), max_size=30))
def test_its_weight_is_that_of_what_it_holds(steps: list[tuple[str, int]]) -> None:
    held: BoundedMap[str, int] = BoundedMap(10, lambda value: value)
    for key, value in steps:
        assert held.put(key, value) == value
        assert held.weight == sum(held.get(k) or 0 for k in "abc") <= 10
        assert (key in held) is (value <= 10)


def test_a_value_is_found_by_the_very_object_and_its_variant() -> None:
    cache: ObjectCache[str] = ObjectCache()
    one, other = Thing(), Thing()
    assert cache.put(one, "first", "a") == "first"
    assert cache.get(one, "a") == "first"
    assert cache.get(one) is cache.get(one, "b") is cache.get(other, "a") is None
    cache.put(one, "second", "a")
    assert (cache.get(one, "a"), len(cache)) == ("second", 1)
    cache.clear()
    assert (cache.get(one, "a"), len(cache)) == (None, 0)


def test_a_value_goes_with_its_object_though_the_cache_stays_and_though_it_was_replaced() -> None:
    cache: ObjectCache[str] = ObjectCache()
    one, other = Thing(), Thing()
    cache.put(one, "first")
    cache.put(one, "second")
    cache.put(other, "third")
    del one
    gc.collect()
    assert len(cache) == 1
    assert cache.get(other) == "third"


def test_of_what_cannot_be_watched_nothing_is_kept() -> None:
    cache: ObjectCache[str] = ObjectCache()
    assert cache.put("a text", "made") == "made"
    assert (cache.get("a text"), len(cache)) == (None, 0)


def test_a_cache_that_nobody_holds_goes_without_the_garbage_collector() -> None:
    one = Thing()
    gone: list[object] = []
    cache: ObjectCache[Thing] = ObjectCache()
    value = Thing()
    cache.put(one, value)
    watched = weakref.ref(value, gone.append)
    del value, cache
    assert gone == [watched]
