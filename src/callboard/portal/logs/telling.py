"""Which line of a log tells why a program ended. Pure, and total over any lines.

Every runtime ends in its own way: the message comes last (Python), first (Java, Go, Node.js), or as the last of several causes
(Java again). So: the last line that says an error by its form, else the last that is no part of a stack.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

__all__ = ["TellingLines", "is_frame", "said_by", "telling_lines"]

NEAR_THE_END: Final = 120
"""Lines from the end in which an error is taken for what ended the program."""
_MOST_READ: Final = 400
"""Characters of a line that are looked at."""

_FRAME: Final = re.compile(
    r"""\s+\S                      # indented: a frame, or what goes on
    | at\s+[\w$.<>/]+\(            # Java
    | from\s+\S+:\d+:in\s          # Ruby
    | goroutine\s\d+\s\[
    | created\sby\s\S
    | \.\.\.\s\d+\s(more|common\sframes)
    | stack\s(backtrace|trace):?\s*$
    | \d+:\s+(0x[0-9a-f]+\s-\s)?[\w<]+::  # Rust
    """,
    re.VERBOSE | re.IGNORECASE,
)
_AFTERWARDS: Final = re.compile(
    r"""exit\sstatus\s\d+ | note:\srun\swith | Node\.js\sv\d | npm\s(ERR!|error)
    | \[signal\s | rax\s|rip\s | Aborted\s*(\(core\sdumped\))?$ | core\sdumped
    | [~^\s-]+$ | \(Use\s`node | }\s*$
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What a runtime adds after it has said why."""
_STRONG: Final = re.compile(
    r"""\b(?i:panic|fatal\serror|unhandled\s(?:exception|rejection)|uncaught\s\w{0,40}(?:error|exception)|segmentation\sfault)\b
    | panicked\sat
    | ^\s*Caused\sby:
    | (?:Error|Exception|Failure|Fault)\s?(?::|$|\()
    | \b(?:FATAL|CRITICAL|ERROR|SEVERE|EMERG)\b
    | \blevel=(?:"?)(?:fatal|error|panic|critical)\b
    | "(?:level|severity|lvl|log\.level)"\s?:\s?"(?i:fatal|error|panic|critical|alert|emergency)"
    | ^\s*(?:error|fatal|FATL|ERRO|[EF]\d{4}\s\d\d:\d\d)\b
    """,
    re.VERBOSE,
)
"""A line that says by its form that something went wrong."""
_BEGINS: Final = re.compile(r"Traceback \(most recent call last\)|^\s*thread '.*' panicked at")
_RUST: Final = re.compile(r"^\s*thread '.*' panicked at [^\s]+:\d+:\d+:\s*$")


class TellingLines(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of lines, from 0; -1 where there is none. `told` is the one that tells why; `first` to `last` are the exception
    it belongs to, or the first in the log: its message and its stack."""

    told: int = -1
    certain: bool = False
    """Whether that one says by its form that something went wrong; else it is merely the last."""
    first: int = -1
    last: int = -1


def telling_lines(lines: Sequence[str]) -> TellingLines:
    """Find them."""
    read = [line[:_MOST_READ] for line in lines]
    told, certain = _told(read)
    first = next((n for n, line in enumerate(read) if _begins(line)), -1)
    if first == -1:
        return TellingLines(told=told, certain=certain)
    last = first
    for n in range(first + 1, len(read)):
        if not read[n].strip() or is_frame(read[n]) or _begins(read[n]) or _goes_on(read, n):
            last = n
            continue
        if _BEGINS.search(read[first]) and last == n - 1:  # Python's message stands after its frames
            last = n
        break
    while last > first and not read[last].strip():
        last -= 1
    return TellingLines(told=told, certain=certain, first=first, last=last)


def is_frame(line: str) -> bool:
    """Whether a line is part of a stack, or goes on from the one before."""
    line = line[:_MOST_READ]
    return _FRAME.match(line) is not None or _is_go_frame(line)


def _is_go_frame(line: str) -> bool:
    """`main.(*Server).Run(0xc000)`: a name with a dot, without spaces, called."""
    name, called, _ = line.partition("(")
    return bool(called) and "." in name and " " not in name and line.rstrip().endswith(")")


def said_by(line: str) -> str:
    """What a line says: of a JSON object its message, of anything else the line itself."""
    if line.startswith("{"):
        try:
            found = msgspec.json.decode(line, type=dict[str, object])
        except (msgspec.DecodeError, RecursionError, ValueError):
            return line
        said = [
            v
            for key in ("msg", "message", "error", "err", "exception")
            if isinstance(v := found.get(key), str)
        ]
        text = ": ".join(dict.fromkeys(part.strip() for part in said if part.strip()))
        return text.splitlines()[0] if text else line
    return line


def _told(lines: Sequence[str]) -> tuple[int, bool]:
    """(which, whether it is certain)."""
    last = -1
    any_ = -1
    for n in range(len(lines) - 1, -1, -1):
        line = lines[n]
        if not line.strip():
            continue
        any_ = n if any_ == -1 else any_
        if _AFTERWARDS.match(line.strip()):
            continue
        near = len(lines) - n <= NEAR_THE_END
        if near and _STRONG.search(line) and (not is_frame(line) or line.lstrip().startswith("Caused by:")):
            # Rust says what after the line that says where
            after = _RUST.match(line) and n + 1 < len(lines) and lines[n + 1].strip()
            return (n + 1 if after else n), True
        if last == -1 and not is_frame(line):
            last = n
    return (any_ if last == -1 else last), False


def _begins(line: str) -> bool:
    return bool(_BEGINS.search(line) or (_STRONG.search(line) and not is_frame(line)))


def _goes_on(lines: Sequence[str], n: int) -> bool:
    return lines[n].lstrip().startswith(("Caused by:", "Suppressed:")) or bool(_RUST.match(lines[n - 1]))
