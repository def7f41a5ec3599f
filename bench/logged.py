"""What a measured Callboard has logged: its errors, of which kinds, and where the first of them came from."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

__all__ = ["Logged", "errors_of"]

_ERRORS = ("error", "critical")
_FRAME = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')
_MOST_WORDS = 200


class _Entry(msgspec.Struct, frozen=True):
    level: str = ""
    event: str = ""
    code: str = ""
    error: str = ""
    exception: str = ""
    frames: tuple[str, ...] = ()


class Logged(msgspec.Struct, frozen=True):
    """Errors by what they were told as; `first` is the place in the code that the first traceback ends in, and its last line."""

    kinds: Counter[str]
    first: str = ""

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.kinds.values())

    def __str__(self) -> str:
        """`3: request failed (internal) 2 times, …; first at …`, or `0`."""
        if not self.kinds:
            return "0"
        kinds = ", ".join(f"{kind} {count} times" for kind, count in self.kinds.most_common())
        return f"{self.count}: {kinds}{f'; first at {self.first}' if self.first else ''}"


def errors_of(log: Path) -> Logged:
    """Read a log of JSON lines. What is no such line was not logged: the link to sign in with, for example."""
    kinds: Counter[str] = Counter()
    first = ""
    for line in log.read_bytes().splitlines():
        try:
            entry = msgspec.json.decode(line, type=_Entry, strict=False)
        except msgspec.MsgspecError:
            continue
        if entry.level not in _ERRORS:
            continue
        kind = entry.code or entry.error.partition("\n")[0][:_MOST_WORDS]
        kinds[f"{entry.event.strip()} ({kind})" if kind else entry.event.strip()] += 1
        first = first or _place(entry.exception, entry.frames)
    return Logged(kinds, first)


def _place(exception: str, frames: Iterable[str]) -> str:
    """The innermost frame of ours, else the innermost of all, and what was raised."""
    found = [f"{file}:{line} in {name}" for file, line, name in _FRAME.findall(exception)] or list(frames)
    ours = [each for each in found if "/callboard/" in each]
    if not found:
        return ""
    place = (ours or found)[-1]
    _, inside, rest = place.rpartition("/src/callboard/")
    said = exception.rstrip().rpartition("\n")[2][:_MOST_WORDS]
    return f"{f'callboard/{rest}' if inside else place}{f' ({said})' if said else ''}"
