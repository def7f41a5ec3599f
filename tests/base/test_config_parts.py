"""The small parts that reading a config rests on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.config.durations import from_text
from callboard.base.config.nearest import distance, nearest
from callboard.base.config.tree import ConfigNode, Origin, merge, plain, shown


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5m", 300),
        ("5 minutes", 300),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("PT5M", 300),
        ("P1DT1S", 86401),
        ("PT0.5S", 0.5),
    ],
)
def test_durations_are_read_as_backstage_writes_them(text: str, seconds: float) -> None:
    assert from_text(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "P", "PT", "-5m", "5 m m", "PT5", "1e3s"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert from_text(text) is None


words = st.text(alphabet="abcAB", max_size=6)


@given(words, words, words)
def test_distance_is_one(a: str, b: str, c: str) -> None:
    assert distance(a, b) == distance(b, a)
    assert (distance(a, b) == 0) == (a == b)
    assert abs(len(a) - len(b)) <= distance(a, b) <= max(len(a), len(b))


def test_the_nearest_word_is_close_or_none() -> None:
    assert distance("ab", "ba") == 1
    assert (
        nearest("clusterLocatorMethod", ["clusterLocatorMethods", "objectTypes"]) == "clusterLocatorMethods"
    )
    assert nearest("TITLE", ["title", "titles"]) == "title"
    assert nearest("x", ["title"]) is None
    assert nearest("a" * 10_000, ["a"]) is None


HERE = Origin("f", 1)
trees = st.recursive(
    st.none() | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


def tree(value: object) -> ConfigNode:
    if isinstance(value, dict):
        return ConfigNode({key: tree(item) for key, item in value.items()}, HERE)
    if isinstance(value, list):
        return ConfigNode([tree(item) for item in value], HERE)
    assert value is None or isinstance(value, int | str)
    return ConfigNode(value, HERE)


def overlay(under: object, over: object) -> object:
    """Backstage's documented rule, said again in the shortest way."""
    if isinstance(under, dict) and isinstance(over, dict):
        return {key: overlay(under.get(key), over.get(key, under.get(key))) for key in under | over}
    return over


@given(trees, trees)
def test_mappings_merge_and_everything_else_is_replaced(under: object, over: object) -> None:
    assert plain(merge(tree(under), tree(over))) == overlay(under, over)


@given(st.text(max_size=200))
def test_what_is_shown_is_one_short_line(text: str) -> None:
    for part in (shown(ConfigNode(text, HERE)), shown(ConfigNode(text, Origin("f", 1, hidden=True)))):
        assert len(part) <= 60
        assert part.isprintable()
