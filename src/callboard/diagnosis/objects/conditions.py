"""What an object's conditions say, at `status.conditions` and below (a route's parents, a gateway's listeners)."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from callboard.diagnosis.objects.exceptions import KindException
from callboard.diagnosis.objects.indication import Indication
from callboard.diagnosis.objects.judgement import State
from callboard.diagnosis.objects.reading import clip, is_past, items, mapping, moment, text, walk
from callboard.diagnosis.objects.vocabulary import Polarity, meaning, polarity, told

__all__ = ["PATIENCE", "conditions", "errors"]

PATIENCE: Final = timedelta(minutes=10)
"""So long a condition may be False, with no word of why, and be taken for something on its way: Kubernetes' own
progressDeadlineSeconds."""

_DEPTH: Final = 5
_LAST_WORDS: Final = frozenset(
    f"status.conditions[{type_}]" for type_ in ("Ready", "Succeeded", "Complete", "Completed", "Finished")
)
"""What a controller says when all is done: details that only say that they are not done do not count beside it."""


class _Condition(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One condition, made total. `status` is "True", "False", "Unknown", or another word as it stands; "" for none."""

    type: str
    status: str
    reason: str
    message: str
    since: datetime | None
    aside: bool
    """Of severity Info: said for information (Knative, Cluster API)."""
    ansible: bool


def conditions(status: object, kind: KindException, now: datetime | None) -> list[Indication]:
    """One indication for each condition that says something."""
    own = list(_conditions(mapping(status).get("conditions"), "status.conditions"))
    ansible = any(each.ansible for _, each in own) or {"Running", "Successful"} <= {c.type for _, c in own}
    found = [
        said for place, each in own if (said := _read(each, place, kind, now, ansible=ansible)) is not None
    ]
    for path, key, value in walk(status, _DEPTH):
        if key != "conditions" or path == "conditions" or not isinstance(value, list) or is_past(path):
            continue
        for place, each in _conditions(value, f"status.{path}"):
            said = _read(each, place, kind, now)
            if said is not None and (said.state is not State.WELL or not own):
                found.append(msgspec.structs.replace(said, summary=False))
    if any(each.summary and each.state is State.WELL and each.place in _LAST_WORDS for each in found):
        return [e for e in found if e.summary or (e.state is not State.PROGRESSING and not e.partial)]
    return found


def errors(status: object, kind: KindException) -> list[Indication]:
    """One indication for each condition of a kind that is there only while something is wrong."""
    if not kind.errors:
        return []
    return [
        Indication(
            state=State.FAILED,
            words=clip(f"{each.type}: {each.message}" if each.message else each.type).rstrip(". "),
            place=place,
            value=each.status or each.type,
            since=each.since,
        )
        for place, each in _conditions(mapping(status).get("conditions"), "status.conditions")
        if each.type in kind.errors and each.status != "False"
    ]


def _conditions(value: object, path: str) -> Iterator[tuple[str, _Condition]]:
    """(place, condition) of a list of conditions, or of a mapping from type to condition."""
    listed: list[tuple[str, Mapping[str, object]]] = []
    if isinstance(value, dict):
        listed = [
            (name[:64], {"type": name, **each})
            for name, each in list(value.items())[:256]
            if isinstance(each, dict)
        ]
    else:
        listed = [
            (text(mapping(e).get("type"))[:64] or str(n), mapping(e)) for n, e in enumerate(items(value))
        ]
    for name, each in listed:
        if type_ := text(each.get("type")):
            yield (
                f"{path}[{name}]",
                _Condition(
                    type=type_,
                    status=_status(each.get("status")),
                    reason=text(each.get("reason")),
                    message=text(each.get("message")),
                    since=moment(each.get("lastTransitionTime")),
                    aside=each.get("severity") == "Info",
                    ansible="ansibleResult" in each,
                ),
            )


def _status(value: object) -> str:
    if isinstance(value, bool):
        return "True" if value else "False"
    return {"true": "True", "false": "False", "unknown": "Unknown"}.get(text(value).lower(), text(value)[:64])


def _read(
    each: _Condition, place: str, kind: KindException, now: datetime | None, *, ansible: bool = False
) -> Indication | None:
    how = kind.types.get(each.type) or polarity(each.type)
    if each.type in kind.ignored or (each.aside and not how.summary):
        return None
    said = kind.words.get(each.reason) or meaning(each.reason)
    until: datetime | None = None
    if ansible and each.type == "Running":
        state = _working(each, said)
    elif each.status == "True":
        state = _so(each, how, said)
    elif each.status == "False" and how.good is State.WELL and each.reason not in kind.words:
        state, until = _not_so(each, how, said, now)
    elif each.status == "False":
        state = _not(how, said)
    elif each.status in ("Unknown", ""):
        state = _not_known(how, said)
    else:
        state = (
            kind.words.get(each.status)
            or meaning(each.status)
            or (State.FAILED if how.good is State.WELL else None)
        )
    if state is None:
        return None
    return Indication(
        state=state,
        words=_words(each, state),
        place=place,
        value=each.status,
        since=each.since,
        until=until,
        summary=how.summary,
        partial=_partial(each.type),
    )


def _working(each: _Condition, said: State | None) -> State | None:
    """An operator made of Ansible runs while it works; when it is done, it says so in the reason."""
    done = said is State.WELL and each.reason != "Running"
    return State.PROGRESSING if each.status == "True" and not done else None


def _so(each: _Condition, how: Polarity, said: State | None) -> State | None:
    if how.good is State.PROGRESSING and said is State.WELL:
        return None  # Progressing=True with NewReplicaSetAvailable: it has progressed
    if how.good is State.PROGRESSING and _partial(each.type) and told(each.message) is State.FAILED:
        return State.FAILED
    if said is State.FAILED and (how.good is State.PROGRESSING or how.end):
        return State.FAILED  # Complete=True with JobFailed
    return how.good


def _not(how: Polarity, said: State | None) -> State | None:
    """Of a condition that is False and need not be True, or whose reason has a meaning of its own here."""
    if how.good is State.WELL:
        return said
    if how.good is State.FAILED:
        return State.WELL
    # Progressing=False is said of what has stopped, well or not: only its reason tells.
    return State.FAILED if said is State.FAILED and how.good is not State.HELD else None


def _not_known(how: Polarity, said: State | None) -> State | None:
    if how.good not in (State.WELL, State.PROGRESSING):
        return None
    return State.HELD if said is State.HELD else State.PROGRESSING


def _not_so(
    each: _Condition, how: Polarity, said: State | None, now: datetime | None
) -> tuple[State, datetime | None]:
    """Of a condition that ought to be True and is False: by its reason, its message, or for how long."""
    if said in (State.FAILED, State.HELD):
        return said, None
    spoken = told(each.message)
    if spoken is State.FAILED:
        return State.FAILED, None
    if State.PROGRESSING in (said, spoken) or how.end or each.since is None or now is None:
        return State.PROGRESSING, None
    end = each.since + PATIENCE
    return (State.PROGRESSING, end) if now < end else (State.FAILED, None)


def _partial(type_: str) -> bool:
    return type_.lower().startswith("partial")


def _words(each: _Condition, state: State) -> str:
    if state is State.WELL:
        return ""
    known = {
        "Ready": "not ready",
        "Available": "not available",
        "Healthy": "not healthy",
        "Synced": "not in sync",
    }
    what = (
        each.type
        if each.status == "True"
        else known.get(each.type, f"{each.type} is {each.status or 'not known'}")
    )
    why = each.message or each.reason
    return clip(f"{what}: {why}" if why and why != each.type else what).rstrip(". ")
