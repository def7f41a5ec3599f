"""The order in which the readings of an object count."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from callboard.diagnosis.objects.builtin import builtin
from callboard.diagnosis.objects.conditions import conditions, errors
from callboard.diagnosis.objects.counts import counts
from callboard.diagnosis.objects.exceptions import KindException, exception_for
from callboard.diagnosis.objects.fields import fields
from callboard.diagnosis.objects.generation import unseen
from callboard.diagnosis.objects.held import held
from callboard.diagnosis.objects.indication import Indication, worst
from callboard.diagnosis.objects.judgement import Judgement, State
from callboard.diagnosis.objects.reading import at, items, mapping, moment, text, whole
from callboard.diagnosis.objects.vocabulary import meaning
from callboard.model.objects import KubeObject

__all__ = ["NEW", "judge", "judgement_of"]

NEW: Final = timedelta(minutes=5)
"""So long an object without a status is taken for one that its controller has not come to yet."""


def judgement_of(obj: KubeObject, now: datetime | None = None) -> Judgement:
    """The health of an object as it is held. An outline (no `raw`) is of what was well when it came."""
    if not obj.raw:
        return Judgement(state=State.WELL)
    try:
        tree = msgspec.json.decode(obj.raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError):
        return Judgement(state=State.NOT_JUDGED, words="it cannot be read")
    return judge(obj.type.group, obj.type.plural, tree, now)


def judge(group: str, plural: str, obj: object, now: datetime | None = None) -> Judgement:
    """The health of an object of any kind, from its JSON alone. `now` is the cluster's time; without it, time says nothing."""
    tree = mapping(obj)
    meta, spec, status = mapping(tree.get("metadata")), mapping(tree.get("spec")), mapping(tree.get("status"))
    kind = exception_for(group, plural)
    if text(meta.get("deletionTimestamp")):
        return Judgement(state=State.PROGRESSING, words="being deleted", place="metadata.deletionTimestamp")
    own = builtin(group, plural, tree, meta, now)
    if own is not None:
        return own.judged
    will = next(held(meta, spec, status), None)
    if will is not None:
        return will.judged
    late = unseen(whole(meta.get("generation")), status)
    if late is not None:
        return late.judged
    if not status:
        return _no_status(meta, kind, now)
    found = _read(spec, status, kind, now)
    return found.judged if found is not None else _says_nothing(meta, status)


def _read(
    spec: Mapping[str, object], status: Mapping[str, object], kind: KindException, now: datetime | None
) -> Indication | None:
    if kind.decides and (word := text(at(status, kind.decides))):
        state = kind.words.get(word) or meaning(word)
        if state is not None:
            decided = Indication(
                state=state, words=_unless_well(state, word), place=f"status.{kind.decides}", value=word
            )
            return worst([decided, *errors(status, kind)])
    found = conditions(status, kind, now)
    if kind.needs and not any(each.place == f"status.conditions[{kind.needs}]" for each in found):
        found.append(
            Indication(
                state=State.PROGRESSING,
                words=f"it has not said yet whether it is {kind.needs}",
                place="status.conditions",
            )
        )
    if not kind.decides:
        found.extend(fields(status, kind))
    found.extend(counts(spec, status))
    if any(each.summary for each in found):
        found = [each for each in found if not each.detail]
    return worst(found)


def _unless_well(state: State, words: str) -> str:
    return "" if state is State.WELL else words


def _no_status(meta: Mapping[str, object], kind: KindException, now: datetime | None) -> Judgement:
    nothing = Judgement(state=State.NOT_JUDGED, words="it reports no status", place="status")
    if kind.silent:
        return nothing
    made = moment(meta.get("creationTimestamp"))
    waiting = Judgement(state=State.PROGRESSING, words="no status reported yet", place="status", since=made)
    if made is None or now is None:
        return waiting
    end = made + NEW
    return nothing if now >= end else msgspec.structs.replace(waiting, until=end)


def _says_nothing(meta: Mapping[str, object], status: Mapping[str, object]) -> Judgement:
    """kstatus' contract: a controller that has seen the newest change and complains of nothing has done it."""
    generation, observed = whole(meta.get("generation")), whole(status.get("observedGeneration"))
    if generation is not None and generation == observed and "conditions" not in status:
        return Judgement(state=State.WELL, place="status.observedGeneration", value=str(observed))
    for key in ("conditions", "parents"):
        if isinstance(status.get(key), list) and not items(status.get(key)):
            return Judgement(
                state=State.PROGRESSING, words="no condition reported yet", place=f"status.{key}"
            )
    return Judgement(state=State.NOT_JUDGED, words="its status says nothing of its health", place="status")
