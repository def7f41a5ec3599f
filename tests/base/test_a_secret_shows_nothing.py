"""A Secret shows nothing of itself, and can still be compared."""

import pickle

import pytest

from callboard.base.secret import Secret

TOKEN = "t0ken-do-not-show"


def test_it_shows_nothing() -> None:
    assert repr(Secret(TOKEN)) == str(Secret(TOKEN)) == f"{Secret(TOKEN)}" == "Secret(***)"
    with pytest.raises(TypeError, match=r"^a Secret is not to be pickled$"):
        pickle.dumps(Secret(TOKEN))


def test_it_is_compared_by_its_value() -> None:
    assert Secret(TOKEN) == Secret(TOKEN) != Secret("other")
    assert Secret(TOKEN) != TOKEN
    assert len({Secret(TOKEN), Secret(TOKEN), Secret("other")}) == 2
    assert hash(Secret(TOKEN)) == hash(Secret(TOKEN)) != hash(Secret("other"))
    assert bool(Secret(TOKEN))
    assert not Secret("")


def test_what_stands_for_it_tells_it_apart_and_not_what_it_is() -> None:
    key = b"k" * 64
    keyed = Secret(TOKEN).keyed(key)
    assert len(keyed) == 32
    assert (
        len({keyed, Secret(TOKEN).keyed(b"o" * 64), Secret("other").keyed(key), Secret(TOKEN).keyed(b"")})
        == 4
    )
    assert Secret(TOKEN).keyed(key) == keyed
    assert len(Secret(TOKEN).fingerprint) == 12
    assert Secret(TOKEN).fingerprint == Secret(TOKEN).fingerprint != Secret("other").fingerprint
    assert TOKEN not in keyed + Secret(TOKEN).fingerprint
