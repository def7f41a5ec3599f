"""Which object, and which run of a container, stand for all that a finding is about. Pure."""

from callboard.model.finding import Finding, NextKind
from callboard.model.objects import KubeObject
from callboard.model.snapshot import ClusterSnapshot
from callboard.portal.logs.ended import newest_crash, run_of
from callboard.portal.views import CrashLog, ObjectKey

__all__ = ["ended_run", "stands_for"]


def stands_for(finding: Finding) -> ObjectKey:
    """The pod, or else the object, that is looked at for all that fail alike."""
    worst = next((p for p in finding.places if p.impact is finding.impact), None)
    worst = worst or next(iter(finding.places), None)
    cluster, subject = worst.cluster if worst else "", finding.subject
    if worst is not None and worst.names:
        return ObjectKey(cluster, "pods", subject.namespace, worst.names[0])
    return ObjectKey(cluster, subject.type, subject.namespace, subject.name)


def ended_run(finding: Finding, part: ClusterSnapshot, obj: KubeObject) -> tuple[CrashLog, KubeObject] | None:
    """The run whose log tells, with its pod: where the steps lead, else the newest bad end of what the object made."""
    step = next((s for s in finding.steps if s.kind is NextKind.LOGS and s.container), None)
    if step is not None and (run := run_of(part.cluster, obj, step.container, previous=step.previous)):
        return run, obj
    return newest_crash(part, obj)
