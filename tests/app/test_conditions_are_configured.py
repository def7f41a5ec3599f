"""What an organisation makes of a condition: not told, graded otherwise, with its runbook."""

import pytest

from callboard.app.rules import rules_of
from callboard.base.errors import BadInputs
from callboard.base.settings import CallboardSettings, ConditionSettings, DiagnosisSettings, Settings
from callboard.diagnosis.engine import diagnose
from callboard.model.finding import Finding, Impact
from callboard.model.verdict import Health
from support.conditions import containers
from support.conditions.scene import NOW
from support.manifests import part_of

CASE = next(case for case in containers.CASES if case.code == "CB-CRASH-ERROR")
PART = part_of(CASE.documents, NOW)


def settings(**conditions: ConditionSettings) -> Settings:
    chosen = {code.replace("_", "-"): one for code, one in conditions.items()}
    return Settings(callboard=CallboardSettings(diagnosis=DiagnosisSettings(conditions=chosen)))


def crash(one: ConditionSettings) -> tuple[Health, list[Finding]]:
    found = diagnose(PART, rules=rules_of(settings(CB_CRASH_ERROR=one)))
    return found.workloads[0].health, [f for f in found.findings if f.code == "CB-CRASH-ERROR"]


def test_without_configuration_it_is_graded_by_what_is_ready() -> None:
    health, (finding,) = crash(ConditionSettings())
    assert (health, finding.impact, finding.runbook) == (Health.UNHEALTHY, Impact.DOWN, "")


def test_it_is_graded_otherwise() -> None:
    health, (finding,) = crash(ConditionSettings(impact="at-risk"))
    assert (health, finding.impact) == (Health.UNHEALTHY, Impact.AT_RISK)


def test_as_a_notice_it_alarms_nobody() -> None:
    health, (finding,) = crash(ConditionSettings(impact="notice"))
    assert finding.impact is Impact.NOTICE
    assert health is not Health.UNHEALTHY


def test_it_is_not_told() -> None:
    health, found = crash(ConditionSettings(enabled=False))
    assert found == []
    assert health is not Health.UNHEALTHY


def test_a_runbook_is_attached() -> None:
    _, (finding,) = crash(ConditionSettings(runbook="https://example.com/crashes"))
    assert finding.runbook == "https://example.com/crashes"


def test_what_cannot_be_used_is_told_all_at_once() -> None:
    with pytest.raises(BadInputs) as told:
        rules_of(
            settings(
                CB_CRASH_EROR=ConditionSettings(),
                CB_OOM=ConditionSettings(runbook="javascript:alert(1)"),
                CB_RESTARTED=ConditionSettings(impact="down"),
            )
        )
    text = [str(problem) for problem in told.value.problems]
    assert len(text) == 3
    assert "callboard.diagnosis.conditions.CB-CRASH-EROR" in text[0]
    assert "did you mean CB-CRASH-ERROR?" in text[0]
    assert "runbook" in text[1]
    assert "notice" in text[2]
