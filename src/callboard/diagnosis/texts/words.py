"""The form of the texts of a code, and how a sentence is made of one."""

import string
from collections.abc import Mapping
from typing import Final

import msgspec

from callboard.model.finding import Arguments, NextKind

__all__ = [
    "StepWords",
    "Words",
    "command",
    "diff",
    "events",
    "filled",
    "logs",
    "platform",
    "read_docs",
    "spoken",
    "yours",
]

MOST_WORDS: Final = 300
"""Characters of one argument: foreign text in a sentence is cut there."""


class StepWords(msgspec.Struct, frozen=True):
    """One next step. `target` is a docs address, a command with gaps, or an owner."""

    kind: NextKind
    text: str
    target: str = ""


def logs(text: str) -> StepWords:
    """Read a log; which one the finding's sign says."""
    return StepWords(NextKind.LOGS, text)


def events(text: str) -> StepWords:
    """Read the events."""
    return StepWords(NextKind.EVENTS, text)


def diff(text: str) -> StepWords:
    """Compare with what was before."""
    return StepWords(NextKind.DIFF, text)


def read_docs(text: str, address: str) -> StepWords:
    """Read a page of the docs."""
    return StepWords(NextKind.DOCS, text, address)


def command(text: str, line: str) -> StepWords:
    """Run a command; `line` may have gaps."""
    return StepWords(NextKind.COMMAND, text, line)


def yours(text: str) -> StepWords:
    """Something for the service's own team."""
    return StepWords(NextKind.OWNER, text, "service")


def platform(text: str) -> StepWords:
    """Something for whoever runs the clusters."""
    return StepWords(NextKind.OWNER, text, "platform")


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a code.

    `one` and `many` are the sentence for one pod and for several, with gaps for its arguments: `{pods}` becomes "1 pod" or
    "3 pods". What is not about pods has `one` alone. `others` are further sentences by a sign's `message`.
    """

    title: str
    one: str
    many: str = ""
    others: Mapping[str, tuple[str, str]] = {}
    means: str
    steps: tuple[StepWords, ...] = ()
    docs: str = ""


class _Gaps(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


_FORMAT: Final = string.Formatter()


def filled(text: str, arguments: Arguments) -> str:
    """The text with its gaps filled; a gap that nothing fills becomes "?"."""
    values = _Gaps({key: bounded(str(value)) for key, value in arguments.items()})
    return _FORMAT.vformat(text, (), values)


def spoken(words: Words, message: str, arguments: Arguments, count: int = 0) -> str:
    """The sentence of a code, as a clause without a full stop. `count` is how many pods it is about."""
    one, many = words.others.get(message, (words.one, words.many))
    text = many if many and count > 1 else one
    pods = "1 pod" if count == 1 else f"{count} pods"
    return filled(text, {"pods": pods, **arguments})


def bounded(text: str) -> str:
    """Foreign text cut to what a sentence can hold, on one line."""
    line = " ".join(text[: MOST_WORDS * 4].split())
    return line if len(line) <= MOST_WORDS else f"{line[: MOST_WORDS - 1]}…"
