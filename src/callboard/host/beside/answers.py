"""What a service answered, as plain data or as an error. Bytes in, values out; pure, and total over whatever came."""

from collections.abc import Mapping
from typing import Final

import msgspec

from callboard.base.errors import CallboardError, Conflict, NotAllowed, NotFound, Unavailable, UsageError
from callboard.base.fence import WrongAnswer

__all__ = ["MOST_DEPTH", "MOST_VALUES", "data_of", "refusal_of"]

MOST_DEPTH: Final = 32
MOST_VALUES: Final = 100_000
MOST_WORDS: Final = 300
_JSON: Final = ("application/json", "text/json")
_WORDS_IN: Final = ("message", "detail", "error")


def data_of(status: int, headers: Mapping[str, str], body: bytes) -> object:
    """JSON as dicts, lists, texts, numbers and switches; plain text as one text; nothing as None. Raises WrongAnswer."""
    if status in (204, 205) or not body:
        return None
    kind = _kind(headers)
    if kind in _JSON or kind.endswith("+json"):
        return _json(body)
    if kind == "text/plain":
        return body.decode("utf-8", "replace")
    raise WrongAnswer(f"{kind[:100] or 'no type at all'}, where JSON or plain text is expected")


def refusal_of(status: int, headers: Mapping[str, str], body: bytes, title: str) -> CallboardError | None:
    """What to tell of an answer that is none: with the service's own words where it refuses something. None for one that is.
    Raises WrongAnswer for what is the service's own fault."""
    if 200 <= status < 300:
        return None
    if status in (401, 407):
        raise WrongAnswer(f"{status}: it does not take our token")
    if 300 <= status < 400:
        raise WrongAnswer(f"{status}, which leads elsewhere; redirects are not followed")
    if status >= 500:
        raise WrongAnswer(f"{status}, an error of its own")
    words = f"{title} says: {_said(headers, body) or f'{status}'}"
    if status == 403:
        return NotAllowed(words, code="service-refused")
    if status in (404, 410):
        return NotFound(words, code="service-not-found")
    if status in (409, 412):
        return Conflict(words, code="service-conflict")
    if status in (408, 425, 429):
        return Unavailable(words, code="service-busy")
    return UsageError(words, code="service-usage")


def _kind(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _json(body: bytes) -> object:
    try:
        value: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        deep = isinstance(error, RecursionError)
        raise WrongAnswer(
            "JSON that is nested too deep" if deep else "what is no JSON, and says so"
        ) from None
    level, left, depth = [value], MOST_VALUES, 0
    while level:
        depth += 1
        left -= len(level)
        if depth > MOST_DEPTH:
            raise WrongAnswer(f"JSON nested deeper than {MOST_DEPTH}")
        if left < 0:
            raise WrongAnswer(f"JSON of more than {MOST_VALUES} values")
        below: list[object] = []
        for each in level:
            if isinstance(each, dict):
                below += each.values()
            elif isinstance(each, list):
                below += each
        level = below
    return value


def _said(headers: Mapping[str, str], body: bytes) -> str:
    """The words of a refusal, in one line."""
    try:
        said = data_of(200, headers, body)
    except WrongAnswer:
        return ""
    for _ in range(2):
        if isinstance(said, dict):
            said = next((said[key] for key in _WORDS_IN if said.get(key)), "")
    line = " ".join(said[: 4 * MOST_WORDS].split()) if isinstance(said, str) else ""
    return line if len(line) <= MOST_WORDS else line[:MOST_WORDS] + "…"
