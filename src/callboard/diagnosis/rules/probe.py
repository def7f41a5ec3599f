"""Pods that run and are not ready."""

from datetime import datetime

from callboard.diagnosis.rules.containers import ending, events_of_container, where
from callboard.diagnosis.rules.facts import ContainerFacts, PodFacts
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope, Sign
from callboard.diagnosis.rules.waiting import unready
from callboard.model.finding import Evidence, Since
from callboard.model.objects.meta import condition
from callboard.model.objects.pod import Probe

__all__ = ["RULES", "probe_settings"]

_WINDOW = "After a minute, where the pod was ready before; else after the rollout's deadline (ten minutes without one)."
_SAID = "Readiness probe failed:"


def probe_settings(probe: Probe | None) -> str:
    """A probe's settings in words."""
    if probe is None:
        return "its settings are not known"
    every, times = probe.period_seconds or 10, probe.failure_threshold or 3
    path = f"{probe.http_get.path or '/'} on port {probe.http_get.port}, " if probe.http_get else ""
    return f"{path}every {every} s, {times} failures allowed"


def _readiness(facts: ContainerFacts) -> Sign | datetime | None:
    status = facts.status
    if facts.role != "container" or status.state.running is None or status.ready:
        return None
    if facts.pod.status.phase != "Running" or facts.pod.metadata.deletion_timestamp is not None:
        return None
    ready = condition(facts.pod.status.conditions, "Ready")
    if ending(facts) is not None or (ready is not None and ready.status == "True"):
        return None
    found = unready(facts)
    if found is None or found[1] is not None:
        return found[1] if found is not None else None
    told = [e for e in events_of_container(facts) if e.reason == "Unhealthy" and e.message.startswith(_SAID)]
    words = told[0].message.removeprefix(_SAID).strip() if told else ""
    probe = facts.container.readiness_probe if facts.container else None
    evidence = [Evidence("ready", "false", where(facts))]
    if probe is not None:
        evidence.append(Evidence("readinessProbe", probe_settings(probe), where(facts)))
    evidence += [Evidence("event", e.message, facts.place) for e in told[:1]]
    return Sign(
        arguments={"container": status.name, "words": words},
        evidence=tuple(evidence),
        since=Since(found[0]),
        detail=status.name,
        message="told" if words else "",
        occurrences=sum(e.occurrences for e in told),
        container=status.name,
    )


def _gate(facts: PodFacts) -> Sign | datetime | None:
    pod = facts.pod
    if pod.metadata.deletion_timestamp is not None:
        return None
    ready = condition(pod.status.conditions, "Ready")
    if ready is None or ready.status == "True" or ready.reason != "ReadinessGatesNotReady":
        return None
    if not all(s.ready for s in pod.status.container_statuses):
        return None
    found = unready(facts)
    if found is None or found[1] is not None:
        return found[1] if found is not None else None
    evidence = [Evidence("conditions.Ready", ready.message or ready.reason, facts.place)]
    open_ = [
        c for c in pod.status.conditions if c.status != "True" and c.type not in ("Ready", "ContainersReady")
    ]
    evidence += [
        Evidence(f"conditions.{c.type}", c.message or c.reason or c.status, facts.place) for c in open_[:3]
    ]
    gate = next((c.type for c in open_), "") or "a readiness gate"
    return Sign(
        arguments={"gate": gate},
        evidence=tuple(evidence),
        since=Since(found[0]),
        detail=gate,
    )


RULES = (
    DiagnosisRule(
        code="CB-PROBE-READINESS",
        scope=RuleScope.CONTAINER,
        judge=_readiness,
        window=_WINDOW,
        reads=("events",),
        needs_log=True,
    ),
    DiagnosisRule(
        code="CB-GATE-READINESS", scope=RuleScope.POD, judge=_gate, window=_WINDOW, phases=("Running",)
    ),
)
