"""What extensions that are being watched were asked last, for a log and a page that tell it: bounded, in memory, of this process.

Fences write it (`fence`), where the configuration names an extension. It must never hold a credential, a body, or what somebody
typed: what a part is given is told in words that the caller of its fence chose.
"""

import time
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog

__all__ = ["CALLS", "EVERY", "Given", "PartCall", "PartCalls", "Watched"]

EVERY: Final = "*"
"""Stands for every extension."""
MOST_EXTENSIONS: Final = 50
MOST_OF_ONE: Final = 100
LOGGED: Final = 50
"""Lines of the log in one second, for all; what is beyond is on the page alone."""
_LONGEST: Final = 300

_log = structlog.get_logger(__name__)


class PartCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call: what was asked of which part, with what ("" where nothing can be told), what came of it, and after how long."""

    part: str
    asked_to: str
    given: str
    came: str
    seconds: float
    at: datetime


class PartCalls:
    """By extension; none is watched until `watch` names it."""

    def __init__(self) -> None:
        self._watched: frozenset[str] = frozenset()
        self._known: dict[str, deque[PartCall]] = {}
        self._second = (0, 0)

    def watch(self, names: Iterable[str]) -> None:
        """Watch these and no others, from now on."""
        self._watched = frozenset(names)
        for name in [each for each in self._known if not self.watches(each)]:
            del self._known[name]

    def watches(self, extension: str) -> bool:
        """Whether calls into this extension are told."""
        return bool(self._watched and extension) and (EVERY in self._watched or extension in self._watched)

    def note(self, extension: str, call: PartCall) -> None:
        """A call came to its end."""
        of = self._known.pop(extension, None)
        if of is None:
            of = deque(maxlen=MOST_OF_ONE)
        of.append(call)
        while len(self._known) >= MOST_EXTENSIONS:
            del self._known[next(iter(self._known))]
        self._known[extension] = of
        second, logged = self._second
        now = int(time.monotonic())
        self._second = (now, logged + 1 if now == second else 1)
        if self._second[1] <= LOGGED:
            _log.info(
                "an extension was asked",
                part=call.part,
                asked_to=call.asked_to,
                given=call.given,
                came=call.came,
                took=round(call.seconds, 4),
            )

    def of(self, extension: str) -> Sequence[PartCall]:
        """Of one extension, the newest first."""
        return tuple(reversed(self._known.get(extension, ())))


CALLS: Final = PartCalls()
"""Of this process."""


class Given:
    """What a part is given, told when somebody wants to know: the names of things, never what is in them."""

    def __init__(self, *things: object) -> None:
        self._things = things

    def __str__(self) -> str:
        return "; ".join(filter(None, map(_named, self._things)))[:_LONGEST]


def _named(thing: object) -> str:
    if isinstance(thing, str):
        return thing
    for name in ("ref", "subject", "name", "path"):
        if (found := getattr(thing, name, None)) and not callable(found):
            return str(found)
    if isinstance(thing, Sequence):
        shown = ", ".join(map(_named, thing[:3]))
        return f"{len(thing)} ({shown}{', …' if len(thing) > 3 else ''})" if thing else "none"
    return type(thing).__name__


class Watched:
    """One call that is told when it has ended: `came` says what of it came."""

    def __init__(self, extension: str, part: str, doing: str, given: Given | None) -> None:
        self._extension = extension
        self._part = part
        self._doing = doing
        self._given = given
        self._began = time.perf_counter()

    def came(self, words: str) -> None:
        """It has ended, in words."""
        CALLS.note(
            self._extension,
            PartCall(
                part=self._part,
                asked_to=self._doing,
                given=str(self._given or ""),
                came=words[:_LONGEST],
                seconds=time.perf_counter() - self._began,
                at=datetime.now(UTC),
            ),
        )
