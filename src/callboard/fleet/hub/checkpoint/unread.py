"""The objects of a stream whose checkpoint was opened and has not been taken in: of it that is read which somebody asks for."""

import threading
import time
from collections.abc import Callable, Collection
from contextlib import closing
from typing import IO, Final

from callboard.fleet.hub.checkpoint.form import Contents, Header, NotWhole
from callboard.fleet.hub.holdings.index import ObjectIndex, key_of, matches
from callboard.fleet.hub.port import Key
from callboard.model.objects import PackedObject
from callboard.model.outcome import Question

__all__ = ["Unread"]

SLICE: Final = 0.002
"""Seconds of taking in without a rest."""
REST: Final = 3.0
"""How much longer a rest is than the work before it: whoever looks comes first."""


class Unread(ObjectIndex):
    """Stands in the place of the stream's objects until `taken_in` has them all. Nothing may be put or dropped meanwhile.

    `select` blocks, for a fraction of a millisecond, where a block is needed that was not read yet: what is wanted when the
    checkpoint is opened, `read` in a thread before. `broken` is called, once, when one could not be read; from then on there is
    nothing in it. `asked` is called whenever something was selected that had to be read. `blocks` counts those read.
    """

    def __init__(
        self,
        contents: Contents,
        open_file: Callable[[], IO[bytes] | None],
        broken: Callable[[], None],
        asked: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self.blocks = 0
        self.bytes = contents.packed
        self._contents = contents
        self._open = open_file
        self._told_asked = asked
        self._broken: Callable[[], None] | None = broken
        self._read: dict[int, list[PackedObject]] = {}
        self._lock = threading.Lock()
        self._asked: dict[Question, None] = {}
        self.ended = False
        """Whether what takes it in is to stop."""

    @property
    def header(self) -> Header:
        """What it is of."""
        return self._contents.header

    def __len__(self) -> int:
        return self.header.count

    def get(self, key: Key) -> PackedObject | None:
        found = self.select(Question(type=self.header.resource, namespace=key[0], name=key[1]))
        return found[0] if found else None

    def select(self, question: Question) -> tuple[PackedObject, ...]:
        before = self.blocks
        try:
            found = self.read(question)
        except (NotWhole, OSError):
            broken, self._broken = self._broken, None
            if broken is not None:
                broken()
            return ()
        if self.blocks != before:
            self._told_asked()
        self.examined += len(found)
        if question.name:
            found = [obj for obj in found if key_of(obj) == (question.namespace, question.name)]
        return tuple(obj for obj in found if matches(question, obj))

    def read(self, question: Question) -> list[PackedObject]:
        """The blocks that may hold an answer; most of what is in them is none. Raises NotWhole, OSError."""
        if question.label_selector:
            self._asked[question] = None
        numbers = self._contents.places.of(question)
        self._fetch([n for n in numbers if n not in self._read])
        return [obj for number in numbers for obj in self._read[number]]

    def _fetch(self, numbers: Collection[int]) -> None:
        if not numbers:
            return
        with self._lock, self._file() as file:
            for number in numbers:
                if number not in self._read:
                    self._read[number] = self._contents.read(file, number)
                    self.blocks += 1

    def taken_in(self) -> ObjectIndex:
        """Blocks, resting in between. All of it. Raises NotWhole, OSError, InterruptedError when it was `ended`."""
        whole = ObjectIndex()
        worked = 0.0
        with self._file() as file:
            for number in range(len(self._contents)):
                if self.ended:
                    raise InterruptedError
                began = time.perf_counter()
                with self._lock:
                    found = self._read.get(number)
                    if found is None:
                        found = self._read[number] = self._contents.read(file, number)
                        self.blocks += 1
                whole.fill(found)
                worked += time.perf_counter() - began
                if worked > SLICE:
                    time.sleep(worked * REST)
                    worked = 0.0
        if len(whole) != len(self):
            raise NotWhole("it holds more or less than it says")
        for question in tuple(self._asked):
            whole.prepare(question)
        return whole

    def _file(self) -> "closing[IO[bytes]]":
        file = self._open()
        if file is None:
            raise NotWhole("it is gone")
        return closing(file)
