"""When a pod that runs is still expected to crash again: the one thing about an object that changes by time alone. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from callboard.model.objects import KubeObject
from callboard.model.objects.pod import ContainerStateTerminated, Pod

__all__ = ["loops", "relapses_end"]

OFTEN = 3
"""Crashes from which on they are a loop: once is an accident, twice a coincidence."""
RESET = timedelta(minutes=10)
"""The kubelet's: a container that has run so long starts over with its back-off (kubelet, MaxContainerBackOff x 2)."""


def loops(pod: Pod) -> Iterator[tuple[ContainerStateTerminated, datetime]]:
    """(how it ended last, until when it is expected to crash again, by the cluster's time) of each container that runs and
    has crashed OFTEN. Ends with exit code 0 are no crashes."""
    if pod.metadata.deletion_timestamp is not None or pod.status.phase != "Running":
        return
    for status in pod.status.container_statuses:
        running, ended = status.state.running, status.last_state.terminated
        if (
            status.restart_count >= OFTEN
            and running is not None
            and running.started_at is not None
            and ended is not None
            and ended.exit_code != 0
        ):
            yield ended, running.started_at + RESET


def relapses_end(objects: Iterable[KubeObject], now: datetime) -> datetime | None:
    """The next moment after `now`, both by the cluster's time, at which these objects mean something else although none of
    them has changed; None where there is none."""
    ends = (end for obj in objects if isinstance(obj.body, Pod) for _, end in loops(obj.body) if end > now)
    return min(ends, default=None)
