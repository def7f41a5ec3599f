"""What an object's other fields say: its phase, an error, whether it calls itself ready."""

from collections.abc import Iterator
from typing import Final

import msgspec

from callboard.diagnosis.objects.exceptions import KindException
from callboard.diagnosis.objects.indication import Indication
from callboard.diagnosis.objects.judgement import State
from callboard.diagnosis.objects.reading import MANY, clip, is_past, mapping, text, walk
from callboard.diagnosis.objects.vocabulary import meaning, told

__all__ = ["fields"]

_SUMMARY: Final = frozenset(
    {
        "phase", "state", "health", "status", "healthstatus", "currentstate", "currentstatus", "overallstatus", "currentphase",
        "printablestatus", "overallstate", "clusterstatus", "clusterstate", "compliant", "appstate", "result", "stage",
        "statustext", "readystatus", "readystate", "updatestatus", "syncstatus", "podstatus",
    }
)  # fmt: skip
_FLAGS: Final = frozenset(
    {
        "ready",
        "healthy",
        "readytouse",
        "available",
        "success",
        "succeeded",
        "isready",
        "initialized",
        "valid",
        "pass",
        "passed",
    }
)
_BAD_WHEN_FALSE: Final = frozenset({"healthy", "success", "succeeded", "valid", "pass", "passed"})
_GRAVE: Final = ("error", "critical", "fatal")
"""Of a message among others: what it says of how bad it is."""
_LONG_PHRASES: Final = 80
_DEPTH: Final = 4


def fields(status: object, kind: KindException) -> Iterator[Indication]:
    """Indication of every field that names a state, an error or a flag."""
    why = next((said for key in ("message", "reason") if (said := text(mapping(status).get(key)))), "")
    for path, key, value in walk(status, _DEPTH):
        name = key.lower()
        if is_past(path):
            continue
        top = path == key
        if (
            isinstance(value, int)
            and not isinstance(value, bool)
            and name == "state"
            and str(value)[:9] in kind.words
        ):
            yield from _word(path, str(value), kind, summary=top)
        elif isinstance(value, bool):
            if name in _FLAGS:
                yield from _flagged(name, path, value, top=top)
        elif isinstance(value, str):
            if name in _SUMMARY or (
                name.endswith(("phase", "state", "status", "health")) and not path.endswith("]")
            ):
                yield from _word(path, value, kind, summary=top and name in _SUMMARY, why=why if top else "")
            elif _is_error(name) and value.strip():
                yield _error(path, value)
            elif name == "reason" and path.endswith(".waiting.reason") and meaning(value) is State.FAILED:
                yield msgspec.structs.replace(_error(path, value), detail="[" in path)
            elif name in ("level", "severity") and value.lower() in _GRAVE:
                yield _error(path, value)
        elif isinstance(value, dict) and name.endswith("health"):
            for each, word in list(value.items())[:MANY]:
                yield from _word(f"{path}[{each[:64]}]", text(word), kind, summary=False)
        elif _is_error(name):
            if isinstance(value, dict) and value:
                yield _error(path, text(value.get("message")) or text(value.get("reason")))
            elif isinstance(value, list) and value:
                first = value[0]
                yield _error(path, text(first) or text(mapping(first).get("message")))


def _flagged(name: str, path: str, value: bool, *, top: bool) -> Iterator[Indication]:
    if value:
        if top:
            yield Indication(state=State.WELL, place=f"status.{path}", value="true")
        return
    state = State.FAILED if name in _BAD_WHEN_FALSE else State.PROGRESSING
    yield Indication(state=state, words=f"{name} is false", place=f"status.{path}", value="false")


def _word(
    path: str, value: str, kind: KindException, *, summary: bool, why: str = ""
) -> Iterator[Indication]:
    word = value.strip()[:_LONG_PHRASES]
    state = kind.words.get(word) or meaning(word)
    if state is State.PROGRESSING and _denies(word) and told(why) is State.FAILED:
        state = State.FAILED  # NotReady, with an error for its message
    if state is None or (not summary and state in (State.HELD, State.UNKNOWN)):
        return
    yield Indication(
        state=state,
        words="" if state is State.WELL else clip(f"{word}: {why}" if why else word).rstrip(". "),
        place=f"status.{path}",
        value=clip(value),
        summary=summary,
        detail=_deep(path) and state is not State.FAILED,
    )


def _denies(word: str) -> bool:
    return word.lower().startswith(("not", "un"))


def _is_error(name: str) -> bool:
    return name in (
        "error",
        "errors",
        "errormessage",
        "errorreason",
        "failurereason",
        "failuremessage",
        "errorcode",
        "errmsg",
    )


def _error(path: str, words: str) -> Indication:
    return Indication(
        state=State.FAILED,
        words=clip(words) or "an error",
        place=f"status.{path}",
        value=clip(words),
        detail=_deep(path),
    )


def _deep(path: str) -> bool:
    return path.count(".") > 1 or "[" in path
