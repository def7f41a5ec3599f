"""The threads beside the loop: they write checkpoints and figures and compile templates, and the loop must not wait for them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["short_turns"]

TURN: Final = 0.001
"""Seconds of computing after which a thread lets another have its turn. Python's own five are what each reading of a socket, at
which the loop gives up its turn, may cost it while a thread computes: ten in a round, and nobody is answered for 50 ms."""


@contextmanager
def short_turns() -> Iterator[None]:
    """Within it no thread keeps the others waiting for longer."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
