"""While a server runs, threads beside the loop hold it up for a moment at most."""

import sys

from callboard.app.threads import TURN, short_turns


def test_within_it_a_thread_gives_way_sooner_and_afterwards_all_is_as_before() -> None:
    before = sys.getswitchinterval()
    with short_turns():
        assert sys.getswitchinterval() == TURN < before
    assert sys.getswitchinterval() == before
