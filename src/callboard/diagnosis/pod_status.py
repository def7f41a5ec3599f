"""A pod's status: the word kubectl shows, and readiness by kstatus.

The word follows kubectl's printer (kubernetes/pkg/printers/internalversion, printPod). Readiness follows kstatus' podConditions
with one widening: a container that waits for a reason that does not pass by itself (a bad image, missing configuration) makes
the pod unhealthy at once, where kstatus waits for it.
"""

from datetime import datetime

import msgspec

from callboard.diagnosis.loops import loops
from callboard.model.objects.meta import condition
from callboard.model.objects.pod import Container, ContainerStateTerminated, ContainerStatus, Pod
from callboard.model.verdict import Health, ObjectHealth

__all__ = ["FINISHED", "STUCK_REASONS", "PodStanding", "pod_health", "pod_standing", "relapse"]

STUCK_REASONS = frozenset(
    {
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "ErrImagePull",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "StartError",
        "PreCreateHookError",
        "PreStartHookError",
        "PostStartHookError",
    }
)
"""Waiting reasons the kubelet retries without an end; none of them passes without somebody's doing."""

FINISHED = ("Succeeded", "Failed")
"""Phases that a pod does not leave."""


class PodStanding(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A pod in a row: kubectl's STATUS, READY and RESTARTS, and the kubelet's reason behind them."""

    word: str
    detail: str = ""
    ready: int = 0
    total: int = 0
    restarts: int = 0
    last_restart: datetime | None = None


def is_sidecar(container: Container) -> bool:
    """Whether an init container goes on running beside the others (restartPolicy Always)."""
    return container.restart_policy == "Always"


def pod_standing(pod: Pod) -> PodStanding:
    """READY counts the containers and sidecars, as kubectl does; `detail` is the first waiting or ended reason's message."""
    status = pod.status
    sidecars = {c.name for c in pod.spec.init_containers if is_sidecar(c)}
    word = status.reason or status.phase or "Unknown"
    detail = status.message
    scheduled = condition(status.conditions, "PodScheduled")
    if scheduled and scheduled.status == "False" and scheduled.reason in ("SchedulingGated", "Unschedulable"):
        word = scheduled.reason if scheduled.reason == "SchedulingGated" else word
        detail = detail or scheduled.message
    init = _init_word(pod, sidecars)
    if init is not None:
        word, detail = init
    initialized = condition(status.conditions, "Initialized")
    if init is None or (initialized is not None and initialized.status == "True"):
        word, detail = _container_word(pod, word, detail)
    if pod.metadata.deletion_timestamp is not None:
        if status.reason == "NodeLost":
            word = "Unknown"
        elif status.phase not in FINISHED:
            word = "Terminating"
    ready = restarts = before = 0
    last_restart: datetime | None = None
    for each in (*status.container_statuses, *status.init_container_statuses):
        ended = each.last_state.terminated
        if ended and ended.finished_at and (last_restart is None or ended.finished_at > last_restart):
            last_restart = ended.finished_at
    for each in status.container_statuses:
        ready += each.ready
        restarts += each.restart_count
    for each in status.init_container_statuses:
        before += each.restart_count
        if each.name in sidecars:
            ready += each.ready
            restarts += each.restart_count
    return PodStanding(
        word=word,
        detail=detail,
        ready=ready,
        total=len(pod.spec.containers) + len(sidecars),
        restarts=restarts or before,
        last_restart=last_restart,
    )


def _init_word(pod: Pod, sidecars: set[str]) -> tuple[str, str] | None:
    """The word while an init container holds the others back, else None."""
    done = 0
    for status in pod.status.init_container_statuses:
        state = status.state
        if state.terminated and state.terminated.exit_code == 0:
            done += 1
            continue
        if status.name in sidecars and status.started:
            done += 1
            continue
        if state.terminated:
            ended = state.terminated
            reason = ended.reason or (
                f"Signal:{ended.signal}" if ended.signal else f"ExitCode:{ended.exit_code}"
            )
            return f"Init:{reason}", ended.message
        if state.waiting and state.waiting.reason not in ("", "PodInitializing"):
            return f"Init:{state.waiting.reason}", state.waiting.message
        return f"Init:{done}/{len(pod.spec.init_containers)}", ""
    return None


def _container_word(pod: Pod, word: str, detail: str) -> tuple[str, str]:
    running = False
    for status in reversed(pod.status.container_statuses):
        state = status.state
        if state.waiting and state.waiting.reason:
            word, detail = state.waiting.reason, state.waiting.message or detail
        elif state.terminated:
            ended = state.terminated
            word = ended.reason or (
                f"Signal:{ended.signal}" if ended.signal else f"ExitCode:{ended.exit_code}"
            )
            detail = ended.message or detail
        elif status.ready and state.running:
            running = True
    if word == "Completed" and running:
        ready = condition(pod.status.conditions, "Ready")
        word = "Running" if ready and ready.status == "True" else "NotReady"
    return word, detail


def pod_health(pod: Pod, now: datetime | None = None) -> ObjectHealth:
    """kstatus of a pod; `since` is when its Ready condition last changed.

    `now`, the cluster's time, tells a pod that runs from one that runs between two crashes; without it they are the same.
    """
    ready = condition(pod.status.conditions, "Ready")
    since = ready.last_transition_time if ready else None
    health, reason = _health(pod, ready is not None and ready.status == "True")
    if health in (Health.HEALTHY, Health.PROGRESSING) and now is not None and (again := relapse(pod, now)):
        return ObjectHealth(health=Health.UNHEALTHY, reason=again, since=since)
    return ObjectHealth(health=health, reason=reason, since=since)


def relapse(pod: Pod, now: datetime) -> str:
    """Why a pod that runs is expected to crash again: `CrashLoopBackOff, OOMKilled, exit code 137`; "" when it is not.

    The kubelet forgets its back-off after some time of running (`loops`); until then a container that has crashed
    often is in its loop, whether it waits or runs at this moment.
    """
    for ended, until in loops(pod):
        if now < until:
            return f"CrashLoopBackOff, {_ending(ended)}"
    return ""


def _health(pod: Pod, ready: bool) -> tuple[Health, str]:
    phase = pod.status.phase
    if phase == "Succeeded":
        return Health.HEALTHY, "finished"
    if phase == "Failed":
        return Health.UNHEALTHY, pod.status.reason or "failed"
    if pod.metadata.deletion_timestamp is not None:
        return Health.PROGRESSING, "being deleted"
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        stuck = _stuck(status)
        if stuck:
            return Health.UNHEALTHY, stuck
    if phase == "Running":
        return (Health.HEALTHY, "") if ready else (Health.PROGRESSING, "not ready")
    scheduled = condition(pod.status.conditions, "PodScheduled")
    if scheduled and scheduled.status == "False" and scheduled.reason == "Unschedulable":
        return Health.UNHEALTHY, "Unschedulable"
    if phase == "Unknown":
        return Health.UNKNOWN, "its node does not report"
    return Health.PROGRESSING, "starting"


def _stuck(status: ContainerStatus) -> str:
    """Why a container cannot get on: `CrashLoopBackOff, OOMKilled, exit code 137`; "" when it can."""
    waiting, ended = status.state.waiting, status.last_state.terminated
    if waiting and waiting.reason in STUCK_REASONS:
        if waiting.reason == "CrashLoopBackOff" and ended:
            return f"{waiting.reason}, {_ending(ended)}"
        return waiting.reason
    ended = status.state.terminated
    if ended and ended.exit_code != 0 and status.restart_count > 0:
        # between two runs: the next crash is a matter of seconds
        return f"CrashLoopBackOff, {_ending(ended)}"
    return ""


def _ending(ended: ContainerStateTerminated) -> str:
    known = f"{ended.reason}, " if ended.reason not in ("", "Error") else ""
    return f"{known}exit code {ended.exit_code}"
