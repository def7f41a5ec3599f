"""What each code means, made of its rule and its texts. Pure."""

import difflib
from typing import Final

from callboard.base.errors import NotFound
from callboard.diagnosis.rules.conditions import CONDITIONS, family_of
from callboard.diagnosis.rules.registry import ALL
from callboard.diagnosis.rules.rule import DiagnosisRule
from callboard.diagnosis.texts.catalogue import words_of
from callboard.model.finding import Impact, NextKind
from callboard.portal.documents.findings import OWNERS
from callboard.portal.documents.form import JsonStruct

__all__ = ["Explanation", "explain_code", "explanations"]

_BY_CODE: Final = {rule.code: rule for rule in reversed(ALL)}
"""Of a code with several rules the first."""


class StepExplanation(JsonStruct, frozen=True, kw_only=True):
    """A next step, with gaps in braces where a finding's own values stand."""

    kind: NextKind
    text: str
    target: str


class Explanation(JsonStruct, frozen=True, kw_only=True):
    """A code. `sentences` are how findings say it, `impact` is null where it follows from how many pods are ready, `window` is
    after what time and until when it is told. `reads` names what else is asked for to know it, `refines` the codes it says
    more than."""

    code: str
    family: str
    title: str
    means: str
    sentences: tuple[str, ...]
    impact: Impact | None
    window: str
    reads: tuple[str, ...]
    refines: tuple[str, ...]
    steps: tuple[StepExplanation, ...]
    docs: str


def explanations() -> tuple[Explanation, ...]:
    """All codes that have a rule, by family."""
    codes = (code for family in CONDITIONS.values() for code in family)
    return tuple(_explained(_BY_CODE[code]) for code in codes if code in _BY_CODE)


def explain_code(code: str) -> Explanation:
    """One code, in any case, with or without its prefix. Raises NotFound with the nearest for one that is not known."""
    asked = code.strip().upper()
    asked = asked if asked.startswith("CB-") else f"CB-{asked}"
    rule = _BY_CODE.get(asked)
    if rule is None:
        near = difflib.get_close_matches(asked[:64], _BY_CODE, 1, 0.6)
        hint = f" Did you mean {near[0]}?" if near else " `callboard explain` lists them."
        raise NotFound(f"There is no code {asked[:64]}.{hint}")
    return _explained(rule)


def _explained(rule: DiagnosisRule) -> Explanation:
    words = words_of(rule.code)
    said = (words.one, words.many, *(text for pair in words.others.values() for text in pair))
    return Explanation(
        code=rule.code,
        family=family_of(rule.code),
        title=words.title,
        means=_shown(words.means),
        sentences=tuple(dict.fromkeys(_shown(text) for text in said if text)),
        impact=rule.impact,
        window=rule.window,
        reads=rule.reads,
        refines=rule.refines,
        steps=tuple(
            StepExplanation(
                kind=step.kind, text=_shown(step.text), target=_shown(OWNERS.get(step.target, step.target))
            )
            for step in words.steps
        ),
        docs=words.docs,
    )


def _shown(text: str) -> str:
    """A text with its gaps; a brace that is meant as one stands in it twice."""
    return text.replace("{{", "{").replace("}}", "}")
