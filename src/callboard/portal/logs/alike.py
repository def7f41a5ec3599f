"""Which crashes are the same one: a stack without what differs from run to run. Pure, and total over any lines."""

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from callboard.portal.logs.telling import TellingLines, is_frame, said_by

__all__ = ["likeness", "without_what_differs"]

MOST_FRAMES: Final = 5
"""Frames that are compared: further down, stacks differ by who called."""
_LONGEST: Final = 300

_DIFFERS: Final = (
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b0x[0-9a-f]+\b", re.IGNORECASE), "<address>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"[@$]{1,2}[0-9a-f]{4,}\b", re.IGNORECASE), "<address>"),
    (re.compile(r"-[a-z0-9]{8,10}-[a-z0-9]{5}\b"), "-<pod>"),
    (re.compile(r"\d+"), "#"),
)


def without_what_differs(line: str) -> str:
    """A line without times, ids, addresses and numbers."""
    text = line.strip()[:_LONGEST]
    for pattern, word in _DIFFERS:
        text = pattern.sub(word, text)
    return text


def likeness(lines: Sequence[str], found: TellingLines) -> str:
    """What crashes that are the same have in common; "" where nothing tells."""
    if found.told < 0:
        return ""
    parts = [without_what_differs(said_by(lines[found.told]))]
    if found.first >= 0:
        frames = [line for line in lines[found.first : found.last + 1] if is_frame(line)]
        parts += [without_what_differs(frame) for frame in frames[:MOST_FRAMES]]
    return hashlib.blake2b("\n".join(parts).encode(errors="replace"), digest_size=8).hexdigest()
