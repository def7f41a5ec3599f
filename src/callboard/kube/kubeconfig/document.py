"""A kubeconfig's text as plain values, by the rules of kubectl's own reader (go-yaml 2, a dialect of YAML 1.1).

`yes` and `on` are booleans there, `012`, `0o17` and `1e3` are numbers; dates, times such as `1:30` and `=` are text. Of a key
that stands twice the last counts, a merge (`<<`) counts where it stands, and only the first document of a file is read.
"""

import base64
import re
from collections.abc import Iterator
from typing import Final, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from callboard.base.errors import BadInput, Problem
from callboard.kube.text import clean

__all__ = ["Value", "read_document"]

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"

MOST_DEPTH: Final = 100
MOST_VALUES: Final = 1_000_000
"""Values in one file, those behind aliases counted each time: a few lines of aliases can stand for billions."""

_CORE: Final = "tag:yaml.org,2002:"
_TYPED: Final = frozenset(_CORE + name for name in ("bool", "int", "float", "null"))
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
_BASED: Final = re.compile(r"[-+]?0(?:[bB][01]+|[xX][0-9a-fA-F]+|[oO][0-7]+)")
_DECIMAL: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
"""Integers and numbers with a fraction; those that begin with 0 are octal where they can be, and numbers all the same."""
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def read_document(content: bytes, where: str) -> Value:
    """The first document of `content`, or None where there is none.

    Raises BadInput that names the line where one is known, and never quotes the text. Blocking.
    """
    events = yaml.parse(content, Loader=yaml.CSafeLoader)
    try:
        for event in events:
            if isinstance(event, DocumentStartEvent):
                return _Composing(events, where).value(0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else None
        raise BadInput(
            Problem(f"not YAML: {clean(error.problem or '', 120)}", where=where, line=line)
        ) from None
    except (yaml.YAMLError, ValueError):
        raise BadInput(Problem("not YAML", where=where)) from None
    return None


class _Composing:
    """One walk over the events of a document, bounded in depth and in how much it may come to.

    The parser's own composer is not asked: it is recursive in C, and ends the process where brackets nest deeply.
    """

    def __init__(self, events: Iterator[Event], where: str) -> None:
        self._events = events
        self._where = where
        self._left = MOST_VALUES
        self._anchored: dict[str, tuple[Value, int] | None] = {}
        """By anchor: the value, and how many values it holds; None while it is not finished."""

    def value(self, depth: int) -> Value:
        """What begins with the next event."""
        return self._from(next(self._events), depth)

    def _from(self, event: Event, depth: int) -> Value:
        self._spend(event, 1)
        if isinstance(event, AliasEvent):
            return self._alias(event)
        before = self._left
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchored[anchor] = None
        value: Value
        if isinstance(event, ScalarEvent):
            value = self._scalar(event)
        elif depth >= MOST_DEPTH:
            raise self._refused(event, f"nested deeper than {MOST_DEPTH} levels")
        elif isinstance(event, SequenceStartEvent):
            value = list(self._items(depth + 1))
        else:
            value = self._mapping(depth + 1)
        if anchor is not None:
            self._anchored[anchor] = (value, before - self._left)
        return value

    def _items(self, depth: int) -> Iterator[Value]:
        while not isinstance(event := next(self._events), SequenceEndEvent):
            yield self._from(event, depth)

    def _mapping(self, depth: int) -> dict[str, Value]:
        built: dict[str, Value] = {}
        while not isinstance(key := next(self._events), MappingEndEvent):
            if isinstance(key, ScalarEvent) and key.implicit[0] and key.value == "<<":
                built.update(self._merged(key, self.value(depth)))
                continue
            name = key.value if isinstance(key, ScalarEvent) else self._from(key, depth)
            if not isinstance(name, str):
                raise self._refused(key, "a key is not text")
            built[name] = self.value(depth)
        return built

    def _merged(self, event: Event, found: Value) -> dict[str, Value]:
        merged: dict[str, Value] = {}
        for source in reversed(found if isinstance(found, list) else [found]):
            if not isinstance(source, dict):
                raise self._refused(event, "a merge (<<) takes a mapping, or a list of mappings")
            merged.update(source)
        return merged

    def _alias(self, event: AliasEvent) -> Value:
        if event.anchor not in self._anchored:
            raise self._refused(event, "an alias of what is nowhere")
        found = self._anchored[event.anchor]
        if found is None:
            raise self._refused(event, "a value contains itself")
        self._spend(event, found[1])
        return found[0]

    def _scalar(self, event: ScalarEvent) -> Value:
        text = str(event.value)
        tag = event.tag or ""
        if (not tag and event.implicit[0]) or tag in _TYPED:
            return _resolved(text)
        if tag == f"{_CORE}binary":
            try:
                return base64.b64decode(text, validate=True).decode()
            except ValueError:
                raise self._refused(event, "what is marked !!binary is not base64 of text") from None
        return text

    def _spend(self, event: Event, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise self._refused(event, "the file stands for far too many values")

    def _refused(self, event: Event, message: str) -> BadInput:
        line = event.start_mark.line + 1 if event.start_mark else None
        return BadInput(Problem(message, where=self._where, line=line))


def _resolved(text: str) -> Value:
    """What a plain word stands for. Numbers are told from text here; how much they are, no field asks."""
    if text in _WORDS:
        return _WORDS[text]
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    number = text if text.startswith(".") else text.replace("_", "")
    if text[0] not in ".+-0123456789":
        return text
    if _BASED.fullmatch(number):
        value = int(number, 0)
        return value if -(2**63) <= value < 2**64 else text
    if _DECIMAL.fullmatch(number):
        size = float(number)
        return size if abs(size) != float("inf") else text
    return text
