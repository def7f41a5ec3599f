"""Objects of all other types that have failed, as their own fields tell (`diagnosis.objects`)."""

from datetime import datetime

from callboard.diagnosis.objects.judge import judgement_of
from callboard.diagnosis.objects.judgement import Judgement, State
from callboard.diagnosis.rules.facts import ObjectFacts
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope, Sign
from callboard.model.finding import Evidence, Impact, Since
from callboard.model.objects.workload import CronJob, Job

__all__ = ["RULES"]

_AT_RISK = frozenset({("policy", "poddisruptionbudgets")})
"""What the users of a service do not feel as long as nothing else happens."""
_DELIVERS = frozenset({("argoproj.io", "applications")})
"""What brings releases, and tells of what runs apart from whether it can: an error of its own stops the next release."""


def _failed(facts: ObjectFacts) -> Sign | datetime | None:
    if isinstance(facts.body, Job | CronJob):
        return None
    found = judgement_of(facts.object, facts.now)
    if found.state is not State.FAILED:
        return found.until
    return Sign(
        arguments={"words": found.words},
        evidence=(Evidence(found.place, found.value or found.words, facts.place),),
        since=Since(found.since) if found.since is not None else None,
        until=found.until,
        impact=_impact(facts, found),
    )


def _impact(facts: ObjectFacts, found: Judgement) -> Impact | None:
    kind = facts.object.type.group, facts.object.type.plural
    felt = kind not in _AT_RISK and not (kind in _DELIVERS and found.place.startswith("status.conditions["))
    return None if felt else Impact.AT_RISK


RULES = (
    DiagnosisRule(
        code="CB-OBJECT-FAILED",
        scope=RuleScope.OBJECT,
        judge=_failed,
        impact=Impact.DEGRADED,
        window="At once where its words say so; after ten minutes where it only says that it is not ready.",
    ),
)
