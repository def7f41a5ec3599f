"""When a container that runs is still expected to crash again. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from callboard.model.objects.pod import ContainerStateTerminated, ContainerStatus, Pod

__all__ = ["OFTEN", "RESET", "looping", "loops"]

OFTEN = 3
"""Crashes from which on they are a loop: once is an accident, twice a coincidence."""
RESET = timedelta(minutes=10)
"""The kubelet's: a container that has run so long starts over with its back-off (kubelet, MaxContainerBackOff x 2)."""


def looping(status: ContainerStatus) -> tuple[ContainerStateTerminated, datetime] | None:
    """(how it ended last, until when it is expected to crash again, by the cluster's time) of a container that runs and has
    crashed OFTEN; None for any other. Ends with exit code 0 are no crashes."""
    if status.restart_count < OFTEN:
        return None
    running, ended = status.state.running, status.last_state.terminated
    if running is None or running.started_at is None or ended is None or ended.exit_code == 0:
        return None
    try:
        return ended, running.started_at + RESET
    except OverflowError:
        return None


def loops(pod: Pod) -> Iterator[tuple[ContainerStateTerminated, datetime]]:
    """`looping` of each of its containers, and of what runs beside them (sidecars)."""
    if pod.metadata.deletion_timestamp is not None or pod.status.phase != "Running":
        return
    for status in pod.status.container_statuses:
        if (found := looping(status)) is not None:
            yield found
    for status in pod.status.init_container_statuses:
        if (found := looping(status)) is not None and any(
            c.name == status.name and c.restart_policy == "Always" for c in pod.spec.init_containers
        ):
            yield found
