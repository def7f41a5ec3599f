"""What somebody wants not to run: suspended, paused, stopped, scaled to zero."""

from collections.abc import Iterator, Mapping
from typing import Final

from callboard.diagnosis.objects.indication import Indication
from callboard.diagnosis.objects.judgement import State
from callboard.diagnosis.objects.reading import clip, flag, mapping, text, walk, whole
from callboard.diagnosis.objects.vocabulary import meaning

__all__ = ["held"]

_IN_SPEC: Final = {
    "suspend": "suspended",
    "suspended": "suspended",
    "paused": "paused",
    "pause": "paused",
    "stopped": "stopped",
    "hibernate": "hibernating",
    "disabled": "disabled",
}
_WANTED: Final = ("state", "desiredState", "runStrategy", "powerState", "managementState")
_OFF: Final = {
    "suspended": "suspended",
    "paused": "paused",
    "stopped": "stopped",
    "halted": "stopped",
    "unmanaged": "not managed",
    "hibernated": "hibernating",
    "inactive": "inactive",
}
_SWITCHES: Final = frozenset({"reconcile", "reconciliationloop", "reconciliation"})
"""Annotations that are `disabled` where nothing is to be done."""
_MARKS: Final = {
    "paused": "paused",
    "pause": "paused",
    "suspended": "suspended",
    "suspend": "suspended",
    "stop": "stopped",
    "stopped": "stopped",
    "pause-reconciliation": "paused",
    "reconcile-paused": "paused",
    "reconciliation-paused": "paused",
    "pausereconciliation": "paused",
    "hibernation": "hibernating",
}


def held(
    meta: Mapping[str, object], spec: Mapping[str, object], status: Mapping[str, object]
) -> Iterator[Indication]:
    """Indication of each will not to run: in spec, annotations and labels, and in flags of the status."""
    for path, key, value in walk(spec, 3):
        top = path == key
        words = _IN_SPEC.get(key)
        if words and value is True and (top or "strategy" in path.lower()):
            yield Indication(state=State.HELD, words=words, place=f"spec.{path}", value="true")
    if spec.get("running") is False and meaning(text(status.get("printableStatus"))) is not State.PROGRESSING:
        yield Indication(state=State.HELD, words="stopped", place="spec.running", value="false")
    for key in _WANTED:
        words = _OFF.get(text(spec.get(key)).lower())
        if words:
            yield Indication(state=State.HELD, words=words, place=f"spec.{key}", value=clip(spec.get(key)))
    for where in ("annotations", "labels"):
        for name, value in list(mapping(meta.get(where)).items())[:256]:
            mark = name.rsplit("/", 1)[-1].lower()
            if mark in _SWITCHES and text(value).lower() == "disabled":
                yield Indication(
                    state=State.HELD,
                    words="not reconciled",
                    place=f"metadata.{where}.{name[:64]}",
                    value="disabled",
                )
            words = _MARKS.get(mark)
            if (
                words
                and flag(value) is not False
                and text(value).lower() not in ("off", "no", "0", "disabled", "none")
            ):
                yield Indication(
                    state=State.HELD, words=words, place=f"metadata.{where}.{name[:64]}", value=clip(value)
                )
    if whole(spec.get("replicas")) == 0 and not whole(status.get("replicas")):
        yield Indication(state=State.HELD, words="scaled to zero", place="spec.replicas", value="0")
    for key in ("paused", "suspended"):
        if status.get(key) is True:
            yield Indication(state=State.HELD, words=key, place=f"status.{key}", value="true")
