"""Claims for volumes."""

from datetime import datetime

from callboard.diagnosis.rules.facts import ObjectFacts, PodFacts
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope, Sign
from callboard.diagnosis.rules.schedule import refused_for_volume
from callboard.model.finding import Evidence, Impact, Since
from callboard.model.objects.storage import PersistentVolumeClaim

__all__ = ["RULES"]


def _claim_of(facts: PodFacts, phase: str) -> tuple[Sign, PersistentVolumeClaim] | datetime | None:
    """(the scheduler's refusal of a pod for its volume, the claim of it that is in this phase); the moment at which to look
    again where it is too early to say."""
    refused = refused_for_volume(facts)
    claims = facts.around.claims
    if not isinstance(refused, Sign) or claims is None:
        return refused if isinstance(refused, datetime) else None
    for volume in facts.pod.spec.volumes:
        source = volume.persistent_volume_claim
        claim = claims.get((facts.object.namespace, source.claim_name)) if source is not None else None
        if claim is not None and claim.status.phase == phase:
            return refused, claim
    return None


def _pending(facts: PodFacts) -> Sign | datetime | None:
    """A pod that no node takes because a claim it mounts has no volume."""
    found = _claim_of(facts, "Pending")
    if not isinstance(found, tuple):
        return found
    refused, claim = found
    return Sign(
        arguments={
            "claim": claim.metadata.name,
            "class": claim.spec.storage_class_name or "the default class",
        },
        evidence=(
            *refused.evidence,
            Evidence("status.phase", "Pending", f"PersistentVolumeClaim {claim.metadata.name}"),
        ),
        since=refused.since,
    )


def _mounts_lost(facts: PodFacts) -> Sign | datetime | None:
    """A pod that no node takes because the volume of a claim it mounts is gone."""
    found = _claim_of(facts, "Lost")
    if not isinstance(found, tuple):
        return found
    refused, claim = found
    return Sign(
        arguments={"claim": claim.metadata.name, "volume": claim.spec.volume_name},
        evidence=(
            Evidence("status.phase", "Lost", f"PersistentVolumeClaim {claim.metadata.name}"),
            *refused.evidence,
        ),
        since=refused.since,
        message="pods",
    )


def _lost(facts: ObjectFacts) -> Sign | None:
    body = facts.body
    if not isinstance(body, PersistentVolumeClaim) or body.status.phase != "Lost":
        return None
    at = body.metadata.creation_timestamp
    return Sign(
        arguments={"claim": body.metadata.name, "volume": body.spec.volume_name},
        evidence=(Evidence("status.phase", "Lost", facts.place),),
        since=Since(at, exact=False) if at is not None else None,
    )


RULES = (
    DiagnosisRule(
        code="CB-CLAIM-PENDING",
        scope=RuleScope.POD,
        judge=_pending,
        window="After 30 seconds.",
        phases=("", "Pending"),
        unscheduled=True,
        reads=("claims",),
        refines=("CB-SCHEDULE-VOLUME",),
    ),
    DiagnosisRule(
        code="CB-CLAIM-LOST",
        scope=RuleScope.POD,
        judge=_mounts_lost,
        window="At once; of a pod that waits for it after 30 seconds.",
        phases=("", "Pending"),
        unscheduled=True,
        reads=("claims",),
        refines=("CB-SCHEDULE-VOLUME",),
    ),
    DiagnosisRule(
        code="CB-CLAIM-LOST",
        scope=RuleScope.OBJECT,
        judge=_lost,
        impact=Impact.DEGRADED,
        kinds=("PersistentVolumeClaim",),
        refines=("CB-OBJECT-FAILED",),
    ),
)
