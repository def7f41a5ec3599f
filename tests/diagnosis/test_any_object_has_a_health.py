"""The health of objects that are neither pods nor workloads, against what their projects say of each status."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from callboard.diagnosis.objects import judge as rules
from callboard.diagnosis.objects.exceptions import KindException
from callboard.diagnosis.objects.judge import judge
from callboard.diagnosis.objects.judgement import State

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
STATES = {
    "healthy": State.WELL,
    "suspended": State.HELD,
    "progressing": State.PROGRESSING,
    "degraded": State.FAILED,
    "notJudged": State.NOT_JUDGED,
}


class Case:
    """One status of a kind: what it is told to be, and what it is found to be where that differs."""

    def __init__(self, kind: str, number: int, given: dict[str, Any]) -> None:
        self.plural, _, self.group = kind.partition(".")
        self.expected = STATES[given["is"]]
        self.found = STATES[given.get("differs", given["is"])]
        self.name = f"{kind} {number} {given['is']}"
        self.why = given.get("why", "")
        self.differs = "differs" in given
        self.object = _object(given)

    def judged(self) -> State:
        return judge(self.group, self.plural, self.object, NOW).state


def _ago(minutes: int) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat()


def _object(given: dict[str, Any]) -> dict[str, Any]:
    meta: dict[str, Any] = {k: given[k] for k in ("generation", "annotations", "labels") if k in given}
    if "age" in given:
        meta["creationTimestamp"] = _ago(given["age"])
    status = dict(given.get("status", {}))
    if "conditions" in given:
        status["conditions"] = [_condition(text, given.get("since")) for text in given["conditions"]]
    out: dict[str, Any] = {"metadata": {"name": "cart", **meta}, "spec": given.get("spec", {})}
    return {**out, "status": status} if status else out


def _condition(written: str, since: int | None) -> dict[str, str]:
    """`Ready=False/Info Reason: message` as a condition."""
    head, _, message = written.partition(": ") if ": " in written else (written, "", "")
    word, _, reason = head.partition(" ")
    type_, _, status = word.partition("=")
    status, _, severity = status.partition("/")
    made = {
        "type": type_,
        "status": status,
        "reason": reason.strip(" :"),
        "message": message,
        "severity": severity,
    }
    if since is not None:
        made["lastTransitionTime"] = _ago(since)
    return {key: value for key, value in made.items() if value}


def _cases() -> Iterator[Case]:
    for path in sorted((Path(__file__).parent / "expected").glob("*.yaml")):
        for kind in yaml.safe_load(path.read_text()):
            assert kind["source"]
            for number, given in enumerate(kind["states"]):
                yield Case(kind["kind"], number, given)


CASES = tuple(_cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_found_to_be_what_its_project_says(case: Case) -> None:
    assert case.judged() is case.found
    assert not case.differs or case.why, "a difference has a reason"


def _score() -> tuple[float, float]:
    """(what part is right, what part of the degraded is called healthy)."""
    right = sum(case.judged() is case.expected for case in CASES)
    degraded = [case for case in CASES if case.expected is State.FAILED]
    return right / len(CASES), sum(case.judged() is State.WELL for case in degraded) / len(degraded)


def test_the_score() -> None:
    assert len(CASES) >= 200
    assert len({(case.group, case.plural) for case in CASES}) >= 60
    right, missed = _score()
    assert right >= 0.95
    assert missed == 0


def test_generic_rules_carry_most_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "exception_for", lambda group, plural: KindException(kinds=(), why=""))
    right, missed = _score()
    assert right >= 0.85
    assert missed <= 0.05
