"""Each code fires on its case, nothing else does, and no longer when one field of it is another."""

import pytest

from callboard.diagnosis.engine import diagnose
from callboard.diagnosis.rules.conditions import CONDITIONS
from callboard.diagnosis.rules.registry import ALL
from callboard.diagnosis.texts.catalogue import WORDS, sentence
from callboard.model.finding import Finding
from support.conditions import containers, controllers, images, pods
from support.conditions.scene import NOW, Case, Document, Near, changed
from support.manifests import part_of

CASES = (*images.CASES, *containers.CASES, *pods.CASES, *controllers.CASES)
CODES = [code for codes in CONDITIONS.values() for code in codes]
NEAR = [(case, change) for case in CASES for change in case.near]


def found(documents: list[Document]) -> tuple[Finding, ...]:
    return diagnose(part_of(documents, NOW)).findings


def codes(documents: list[Document]) -> set[str]:
    return {f.code for f in found(documents)} | {c.code for f in found(documents) for c in f.consequences}


def test_the_conditions_are_those_of_the_rules_and_all_have_words_and_cases() -> None:
    assert len(CODES) >= 60
    assert sorted(CODES) == sorted({rule.code for rule in ALL}) == sorted(WORDS)
    assert len({(rule.code, rule.scope) for rule in ALL}) == len(ALL)
    assert set(CODES) == {case.code for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}: {case.source[:40]}")
def test_it_is_told_and_nothing_else(case: Case) -> None:
    assert codes(case.documents) == {case.code, *case.also}
    for finding in found(case.documents):
        assert "?" not in sentence(finding)
        assert finding.evidence
        assert finding.steps


@pytest.mark.parametrize(
    ("case", "change"), NEAR, ids=[f"{c.code}: {n.path}={n.value!r:.30}" for c, n in NEAR]
)
def test_a_near_miss_is_something_else(case: Case, change: Near) -> None:
    if case.code not in change.gives:
        assert case.code not in codes(changed(case.documents, change))
    assert codes(changed(case.documents, change)) == change.gives
