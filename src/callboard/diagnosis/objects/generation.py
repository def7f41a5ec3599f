"""Whether a controller has seen the newest change: `observedGeneration` in all its forms."""

from collections.abc import Mapping
from typing import Final

from callboard.diagnosis.objects.indication import Indication
from callboard.diagnosis.objects.judgement import State
from callboard.diagnosis.objects.reading import items, mapping, walk, whole

__all__ = ["unseen"]

_WORDS: Final = "Kubernetes has not begun with the newest change"
_NAMES: Final = (
    "observedGeneration",
    "lastObservedGeneration",
    "lastEvaluatedGeneration",
    "lastHandledGeneration",
)


def unseen(generation: int | None, status: Mapping[str, object]) -> Indication | None:
    """Indication where the status, or each of its conditions that says so, is of an older generation than the object.

    A text that is no number (older Argo Rollouts keep a hash there) and 0 say nothing.
    """
    if generation is None:
        return None
    for name in _NAMES:
        observed = whole(status.get(name))
        if observed is not None:
            return _compared(observed, generation, f"status.{name}")
    seen = [
        n
        for _, key, value in walk(status, 4)
        if key == "conditions" and isinstance(value, list)
        for each in items(value)
        if (n := whole(mapping(each).get("observedGeneration"))) is not None
    ]
    return _compared(max(seen), generation, "status.conditions[].observedGeneration") if seen else None


def _compared(observed: int, generation: int, place: str) -> Indication | None:
    if not 0 < observed < generation:
        return None
    return Indication(state=State.PROGRESSING, words=_WORDS, place=place, value=str(observed), summary=True)
