"""How long rules wait before they speak: what is on its way gets its time."""

from datetime import datetime, timedelta
from typing import Final

from callboard.diagnosis.rules.facts import PodFacts
from callboard.diagnosis.since import SKEW
from callboard.model.objects.meta import condition
from callboard.model.objects.workload import Deployment

__all__ = ["DEADLINE", "ENDLESS", "LAPSE", "deadline_passed", "over", "shifted", "unready"]

LAPSE: Final = timedelta(minutes=1)
"""What was well and is not: a pod that is moved, a probe that stumbles. Shorter than this is no trouble."""
ENDLESS: Final = 2**31 - 1
"""A progressDeadlineSeconds that means none (pkg/controller/deployment/util, HasProgressDeadline)."""
DEADLINE: Final = timedelta(minutes=10)
"""What never was well yet, where nothing sets a deadline: Kubernetes' own for a Deployment."""


def shifted(moment: datetime, span: timedelta) -> datetime | None:
    """The moment so much later; None where the calendar ends before."""
    try:
        return moment + span
    except OverflowError:
        return None


def over(moment: datetime | None, span: timedelta, now: datetime | None) -> datetime | None:
    """When a span from a moment on ends, where it has not ended by now; None where it has, or where a time is not known: what
    has no time may have been so for ever."""
    if moment is None or now is None:
        return None
    end = shifted(moment, span)
    return end if end is not None and now < end else None


def deadline_passed(facts: PodFacts) -> bool:
    """Whether the Deployment that a pod is of has given up waiting."""
    body = facts.workload.object.body if facts.workload is not None else None
    if not isinstance(body, Deployment):
        return False
    found = condition(body.status.conditions, "Progressing")
    return found is not None and found.status == "False" and found.reason == "ProgressDeadlineExceeded"


def unready(facts: PodFacts) -> tuple[datetime, datetime | None] | None:
    """(since when a pod is not ready, until when that is nothing yet): a minute for one that was ready before, the
    Deployment's deadline or ten minutes, and what its startup probes grant, for one that never was. None where it does not
    tell any time: then it is on its way."""
    pod = facts.pod
    ready = condition(pod.status.conditions, "Ready")
    flipped = ready.last_transition_time if ready is not None else None
    started = pod.status.start_time or facts.object.meta.creation_timestamp
    if flipped is not None and started is not None and flipped - started >= SKEW:
        return flipped, over(flipped, LAPSE, facts.now)
    began = started or flipped
    if began is None:
        return None
    if deadline_passed(facts):
        return began, None
    return began, over(began, _allowance(facts), facts.now)


def _allowance(facts: PodFacts) -> timedelta:
    body = facts.workload.object.body if facts.workload is not None else None
    span = DEADLINE
    if isinstance(body, Deployment) and body.spec.progress_deadline_seconds < ENDLESS:
        span = timedelta(seconds=min(max(body.spec.progress_deadline_seconds, 0), 86_400 * 7))
    for container in facts.pod.spec.containers:
        probe = container.startup_probe
        if probe is not None:
            seconds = (probe.initial_delay_seconds or 0) + (probe.period_seconds or 10) * (
                probe.failure_threshold or 3
            )
            span = max(span, timedelta(seconds=min(max(seconds, 0), 86_400 * 7)))
    return span
