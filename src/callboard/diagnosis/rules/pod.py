"""What happens to a pod as a whole: it does not get to its containers, does not end, loses its node, or is left behind."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from callboard.diagnosis.pod_status import FINISHED
from callboard.diagnosis.rules.facts import PodFacts
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope, Sign
from callboard.diagnosis.rules.waiting import LAPSE, over
from callboard.diagnosis.since import SKEW, pod_began
from callboard.model.finding import Evidence, Impact, Since
from callboard.model.objects.cluster_state import Event, Node
from callboard.model.objects.meta import condition
from callboard.model.objects.workload import CronJob, DaemonSet, Deployment, Job, ReplicaSet, StatefulSet

__all__ = ["RULES"]

STARTING: Final = timedelta(minutes=5)
"""How long a pod may take to make its containers: pulling a large image takes some of it."""
ENDING: Final = timedelta(minutes=5)
"""How long after its time is up a pod may still be there."""

_REPLACED = (Deployment, ReplicaSet, StatefulSet, DaemonSet)
"""Controllers that make another pod for one that has failed."""
_KINDS_REPLACED = ("ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController")


def _before_its_containers(facts: PodFacts) -> bool:
    """Whether a pod has a node and its containers wait to be made, for no reason of their own."""
    pod = facts.pod
    if not pod.spec.node_name or pod.metadata.deletion_timestamp is not None:
        return False
    scheduled = condition(pod.status.conditions, "PodScheduled")
    if scheduled is not None and scheduled.status == "False":
        return False
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        waiting = status.state.waiting
        if status.state.running is not None or status.state.terminated is not None:
            return False
        if waiting is not None and waiting.reason not in ("", "ContainerCreating", "PodInitializing"):
            return False
    return True


def _start_stuck(facts: PodFacts) -> Sign | datetime | None:
    if not _before_its_containers(facts):
        return None
    began = pod_began(facts)
    if (until := over(began.at if began else None, STARTING, facts.now)) is not None:
        return until
    return Sign(
        arguments={"node": facts.pod.spec.node_name},
        evidence=(Evidence("state.waiting.reason", "ContainerCreating", facts.place),),
        since=began,
    )


def _because(*reasons: str) -> Callable[[PodFacts], Sign | datetime | None]:
    """A pod that does not get to its containers, where an event of these reasons tells why."""

    def judge(facts: PodFacts) -> Sign | datetime | None:
        if not _before_its_containers(facts):
            return None
        told = [e for e in facts.around.events(facts.object) or () if e.reason in reasons]
        if not told:
            return None
        newest = told[-1]
        sign = _start_stuck(facts)
        until = sign if isinstance(sign, datetime) else None
        return Sign(
            arguments={"words": newest.message, "node": facts.pod.spec.node_name},
            evidence=tuple(Evidence("event", e.message, facts.place) for e in told[:3]),
            since=pod_began(facts),
            detail=_gist(newest),
            occurrences=sum(e.occurrences for e in told),
            impact=Impact.NOTICE if until is not None else None,
            until=until,
        )

    return judge


def _gist(event: Event) -> str:
    """What tells two such events apart, without the names of pods: the volume it is about."""
    _, quoted, rest = event.message.partition('volume "')
    return rest.partition('"')[0] if quoted else ""


def _terminating(facts: PodFacts) -> Sign | datetime | None:
    due = facts.pod.metadata.deletion_timestamp
    if due is None or facts.pod.status.phase in FINISHED:
        return None
    if facts.now is None:
        return None
    if (until := over(due, ENDING, facts.now)) is not None:
        return until
    finalizers = facts.object.meta.finalizers
    evidence = [Evidence("metadata.deletionTimestamp", due.isoformat(), facts.place)]
    evidence += [Evidence("metadata.finalizers", f, facts.place) for f in finalizers[:3]]
    return Sign(
        arguments={"finalizer": ", ".join(finalizers[:3]), "node": facts.pod.spec.node_name},
        evidence=tuple(evidence),
        since=Since(due),
        message="finalizer" if finalizers else "",
    )


def _node_lost(facts: PodFacts) -> Sign | datetime | None:
    """By the node's own condition; where that could not be read, by what the node controller has said of the pod."""
    pod = facts.pod
    if pod.status.phase in FINISHED or not pod.spec.node_name:
        return None
    ready = condition(pod.status.conditions, "Ready")
    at = ready.last_transition_time if ready is not None and ready.status != "True" else None
    node = (facts.around.nodes or {}).get(pod.spec.node_name)
    told = _silent_node(node, pod.spec.node_name) if node is not None else _said_of_node(facts, at)
    lost = pod.status.phase == "Unknown" or pod.status.reason in ("NodeLost", "NodeAffinity")
    if not lost and (ready is None or ready.status == "True" or told is None):
        return None
    until = over(at, LAPSE, facts.now) if not lost else None
    if until is not None:
        return until
    evidence = [Evidence("status.phase", pod.status.phase, facts.place)]
    if told is not None:
        evidence.append(told)
    if node is None:
        evidence.append(Evidence("conditions.Ready", "could not be read", f"Node {pod.spec.node_name}"))
    return Sign(
        arguments={"node": pod.spec.node_name},
        evidence=tuple(evidence),
        since=Since(at) if at is not None else None,
        detail=pod.spec.node_name,
    )


