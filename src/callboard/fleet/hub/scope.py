"""Which stream can answer a question: the widest that the policy allows, and narrower ones where that is refused. Pure."""

from functools import lru_cache
from typing import Literal

import msgspec

from callboard.base.errors import UsageError
from callboard.model.outcome import Purpose, Question
from callboard.model.resource import DECISIVE, POD_METRICS
from callboard.model.selector import LabelSelector

__all__ = ["NOTHING_SELECTED", "Scope", "candidates", "covers_less", "selector_of_question", "tier"]

Scope = Literal["cluster", "namespace", "entity"]

NOTHING_SELECTED = LabelSelector()

_THIRD = frozenset(
    {
        "configmaps",
        "secrets",
        "limitranges",
        "resourcequotas",
        "persistentvolumes",
        "persistentvolumeclaims",
        "nodes",
    }
)


def tier(question: Question) -> int:
    """How much a type matters when not everything can be had: 0 is pods and their workloads, 3 is events, 4 what pods use."""
    key = question.type.key
    if key in DECISIVE:
        return 0
    if key == "events":
        return 3
    if key == POD_METRICS.key:
        return 4
    return 2 if key in _THIRD else 1


@lru_cache(maxsize=1024)
def candidates(question: Question, scope: Scope) -> tuple[Question, ...]:
    """What to list to answer `question`, best first; the last is always the question itself.

    A selector that we cannot evaluate ourselves is left to the API server. What pods use cannot be watched and is worthless a
    minute later: it is never listed more widely than somebody looks. Kept, because all clusters are asked alike.
    """
    asked = msgspec.structs.replace(question, purpose=Purpose.SELECTION)
    wide = Question(type=question.type, field_selector=question.field_selector)
    found: list[Question] = []
    if question.type.key != POD_METRICS.key and selector_of_question(question) is not None:
        if scope == "cluster":
            found.append(wide)
        if scope != "entity" and question.namespace:
            found.append(msgspec.structs.replace(wide, namespace=question.namespace))
    return tuple(dict.fromkeys((*found, asked)))


def covers_less(refused: Question, other: Question) -> bool:
    """Whether a role that refuses the one may still allow the other: it is in a namespace, or about one object by name.
    A label selector makes no difference to a role."""
    return (other.namespace != refused.namespace and bool(other.namespace)) or (
        bool(other.name) and not refused.name
    )


def selector_of_question(question: Question) -> LabelSelector | None:
    """Its label selector, or None where it cannot be read."""
    return _parsed(question.label_selector) if question.label_selector else NOTHING_SELECTED


@lru_cache(maxsize=8192)
def _parsed(text: str) -> LabelSelector | None:
    try:
        return LabelSelector.parse(text)
    except UsageError:
        return None
