"""Which crashes are the same one: a stack without what differs from run to run and from place to place. Pure, and total over any
lines."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final

from callboard.portal.logs.telling import TellingLines, is_frame, said_by

__all__ = ["likeness", "places_pattern", "without_what_differs"]

MOST_FRAMES: Final = 5
"""Frames that are compared: further down, stacks differ by who called."""
_LONGEST: Final = 300
SHORTEST_PLACE: Final = 3
"""Characters of a place's name: what is shorter stands in many words."""
MOST_PLACES: Final = 20

_DIFFERS: Final = (
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b0x[0-9a-f]+\b", re.IGNORECASE), "<address>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"[@$]{1,2}[0-9a-f]{4,}\b", re.IGNORECASE), "<address>"),
    (re.compile(r"-[a-z0-9]{8,10}-[a-z0-9]{5}\b"), "-<pod>"),
    (re.compile(r"\d+"), "#"),
)


def places_pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """Finds the names of where a program runs, as whole words; None where there are none."""
    told = sorted({n[:253] for n in names if len(n) >= SHORTEST_PLACE}, key=lambda n: (-len(n), n))
    joined = "|".join(map(re.escape, told[:MOST_PLACES]))
    return re.compile(rf"(?<![A-Za-z0-9])(?:{joined})(?![A-Za-z0-9])") if joined else None


def without_what_differs(line: str, places: re.Pattern[str] | None = None) -> str:
    """A line without times, ids, addresses, numbers and these places."""
    text = line.strip()[:_LONGEST]
    if places is not None:
        text = places.sub("<place>", text)
    for pattern, word in _DIFFERS:
        text = pattern.sub(word, text)
    return text


def likeness(lines: Sequence[str], found: TellingLines, places: Iterable[str] = ()) -> str:
    """What crashes that are the same have in common; "" where nothing tells. `places` are the names of where this one was: its
    cluster, region, node, which a line may hold."""
    if found.told < 0:
        return ""
    pattern = places_pattern(places)
    parts = [without_what_differs(said_by(lines[found.told]), pattern)]
    if found.first >= 0:
        frames = [line for line in lines[found.first : found.last + 1] if is_frame(line)]
        parts += [without_what_differs(frame, pattern) for frame in frames[:MOST_FRAMES]]
    return hashlib.blake2b("\n".join(parts).encode(errors="replace"), digest_size=8).hexdigest()
