"""The process in which expressions are evaluated. It is started as a file, knows nothing of Callboard, and reads questions from
its standard input: four bytes of length, then JSON. It answers in the same form.

Its memory, files and processes are bounded before it reads anything; whoever asks bounds its time, by killing it.
"""

import importlib
import json
import resource
import struct
import sys
from typing import Any

MOST_MEMORY = 512 * 1024 * 1024
MOST_KNOWN = 64
MOST_WORDS = 500
MOST_VALUES = 100_000
MOST_TEXT = 2 * 1024 * 1024
"""Values and characters of what an expression gives."""


def main() -> None:
    """Answer until the input ends."""
    cel: Any = importlib.import_module("cel_expr_python.cel")
    environment = cel.NewEnv(
        variables={
            "objects": cel.Type.List(cel.Type.DYN),
            "parts": cel.Type.List(cel.Type.Map(cel.Type.STRING, cel.Type.DYN)),
            "path": cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
        }
    )
    bound()
    known: dict[str, Any] = {}
    while (head := sys.stdin.buffer.read(4)) and len(head) == 4:
        question = json.loads(sys.stdin.buffer.read(struct.unpack(">I", head)[0]))
        expression = question["expression"]
        try:
            if expression not in known:
                if len(known) >= MOST_KNOWN:
                    known.clear()
                known[expression] = environment.compile(expression)
            given = question.get("data")
            answer: dict[str, object] = {}
            if given is not None:
                given["objects"] = [each for part in given["parts"] for each in part["objects"]]
                answer["value"] = Plain(cel).of(known[expression].eval(data=given))
            written = json.dumps(answer, allow_nan=False).encode()
        except MemoryError:
            raise
        except Exception as error:
            written = json.dumps({"error": told(str(error))}).encode()
        sys.stdout.buffer.write(struct.pack(">I", len(written)) + written)
        sys.stdout.buffer.flush()


def bound() -> None:
    """From here on there is only so much."""
    for which, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 16),
    ):
        resource.setrlimit(which, (most, most))


class Plain:
    """Values as JSON takes them, as many as there is room for."""

    def __init__(self, cel: Any) -> None:
        self.error = cel.Type.ERROR
        self.values = MOST_VALUES
        self.text = MOST_TEXT

    def of(self, value: Any) -> object:
        """One. Raises ValueError for an error in it, for what is no data, and for too much."""
        self.values -= 1
        if self.values < 0:
            raise ValueError(f"it gives more than {MOST_VALUES} values")
        kind = value.type()
        if kind == self.error:
            raise ValueError(str(value.plain_value()))
        inner = value.value()
        if isinstance(inner, list):
            return [self.of(each) for each in inner]
        if isinstance(inner, dict):
            return {
                self.fits(k if isinstance(k, str) else json.dumps(k)): self.of(v) for k, v in inner.items()
            }
        if isinstance(inner, str):
            return self.fits(inner)
        if inner is None or isinstance(inner, bool | int | float):
            return inner
        if hasattr(inner, "isoformat"):
            return inner.isoformat()
        if hasattr(inner, "total_seconds"):
            return inner.total_seconds()
        raise ValueError(f"it gives a {kind.name()}, which is no JSON")

    def fits(self, text: str) -> str:
        """A text, where there is room for it."""
        self.text -= len(text)
        if self.text < 0:
            raise ValueError(f"it gives more than {MOST_TEXT} characters")
        return text


def told(words: str) -> str:
    """What was wrong, in one line, with its place: CEL's own words without their frame."""
    line = " ".join(words.split("\n |")[0].split())
    for noise in (
        "INVALID_ARGUMENT: ",
        "ERROR: ",
        "INTERNAL: ",
        " [INVALID_ARGUMENT]",
        " [INTERNAL]",
        "<input>:",
    ):
        line = line.replace(noise, "")
    return line[:MOST_WORDS]


if __name__ == "__main__":
    main()
