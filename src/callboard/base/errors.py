"""The errors that people and code react to. One class per reaction, each with a stable code and a safe message.

    CallboardError                 something was refused or cannot go on; `.code`, `.message`
    ├── UsageError                 the caller asked wrongly: fix the request (HTTP 400, exit code 3)
    ├── BadInput                   a file or value is wrong: fix that place (names file, path, found, expected)
    ├── NotFound                   what was named does not exist (HTTP 404)
    ├── NotSignedIn                nobody we know is asking (HTTP 401)
    ├── NotAllowed                 the caller may not do this (HTTP 403)
    ├── Conflict                   two sources claim the same name
    └── Unavailable                something we need does not answer now: try again later (HTTP 503)

A cluster's failure is none of these: it is an `Outcome` (callboard.model.outcome) and never leaves the cluster's edge
as an exception. Messages are shown to people and logged: they never hold a secret, a token or a foreign body.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "BadInput",
    "BadInputs",
    "CallboardError",
    "Conflict",
    "NotAllowed",
    "NotFound",
    "NotSignedIn",
    "Problem",
    "Unavailable",
    "UsageError",
]


class CallboardError(Exception):
    """The root of all errors a face turns into an answer.

    `code` is stable and meant for machines; `message` is one plain sentence, safe to show.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class UsageError(CallboardError):
    """The request itself is wrong: a bad reference, an unknown option, a value out of range."""

    code = "usage"


class NotFound(CallboardError):
    """What was named does not exist, or the caller may not know that it does."""

    code = "not-found"


class NotSignedIn(CallboardError):
    """The request carries no proof of who is asking."""

    code = "not-signed-in"


class NotAllowed(CallboardError):
    """The caller is known and may not do this."""

    code = "not-allowed"


class Conflict(CallboardError):
    """Two sources claim the same name; the message names both."""

    code = "conflict"


class Unavailable(CallboardError):
    """Something Callboard depends on (not a cluster) does not answer at present."""

    code = "unavailable"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input, placed as exactly as it is known.

    `where` is a file or URL (or the name of a source), `line` counts from 1, `path` is the path inside the document
    (`kubernetes.clusterLocatorMethods[0].clusters[2].url`). `found` must be safe to show: never a secret's value.
    `hint` is what to do, e.g. the nearest known key.
    """

    message: str
    where: str = ""
    line: int | None = None
    path: str = ""
    found: str = ""
    expected: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = self.where + (f":{self.line}" if self.line is not None else "")
        parts = [": ".join(p for p in (place, self.path, self.message) if p)]
        if self.found:
            parts.append(f"found {self.found}")
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.hint:
            parts.append(self.hint)
        return "; ".join(parts)


class BadInput(CallboardError):
    """A file, value or document is wrong at one known place."""

    code = "bad-input"

    def __init__(self, problem: Problem, *, code: str | None = None) -> None:
        super().__init__(str(problem), code=code)
        self.problem = problem


class BadInputs(CallboardError):
    """Several things are wrong; all of them are told at once. `problems` is never empty."""

    code = "bad-input"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = tuple(problems)
