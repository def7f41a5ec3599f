"""One document: its value, and where each part of it stands."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from callboard.base.errors import Problem

__all__ = ["Marks", "Path", "Value", "YamlDocument", "path_text"]

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
"""What a document holds. Keys are always strings, as in JSON."""

Path: TypeAlias = tuple[str | int, ...]
"""A way into a value: keys of mappings and indices (from 0) of sequences."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_$<-][A-Za-z0-9_$/<-]*")


@dataclass(frozen=True, slots=True)
class Marks:
    """The line of one value, and the marks of what is in it. A part unfolded from an alias has no marks of its own."""

    line: int
    items: "Mapping[str, Marks] | Sequence[Marks]" = ()


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document of a stream.

    `value` is only to be used when `problems` is empty. `line` is where the document begins, from 1.
    """

    value: Value
    line: int
    marks: Marks
    problems: tuple[Problem, ...] = ()

    def line_of(self, path: Path) -> int:
        """The line, from 1, of the value at `path` (of its key, where it has one); of its nearest known ancestor otherwise."""
        marks = self.marks
        for step in path:
            items = marks.items
            if isinstance(step, str):
                if not isinstance(items, Mapping) or step not in items:
                    break
                marks = items[step]
            else:
                if isinstance(items, Mapping) or not 0 <= step < len(items):
                    break
                marks = items[step]
        return marks.line


def path_text(path: Path) -> str:
    """`path` as people write it: `kubernetes.clusterLocatorMethods[0].clusters[2].url`; odd keys as `["a.b"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            shown = step if len(step) <= 80 else step[:80] + "…"
            quoted = "".join(c if c.isprintable() else "�" for c in shown).replace('"', '\\"')
            text += f'["{quoted}"]'
    return text
