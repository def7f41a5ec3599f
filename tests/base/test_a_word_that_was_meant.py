"""The known word that was probably meant, and how far two words are from each other."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.config.durations import from_text
from callboard.base.config.nearest import distance, nearest

words = st.text("abc", max_size=6)


def by_definition(one: str, other: str) -> int:
    """Optimal string alignment, as its recurrence is written down."""

    @cache
    def d(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        least = min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (one[i - 1] != other[j - 1]))
        if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
            least = min(least, d(i - 2, j - 2) + 1)
        return least

    return d(len(one), len(other))


@given(words, words)
def test_the_distance_is_what_its_definition_says(one: str, other: str) -> None:
    assert distance(one, other) == by_definition(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("abcd", "abdc"), ("ab", "ba"), ("", "abc"), ("abc", ""), ("kitten", "sitting")]
)
def test_some_that_matter(one: str, other: str) -> None:
    assert distance(one, other) == by_definition(one, other)


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("clusteers", ("clusters", "catalog"), "clusters"),
        ("CLUSTERS", ("clusters", "catalog"), "clusters"),
        ("clusters", ("Clusters",), "Clusters"),
        ("ab", ("ba", "zz"), "ba"),
        ("ab", ("xy",), None),
        ("abcdef", ("abcdxy",), "abcdxy"),
        ("abcdef", ("abcxyz",), None),
        ("x", (), None),
        ("cat", ("bat", "cut"), "bat"),
        ("a" * 80, ("a" * 80,), "a" * 80),
        ("a" * 81, ("a" * 81,), None),
    ],
)
def test_the_nearest(word: str, known: tuple[str, ...], meant: str | None) -> None:
    assert nearest(word, known) == meant


def test_a_duration_may_have_a_comma_and_a_unit_must_be_known() -> None:
    assert from_text("PT1,5S") == from_text("PT1.5S") == 1.5
    assert from_text("P1DT2H") == 26 * 3600
    assert from_text("5 fortnights") is None
