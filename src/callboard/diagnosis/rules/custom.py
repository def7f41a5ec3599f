"""Objects of all other types that say themselves that they have failed."""

from callboard.diagnosis.kstatus import object_health
from callboard.diagnosis.rules.facts import ObjectFacts, WorkloadFacts
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope, Sign
from callboard.model.finding import Evidence, Impact, Since
from callboard.model.objects import Generic
from callboard.model.verdict import Health

__all__ = ["RULES"]


def _failed(facts: ObjectFacts | WorkloadFacts) -> Sign | None:
    if not isinstance(facts.body, Generic):
        return None
    health = object_health(facts.object)
    if health.health is not Health.UNHEALTHY:
        return None
    return Sign(
        arguments={"words": health.reason},
        evidence=(Evidence("status", health.reason, facts.place),),
        since=Since(health.since) if health.since is not None else None,
    )


RULES = (
    DiagnosisRule(code="CB-OBJECT-FAILED", scope=RuleScope.OBJECT, judge=_failed, impact=Impact.DEGRADED),
)
