"""What a rule decides by is seen both ways: a case where it is so, and a near miss where one field is another."""

import importlib
import pkgutil

import callboard.diagnosis.rules as room
from callboard.diagnosis.engine import diagnose
from callboard.diagnosis.rules.conditions import CONDITIONS
from support.conditions import containers, controllers, images, pods
from support.conditions.scene import NOW, changed
from support.decisions import one_sided
from support.manifests import part_of

CASES = (*images.CASES, *containers.CASES, *pods.CASES, *controllers.CASES)
WITHOUT_RULES = {"conditions", "facts", "registry", "rule", "well"}
MODULES = [
    importlib.import_module(f"{room.__name__}.{found.name}")
    for found in pkgutil.iter_modules(room.__path__)
    if found.name not in WITHOUT_RULES
]


def test_each_case_of_each_code_has_near_misses() -> None:
    assert {case.code for case in CASES} == {code for codes in CONDITIONS.values() for code in codes}
    assert [case.code for case in CASES if not case.near] == []


def test_each_decision_of_each_rule_goes_both_ways() -> None:
    documents = [
        d for case in CASES for d in (case.documents, *(changed(case.documents, n) for n in case.near))
    ]
    parts = [part_of(each, NOW) for each in documents]

    def judge_all() -> None:
        for part in parts:
            diagnose(part)

    assert one_sided(MODULES, judge_all) == []