def _silent_node(node: Node, name: str) -> Evidence | None:
    """What a node says that is not ready."""
    told = condition(node.status.conditions, "Ready")
    if told is None or told.status == "True":
        return None
    return Evidence("conditions.Ready", told.message or told.reason or told.status, f"Node {name}")


def _said_of_node(facts: PodFacts, since: datetime | None) -> Evidence | None:
    """The node controller's event about a pod from which it took Ready (pkg/controller/util/node, MarkPodsNotReady), since it
    was last ready."""
    for event in reversed(facts.around.events(facts.object) or ()):
        if event.reason != "NodeNotReady":
            continue
        if since is None or event.last_seen is None or event.last_seen >= since - SKEW:
            return Evidence("event", event.message or event.reason, facts.place)
    return None


def _replaced(facts: PodFacts) -> bool:
    """Whether another pod is made for one that has failed."""
    if facts.workload is not None:
        return isinstance(facts.workload.object.body, _REPLACED)
    owner = facts.object.meta.controller
    return owner is not None and owner.kind in _KINDS_REPLACED


def _ended_at(facts: PodFacts) -> datetime | None:
    ends = [
        s.state.terminated.finished_at
        for s in facts.pod.status.container_statuses
        if s.state.terminated is not None and s.state.terminated.finished_at is not None
    ]
    target = condition(facts.pod.status.conditions, "DisruptionTarget")
    return max(ends, default=target.last_transition_time if target is not None else None)


def _failure_sign(facts: PodFacts) -> Sign:
    status = facts.pod.status
    ended = next(
        (s.state.terminated for s in status.container_statuses if s.state.terminated is not None), None
    )
    code = f"exit code {ended.exit_code}" if ended is not None else ""
    why = status.reason or code or "Failed"
    evidence = [Evidence("status.phase", "Failed", facts.place)]
    if words := status.message or (ended.message if ended is not None else ""):
        evidence.append(Evidence("status.message", words, facts.place))
    if code:
        evidence.append(Evidence("state.terminated.exitCode", code.removeprefix("exit code "), facts.place))
    at = _ended_at(facts)
    return Sign(
        arguments={"why": why, "words": words or why},
        evidence=tuple(evidence),
        since=Since(at) if at is not None else None,
        detail=status.reason,
        container=facts.pod.spec.containers[0].name if facts.pod.spec.containers else "",
    )


def _evicted(facts: PodFacts) -> Sign | None:
    if facts.pod.status.reason != "Evicted":
        return None
    counted = facts.workload is not None or _replaced(facts)
    return replace(_failure_sign(facts), impact=Impact.NOTICE if counted else None)


def _pod_failed(facts: PodFacts) -> Sign | None:
    """Of a workload's pods the controller tells whether one that failed matters: it makes another, or counts it."""
    if facts.workload is not None or _replaced(facts) or facts.pod.status.reason == "Evicted":
        return None
    return _failure_sign(facts)


def _leftover(facts: PodFacts) -> Sign | None:
    if facts.pod.status.reason == "Evicted":
        return None
    counted = facts.workload is not None and isinstance(facts.workload.object.body, Job | CronJob)
    return None if counted or not (_replaced(facts) or facts.workload is not None) else _failure_sign(facts)


_SLOW = "Five minutes after the pod got its node; before that only as a notice."

RULES = (
    DiagnosisRule(
        code="CB-START-STUCK",
        scope=RuleScope.POD,
        judge=_start_stuck,
        window="After five minutes.",
        phases=("Pending",),
    ),
    DiagnosisRule(
        code="CB-VOLUME-MOUNT",
        scope=RuleScope.POD,
        judge=_because("FailedMount", "FailedAttachVolume", "FailedMapVolume"),
        window=_SLOW,
        phases=("Pending",),
        reads=("events",),
        refines=("CB-START-STUCK",),
    ),
    DiagnosisRule(
        code="CB-SANDBOX",
        scope=RuleScope.POD,
        judge=_because("FailedCreatePodSandBox", "NetworkNotReady", "FailedPodSandBoxStatus"),
        window=_SLOW,
        phases=("Pending",),
        reads=("events",),
        refines=("CB-START-STUCK",),
    ),
    DiagnosisRule(
        code="CB-POD-TERMINATING",
        scope=RuleScope.POD,
        judge=_terminating,
        window="Five minutes after the pod should have been gone.",
    ),
    DiagnosisRule(
        code="CB-NODE-LOST",
        scope=RuleScope.POD,
        judge=_node_lost,
        window="A minute after the pod was last ready.",
        reads=("nodes", "events"),
        refines=("CB-PROBE-READINESS", "CB-SIDECAR-NOT-READY", "CB-GATE-READINESS"),
    ),
    DiagnosisRule(code="CB-EVICTED", scope=RuleScope.POD, judge=_evicted, phases=("Failed",)),
    DiagnosisRule(
        code="CB-POD-FAILED", scope=RuleScope.POD, judge=_pod_failed, phases=("Failed",), needs_log=True
    ),
    DiagnosisRule(
        code="CB-LEFTOVER", scope=RuleScope.POD, judge=_leftover, phases=("Failed",), impact=Impact.NOTICE
    ),
)
