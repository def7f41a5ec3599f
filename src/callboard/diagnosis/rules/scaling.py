"""Autoscalers that cannot do what they are for."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from callboard.diagnosis.rules.facts import ObjectFacts
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope, Sign
from callboard.diagnosis.rules.waiting import over
from callboard.model.finding import Evidence, Impact, Since
from callboard.model.objects.meta import condition
from callboard.model.objects.workload import HorizontalPodAutoscaler

__all__ = ["RULES"]

PATIENCE: Final = timedelta(minutes=5)
"""A peak passes, and a new autoscaler has no figures yet."""


def _capped_since(limited: datetime | None, scaled: datetime | None) -> datetime | None:
    """From when an autoscaler has been at its maximum. The condition is also True at the minimum, and does not flip where the
    load goes from the one to the other: then it is when it was scaled last."""
    return scaled if limited is not None and scaled is not None and scaled > limited else limited


def _capped(facts: ObjectFacts) -> Sign | datetime | None:
    body = facts.body
    if not isinstance(body, HorizontalPodAutoscaler) or body.spec.max_replicas <= body.spec.min_replicas:
        return None
    found = condition(body.status.conditions, "ScalingLimited")
    if found is None or found.status != "True" or found.reason != "TooManyReplicas":
        return None
    at = _capped_since(found.last_transition_time, body.status.last_scale_time)
    if (until := over(at, PATIENCE, facts.now)) is not None:
        return until
    target = body.spec.scale_target_ref
    measured = {m.resource.name: m.resource.current for m in body.status.current_metrics or () if m.resource}
    evidence = [Evidence("conditions.ScalingLimited", found.message or found.reason, facts.place)]
    over_target: list[tuple[float, str]] = []
    for metric in body.spec.metrics:
        wanted = metric.resource.target.average_utilization if metric.resource else None
        seen = measured.get(metric.resource.name) if metric.resource else None
        if (
            metric.resource
            and wanted is not None
            and seen is not None
            and seen.average_utilization is not None
        ):
            name, now = metric.resource.name, seen.average_utilization
            if now > wanted:
                words = f"{name} is at {now} % of a target of {wanted} %"
                over_target.append((now / max(wanted, 1), words))
            evidence.append(Evidence(f"currentMetrics.{name}", f"{now} % of {wanted} %", facts.place))
    # What asks for more pods is what is furthest over its target; what is not over asks for none.
    figures = max(over_target, default=(0.0, ""))[1]
    if body.spec.metrics and not figures and len(evidence) > len(body.spec.metrics):
        return None  # a peak that is over: the maximum is held for a while (stabilizationWindowSeconds)
    return Sign(
        arguments={
            "max": body.spec.max_replicas,
            "target": f"{target.kind} {target.name}",
            "figures": figures,
        },
        evidence=tuple(evidence),
        since=Since(at) if at is not None else None,
        message="figures" if figures else "",
    )


def _refused(type_: str) -> Callable[[ObjectFacts], Sign | datetime | None]:
    def judge(facts: ObjectFacts) -> Sign | datetime | None:
        body = facts.body
        if not isinstance(body, HorizontalPodAutoscaler):
            return None
        found = condition(body.status.conditions, type_)
        if found is None or found.status != "False" or found.reason == "ScalingDisabled":
            return None
        at = found.last_transition_time
        if (until := over(at, PATIENCE, facts.now)) is not None:
            return until
        target = body.spec.scale_target_ref
        return Sign(
            arguments={
                "reason": found.reason,
                "target": f"{target.kind} {target.name}",
                "words": found.message or found.reason or "no reason told",
            },
            evidence=(Evidence(f"conditions.{type_}", found.message or found.reason, facts.place),),
            since=Since(at) if at is not None else None,
        )

    return judge


_KINDS = ("HorizontalPodAutoscaler",)
_WINDOW = "After five minutes."

RULES = (
    DiagnosisRule(
        code="CB-SCALING-CAPPED",
        scope=RuleScope.OBJECT,
        judge=_capped,
        impact=Impact.AT_RISK,
        window=_WINDOW,
        kinds=_KINDS,
        refines=("CB-OBJECT-FAILED",),
    ),
    DiagnosisRule(
        code="CB-SCALING-METRICS",
        scope=RuleScope.OBJECT,
        judge=_refused("ScalingActive"),
        impact=Impact.AT_RISK,
        window=_WINDOW,
        kinds=_KINDS,
        refines=("CB-OBJECT-FAILED",),
    ),
    DiagnosisRule(
        code="CB-SCALING-TARGET",
        scope=RuleScope.OBJECT,
        judge=_refused("AbleToScale"),
        impact=Impact.AT_RISK,
        window=_WINDOW,
        kinds=_KINDS,
        refines=("CB-OBJECT-FAILED",),
    ),
)
