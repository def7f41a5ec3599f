"""Init containers, which hold all others back, and sidecars, which run beside them."""

from datetime import datetime

from callboard.diagnosis.rules.containers import ending, ending_sign, where
from callboard.diagnosis.rules.facts import ContainerFacts
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope, Sign
from callboard.diagnosis.rules.start import not_started
from callboard.diagnosis.rules.waiting import unready
from callboard.model.finding import Evidence, Since
from callboard.model.objects.meta import condition

__all__ = ["RULES"]


def _failing(facts: ContainerFacts, role: str) -> Sign | None:
    if facts.role != role or not_started(facts) is not None:
        return None
    ended = ending(facts)
    return ending_sign(facts, ended) if ended is not None else None


def _init(facts: ContainerFacts) -> Sign | None:
    return _failing(facts, "init")


def _sidecar(facts: ContainerFacts) -> Sign | None:
    return _failing(facts, "sidecar")


def _sidecar_not_ready(facts: ContainerFacts) -> Sign | datetime | None:
    status = facts.status
    if facts.role != "sidecar" or status.state.running is None or status.ready or ending(facts) is not None:
        return None
    if facts.pod.metadata.deletion_timestamp is not None or facts.pod.status.phase != "Running":
        return None
    ready = condition(facts.pod.status.conditions, "Ready")
    if ready is not None and ready.status == "True":
        return None
    found = unready(facts)
    if found is None or found[1] is not None:
        return found[1] if found is not None else None
    return Sign(
        arguments={"container": status.name},
        evidence=(Evidence("ready", "false", where(facts)),),
        since=Since(found[0]),
        detail=status.name,
        container=status.name,
    )


RULES = (
    DiagnosisRule(code="CB-INIT-FAILING", scope=RuleScope.CONTAINER, judge=_init, needs_log=True, ended=True),
    DiagnosisRule(
        code="CB-SIDECAR-FAILING", scope=RuleScope.CONTAINER, judge=_sidecar, needs_log=True, ended=True
    ),
    DiagnosisRule(
        code="CB-SIDECAR-NOT-READY",
        scope=RuleScope.CONTAINER,
        judge=_sidecar_not_ready,
        window="After a minute, where the pod was ready before; else after the rollout's deadline.",
        needs_log=True,
    ),
)
