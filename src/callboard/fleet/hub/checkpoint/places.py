"""Where in a checkpoint the objects are that answer a question, as far as can be told without reading them.

Objects stand in order, so a namespace or a name is in the blocks between two first keys; and of each label the blocks are
known in which it occurs. A label is known by 32 bits of it: two that share them cost a block read in vain.
"""

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final
from zlib import crc32

import msgspec

from callboard.fleet.hub.holdings.index import BY_VALUE
from callboard.fleet.hub.port import Key
from callboard.fleet.hub.scope import NOTHING_SELECTED, selector_of_question
from callboard.model.objects import PackedObject
from callboard.model.outcome import Question
from callboard.model.selector import Operator, Requirement

__all__ = ["BlockIndex", "Sorter"]

_NUMBER: Final = 32
_MASK: Final = (1 << _NUMBER) - 1


class BlockIndex(msgspec.Struct, frozen=True, array_like=True):
    """`first` holds the key of each block's first object, `labels` a sorted array of 64-bit numbers, little-endian: what a label
    is known by, and the number of a block."""

    first: list[Key]
    labels: bytes

    def of(self, question: Question) -> Sequence[int]:
        """The numbers of the blocks that may hold an answer, in order."""
        if question.name:
            at = bisect_right(self.first, (question.namespace, question.name)) - 1
            return (at,) if at >= 0 else ()
        span = range(len(self.first))
        if question.namespace:
            begin = bisect_right(self.first, (question.namespace, "")) - 1
            span = range(max(0, begin), bisect_left(self.first, (question.namespace + "\0", "")))
        selector = selector_of_question(question) or NOTHING_SELECTED
        wanted = [r for r in selector.requirements if r.operator in (*BY_VALUE, Operator.EXISTS)]
        if not wanted or not span:
            return span
        known = array("Q", self.labels)
        if sys.byteorder == "big":
            known.byteswap()
        found = set(span)
        for each in wanted:
            found &= _blocks(known, each)
        return sorted(found)


def _blocks(known: "array[int]", requirement: Requirement) -> set[int]:
    found: set[int] = set()
    values = requirement.values if requirement.operator in BY_VALUE else (None,)
    for value in values:
        label = _label(requirement.key, value) << _NUMBER
        start, end = bisect_left(known, label), bisect_right(known, label | _MASK)
        found.update(number & _MASK for number in known[start:end])
    return found


class Sorter:
    """Takes note of one block of objects after the other."""

    def __init__(self) -> None:
        self._first: list[Key] = []
        self._found: list[int] = []
        self._marks: dict[tuple[str, str | None], int] = {}

    def add(self, objects: Sequence[PackedObject]) -> None:
        """The next block."""
        number = len(self._first)
        self._first.append((objects[0].namespace, objects[0].name))
        labels: set[tuple[str, str | None]] = set()
        for obj in objects:
            labels.update(obj.labels.items())
        labels |= {(key, None) for key, _ in labels}
        marks = self._marks
        for label in labels:
            mark = marks.get(label)
            if mark is None:
                mark = marks[label] = _label(*label) << _NUMBER
            self._found.append(mark | number)

    def places(self) -> BlockIndex:
        """All of it."""
        labels = array("Q", sorted(set(self._found)))
        if sys.byteorder == "big":
            labels.byteswap()
        return BlockIndex(self._first, labels.tobytes())


def _label(key: str, value: str | None) -> int:
    return crc32(key.encode() if value is None else f"{key}\0{value}".encode())
