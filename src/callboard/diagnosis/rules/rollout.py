"""Controllers of pods: a release that does not come through, pods that are gone after one, and what is meant to rest."""

from datetime import datetime

from callboard.diagnosis.rules.facts import WorkloadFacts
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope, Sign
from callboard.diagnosis.rules.waiting import DEADLINE, ENDLESS, LAPSE, over
from callboard.model.finding import Evidence, Impact, Since
from callboard.model.objects.meta import condition
from callboard.model.objects.workload import DaemonSet, Deployment, ReplicaSet, StatefulSet

__all__ = ["RULES"]


def _deadline(facts: WorkloadFacts) -> Sign | None:
    body = facts.body
    if not isinstance(body, Deployment) or body.status.observed_generation < body.metadata.generation:
        return None
    found = condition(body.status.conditions, "Progressing")
    if found is None or found.status == "True" or found.reason != "ProgressDeadlineExceeded":
        return None
    at, exact = facts.began, facts.exact
    if at is None:
        at, exact = found.last_transition_time, False
    return Sign(
        arguments={"seconds": body.spec.progress_deadline_seconds, "updated": body.status.updated_replicas},
        evidence=(Evidence("conditions.Progressing", found.message or found.reason, facts.place),),
        since=Since(at, exact) if at is not None else None,
    )


def _unavailable(facts: WorkloadFacts) -> Sign | datetime | None:
    """Pods are gone, or not ready, although no release is under way."""
    body = facts.body
    if facts.desired == 0 or body.metadata.deletion_timestamp is not None:
        return None
    if isinstance(body, Deployment) and body.spec.progress_deadline_seconds < ENDLESS:
        return _deployment(facts, body)
    if isinstance(body, Deployment):
        return _without_deadline(facts, body)
    if isinstance(body, StatefulSet | DaemonSet | ReplicaSet):
        return _without_deadline(facts, body)
    return None


def _deployment(facts: WorkloadFacts, body: Deployment) -> Sign | datetime | None:
    status = body.status
    if status.observed_generation < body.metadata.generation or status.available_replicas >= facts.desired:
        return None
    if status.updated_replicas < facts.desired or status.replicas != facts.desired:
        return None
    progressing = condition(status.conditions, "Progressing")
    available = condition(status.conditions, "Available")
    if progressing is None or progressing.reason != "NewReplicaSetAvailable":
        return None
    if available is None or available.status != "False":
        return None
    at = available.last_transition_time
    if (until := over(at, LAPSE, facts.now)) is not None:
        return until
    if at is not None and facts.began is not None and at < facts.began:
        at = facts.began
    return _lacking(facts, Since(at) if at is not None else None, available.message or available.reason)


def _without_deadline(
    facts: WorkloadFacts, body: Deployment | StatefulSet | DaemonSet | ReplicaSet
) -> Sign | datetime | None:
    """What has no deadline of its own is given ten minutes, from the newest of its pods on."""
    if facts.ready >= facts.desired or body.status.observed_generation < body.metadata.generation:
        return None
    if not facts.ailing:
        return None
    made = [p.meta.creation_timestamp for p in facts.ailing if p.meta.creation_timestamp is not None]
    newest = max(made, default=facts.object.meta.creation_timestamp)
    if (until := over(newest, DEADLINE, facts.now)) is not None:
        return until
    return _lacking(facts, Since(newest, exact=False) if newest is not None else None, "")


def _lacking(facts: WorkloadFacts, since: Since | None, words: str) -> Sign:
    evidence = [Evidence("status.readyReplicas", f"{facts.ready} of {facts.desired}", facts.place)]
    if words:
        evidence.append(Evidence("conditions.Available", words, facts.place))
    return Sign(
        arguments={"ready": facts.ready, "desired": facts.desired}, evidence=tuple(evidence), since=since
    )


def _unobserved(facts: WorkloadFacts) -> Sign | datetime | None:
    body = facts.body
    if not isinstance(body, Deployment | StatefulSet | DaemonSet | ReplicaSet):
        return None
    if body.status.observed_generation or not body.metadata.generation:
        return None
    made = body.metadata.creation_timestamp
    if made is None or facts.now is None or body.metadata.deletion_timestamp is not None:
        return None
    if (until := over(made, LAPSE, facts.now)) is not None:
        return until
    evidence = Evidence("status.observedGeneration", "0", facts.place)
    return Sign(arguments={"kind": facts.object.type.title}, evidence=(evidence,), since=Since(made))


def _paused(facts: WorkloadFacts) -> Sign | None:
    body = facts.body
    if not isinstance(body, Deployment) or not body.spec.paused or facts.desired == 0:
        return None
    pending = body.status.updated_replicas < facts.desired
    return Sign(
        arguments={"updated": body.status.updated_replicas, "desired": facts.desired},
        evidence=(Evidence("spec.paused", "true", facts.place),),
        message="pending" if pending else "",
    )


def _on_delete(facts: WorkloadFacts) -> Sign | None:
    body = facts.body
    if not isinstance(body, StatefulSet | DaemonSet) or body.spec.update_strategy.type != "OnDelete":
        return None
    if body.status.observed_generation < body.metadata.generation:
        return None
    if isinstance(body, StatefulSet):
        updated, pending = (
            body.status.updated_replicas,
            body.status.current_revision != body.status.update_revision,
        )
    else:
        updated = body.status.updated_number_scheduled
        pending = updated < facts.desired
    if not pending or updated >= facts.desired:
        return None
    return Sign(
        arguments={"old": facts.desired - updated, "desired": facts.desired},
        evidence=(Evidence("spec.updateStrategy.type", "OnDelete", facts.place),),
    )


def _scaled_to_zero(facts: WorkloadFacts) -> Sign | None:
    body = facts.body
    if not isinstance(body, Deployment | StatefulSet | ReplicaSet) or body.spec.replicas != 0:
        return None
    return Sign(evidence=(Evidence("spec.replicas", "0", facts.place),))


RULES = (
    DiagnosisRule(
        code="CB-ROLLOUT-DEADLINE",
        scope=RuleScope.WORKLOAD,
        judge=_deadline,
        window="From the Deployment's own deadline on (spec.progressDeadlineSeconds).",
        follows=True,
    ),
    DiagnosisRule(
        code="CB-UNAVAILABLE",
        scope=RuleScope.WORKLOAD,
        judge=_unavailable,
        window="A Deployment after a minute, a StatefulSet or DaemonSet ten minutes after its newest pod was made.",
        follows=True,
    ),
    DiagnosisRule(
        code="CB-UNOBSERVED",
        scope=RuleScope.WORKLOAD,
        judge=_unobserved,
        window="A minute after it was made.",
    ),
    DiagnosisRule(code="CB-PAUSED", scope=RuleScope.WORKLOAD, judge=_paused, impact=Impact.NOTICE),
    DiagnosisRule(code="CB-ON-DELETE", scope=RuleScope.WORKLOAD, judge=_on_delete, impact=Impact.NOTICE),
    DiagnosisRule(
        code="CB-SCALED-TO-ZERO", scope=RuleScope.WORKLOAD, judge=_scaled_to_zero, impact=Impact.NOTICE
    ),
)
