"""What rules of containers read alike."""

from callboard.diagnosis.loops import looping
from callboard.diagnosis.rules.facts import ContainerFacts
from callboard.diagnosis.rules.rule import Sign
from callboard.diagnosis.since import crash_began, pod_began
from callboard.model.finding import Evidence
from callboard.model.objects.cluster_state import Event
from callboard.model.objects.pod import ContainerStateTerminated

__all__ = [
    "ending",
    "ending_sign",
    "events_of_container",
    "waiting_message",
    "waiting_sign",
    "waits",
    "where",
]


def waits(facts: ContainerFacts, *reasons: str) -> str:
    """The reason for which a container waits, where it is one of these; else ""."""
    waiting = facts.status.state.waiting
    return waiting.reason if waiting is not None and waiting.reason in reasons else ""


def waiting_message(facts: ContainerFacts) -> str:
    """The kubelet's words beside that reason."""
    waiting = facts.status.state.waiting
    return waiting.message if waiting is not None else ""


def where(facts: ContainerFacts) -> str:
    """The container, as evidence names it."""
    return f"{facts.place}, container {facts.status.name}"


def waiting_sign(facts: ContainerFacts, **arguments: str | int) -> Sign:
    """The sign of a container that waits for what does not come by itself."""
    evidence = [Evidence("state.waiting.reason", waits(facts, *_any(facts)), where(facts))]
    if message := waiting_message(facts):
        evidence.append(Evidence("state.waiting.message", message, where(facts)))
    return Sign(
        arguments={"container": facts.status.name, **arguments},
        evidence=tuple(evidence),
        since=pod_began(facts),
        detail=facts.status.name,
    )


def _any(facts: ContainerFacts) -> tuple[str, ...]:
    waiting = facts.status.state.waiting
    return (waiting.reason,) if waiting is not None else ()


def ending(facts: ContainerFacts) -> ContainerStateTerminated | None:
    """How a container that keeps ending ended last; None for one that does not.

    It waits for its next run (CrashLoopBackOff), has just ended after an earlier run, or runs again and is expected to end as
    before (`loops`). A container of a pod that is through with it is not started again.
    """
    status = facts.status
    waiting, ended = status.state.waiting, status.state.terminated
    if waiting is not None and waiting.reason == "CrashLoopBackOff":
        return status.last_state.terminated or _NEVER_TOLD
    if facts.pod.status.phase in ("Succeeded", "Failed"):
        return None
    if ended is not None and ended.exit_code != 0 and status.restart_count > 0:
        return ended
    if facts.now is not None and facts.role != "init" and (again := looping(status)) is not None:
        return again[0] if facts.now < again[1] else None
    return None


_NEVER_TOLD = ContainerStateTerminated(exit_code=-1)
"""The end of a run that the kubelet no longer knows."""


def ending_sign(facts: ContainerFacts, ended: ContainerStateTerminated, **arguments: str | int) -> Sign:
    """The sign of a container that keeps ending."""
    again = looping(facts.status)
    evidence = [
        Evidence("lastState.terminated.exitCode", str(ended.exit_code), where(facts)),
        Evidence("restartCount", str(facts.status.restart_count), where(facts)),
    ]
    if ended.reason:
        evidence.append(Evidence("lastState.terminated.reason", ended.reason, where(facts)))
    if ended.message:
        evidence.append(Evidence("lastState.terminated.message", ended.message, where(facts)))
    named = f"{ended.reason}, " if ended.reason not in ("", "Error") else ""
    return Sign(
        arguments={
            "container": facts.status.name,
            "exit_code": ended.exit_code,
            "why": f"CrashLoopBackOff, {named}exit code {ended.exit_code}"
            if ended is not _NEVER_TOLD
            else "CrashLoopBackOff",
            **arguments,
        },
        evidence=tuple(evidence),
        since=crash_began(facts),
        detail=facts.status.name,
        occurrences=facts.status.restart_count,
        container=facts.status.name,
        previous=facts.status.state.terminated is None,
        until=again[1] if again is not None and facts.status.state.running is not None else None,
    )


def events_of_container(facts: ContainerFacts) -> tuple[Event, ...]:
    """The Warning events about one container of a pod, and those that name none; none where events are unknown."""
    mine = f"{{{facts.status.name}}}"
    found = facts.around.events(facts.object) or ()
    return tuple(e for e in found if not e.involved_object.field_path or mine in e.involved_object.field_path)
