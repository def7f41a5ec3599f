"""The rules in force, as the configuration has them."""

from callboard.base.config.nearest import nearest
from callboard.base.errors import BadInputs, Problem
from callboard.base.settings import Settings
from callboard.diagnosis.rules.registry import ALL, ORDINARY, DiagnosisRules
from callboard.model.finding import Impact

__all__ = ["rules_of"]

_WHERE = "callboard.diagnosis.conditions"
_HIDDEN = ("CB-RESTARTED",)
"""Conditions of pods that are well: a list does not open these, and would not know."""


def rules_of(settings: Settings) -> DiagnosisRules:
    """The rules with what is switched off, graded otherwise, and given a runbook. Raises BadInputs that tell every entry that
    cannot be used."""
    chosen = settings.callboard.diagnosis.conditions
    known = {rule.code for rule in ALL}
    problems: list[Problem] = []
    for code, one in chosen.items():
        path = f"{_WHERE}.{code}"
        if code not in known:
            near = nearest(code, known)
            hint = f"did you mean {near}?" if near else "`callboard explain` lists all codes"
            problems.append(Problem("no such condition", path=path, found=repr(code[:100]), hint=hint))
        if code in _HIDDEN and one.impact not in (None, "notice"):
            expected = "notice: it is of pods that are well, which a list does not open"
            problems.append(
                Problem(
                    "cannot be graded so", path=f"{path}.impact", found=str(one.impact), expected=expected
                )
            )
        if one.runbook is not None and not one.runbook.startswith(("https://", "http://")):
            problems.append(
                Problem(
                    "no address", path=f"{path}.runbook", found=repr(one.runbook[:100]), expected="https://…"
                )
            )
    if problems:
        raise BadInputs(problems)
    if not chosen:
        return ORDINARY
    return DiagnosisRules(
        rules=tuple(rule for rule in ALL if rule.code not in chosen or chosen[rule.code].enabled),
        impacts={code: Impact(one.impact) for code, one in chosen.items() if one.impact is not None},
        runbooks={code: one.runbook for code, one in chosen.items() if one.runbook},
    )
