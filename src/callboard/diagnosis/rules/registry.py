"""All rules, put together once; and what an organisation made of them: some switched off, some graded otherwise."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from callboard.diagnosis.rules import (
    crash,
    create,
    custom,
    image,
    init,
    job,
    pod,
    probe,
    rollout,
    scaling,
    schedule,
    start,
    storage,
)
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope
from callboard.model.finding import Impact

__all__ = ["ALL", "ORDINARY", "DiagnosisRules", "ordinary", "rules_digest"]

ALL: tuple[DiagnosisRule, ...] = (
    *image.RULES,
    *start.RULES,
    *crash.RULES,
    *probe.RULES,
    *init.RULES,
    *schedule.RULES,
    *storage.RULES,
    *pod.RULES,
    *create.RULES,
    *rollout.RULES,
    *job.RULES,
    *scaling.RULES,
    *custom.RULES,
)
"""By family, in the order of `conditions.py`. A code has one rule for each scope in which it shows."""


_MOST_STATES = 500
"""States whose rules are remembered: there are some dozens; foreign words may be any."""


def _may_speak(rule: DiagnosisRule, state: str) -> bool:
    named = rule.waits or rule.phases or rule.kinds
    return not named or state in named


class DiagnosisRules(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The rules in force. `impacts` are those that a code is graded with here instead of its own; `runbooks` are addresses by
    code."""

    rules: tuple[DiagnosisRule, ...] = ALL
    impacts: Mapping[str, Impact] = {}
    runbooks: Mapping[str, str] = {}

    def of(self, scope: RuleScope, state: str = "", *, further: bool = True) -> tuple[DiagnosisRule, ...]:
        """Those of one scope that may speak of what is in this state: the reason for which a container waits, a pod's phase, an
        object's kind. `further`: whether a container has ended at least once, a pod was given no node."""
        known: dict[tuple[RuleScope, str, bool], tuple[DiagnosisRule, ...]] = self.__dict__.setdefault(
            "_by_scope", {}
        )
        found = known.get((scope, state, further))
        if found is None:
            found = tuple(
                r
                for r in self.rules
                if r.scope is scope and _may_speak(r, state) and (further or not (r.ended or r.unscheduled))
            )
            if len(known) < _MOST_STATES:
                known[(scope, state, further)] = found
        return found


ORDINARY = DiagnosisRules()
"""Ours, as they are."""


def ordinary() -> DiagnosisRules:
    """The same, for whoever is not told of others."""
    return ORDINARY


@cache
def rules_digest() -> str:
    """What the rules come to, as a short text that changes whenever any of them may: what was judged by others is judged
    again."""
    room = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for path in sorted(room.rglob("*.py")):
        digest.update(path.relative_to(room).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
