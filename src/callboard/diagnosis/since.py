"""When a trouble began, by what the objects tell. Pure.

Container times are the node's clock, all others the API server's: a moment of the one is never taken to lie before or after a
moment of the other by less than SKEW.
"""

from datetime import datetime, timedelta

from callboard.diagnosis.ownership import Workload
from callboard.diagnosis.rules.facts import ContainerFacts, PodFacts
from callboard.model.finding import Since
from callboard.model.objects import KubeObject
from callboard.model.objects.meta import condition
from callboard.model.objects.workload import Deployment, ReplicaSet, StatefulSet

__all__ = ["SKEW", "crash_began", "earliest", "later", "pod_began", "revision_began", "revision_of"]

SKEW = timedelta(seconds=30)
LONGEST_RUN = timedelta(minutes=10)
"""A container that has run so long starts over with its back-off: it is well in between."""
_LONGEST_WAIT = timedelta(minutes=5)
MOST_RESTARTS = 100_000
"""That many take a year; more are a number that somebody made up."""
_REVISION = "deployment.kubernetes.io/revision"
_EARLIER = "deployment.kubernetes.io/revision-history"


def pod_began(facts: PodFacts) -> Since | None:
    """From when a pod could have run: since it has a node, else since it was made."""
    scheduled = condition(facts.pod.status.conditions, "PodScheduled")
    at = made = facts.object.meta.creation_timestamp
    if scheduled is not None and scheduled.status == "True" and scheduled.last_transition_time is not None:
        at = later(scheduled.last_transition_time, made)
    return Since(at) if at is not None else None


def crash_began(facts: ContainerFacts) -> Since | None:
    """From when a container keeps ending.

    The kubelet tells of the last end alone. A pod that was never ready has failed since it started; of one that was, and is not
    any more, it is known since when, and that this was the first end where all ends there were fit into that time. Else it is
    known that it failed at its last end, before that last run where there was another, and when the kubelet first spoke of it.
    """
    status = facts.status
    ended = status.state.terminated or status.last_state.terminated
    ready = condition(facts.pod.status.conditions, "Ready")
    started = facts.pod.status.start_time or facts.object.meta.creation_timestamp
    flipped = ready.last_transition_time if ready is not None and ready.status != "True" else None
    if flipped is not None and started is not None and flipped - started < SKEW:
        return pod_began(facts)
    bounds = [flipped, _first_told(facts)]
    if ended is not None:
        bounds.append(ended.started_at if status.restart_count > 1 else ended.finished_at)
    at = earliest(*bounds)
    if at is None:
        return Since(started, exact=False) if started is not None and status.restart_count == 0 else None
    first = status.restart_count <= 1 and ended is not None and at == ended.finished_at
    whole = at == flipped and facts.now is not None and facts.now - flipped >= _least(status.restart_count)
    return Since(later(at, started), exact=first or whole or ended is None)


def _least(restarts: int) -> timedelta:
    """How long so many restarts take at least: none is waited for before the first, then 10 s, doubled up to five minutes
    (kubelet, MaxContainerBackOff)."""
    waits = range(min(max(restarts - 1, 0), MOST_RESTARTS))
    return timedelta(seconds=sum(min(10 * 2**n, 300) for n in waits[:6]) + 300 * len(waits[6:]))


def _first_told(facts: ContainerFacts) -> datetime | None:
    """When the kubelet first told that it waits before it starts the container again (BackOff), where it has ended often enough
    since to have been at it all the time."""
    status, now = facts.status, facts.now
    ended = status.state.terminated or status.last_state.terminated
    if now is None or ended is None:
        return None
    ran = ended.finished_at - ended.started_at if ended.finished_at and ended.started_at else timedelta()
    each = min(max(ran, timedelta()), LONGEST_RUN) + _LONGEST_WAIT + SKEW
    told = [
        event.first_timestamp
        for event in facts.around.events(facts.object) or ()
        if event.reason == "BackOff"
        and event.first_timestamp is not None
        and f"{{{status.name}}}" in event.involved_object.field_path
    ]
    at = earliest(*told)
    often = min(max(status.restart_count, 0), MOST_RESTARTS) + 1
    return at if at is not None and now - at <= often * each else None


def earliest(*moments: datetime | None) -> datetime | None:
    """The first of those that are known."""
    return min((m for m in moments if m is not None), default=None)


def later(one: datetime, other: datetime | None) -> datetime:
    """The later of the two, where the other is known."""
    return one if other is None or one >= other else other


def revision_of(workload: Workload) -> KubeObject | None:
    """The ReplicaSet of a Deployment's current version; None for what has none, or where it is not known."""
    if not isinstance(workload.object.body, Deployment):
        return None
    wanted = workload.object.meta.annotation(_REVISION)
    sets = [c for c in workload.children if isinstance(c.body, ReplicaSet)]
    if wanted:
        for each in sets:
            if each.meta.annotation(_REVISION) == wanted:
                return each
        return None
    living = [c for c in sets if isinstance(c.body, ReplicaSet) and c.body.spec.replicas]
    return living[0] if len(living) == 1 else None


def revision_began(workload: Workload) -> Since | None:
    """From when a workload's current version is its current one.

    A ReplicaSet's birth tells it where that version never was current before; a rollback takes the old one again, and then
    the first of its pods there are is the nearest that is known. A StatefulSet and a DaemonSet have no such object of their
    own here: of them it is the first pod of the newest version.
    """
    body = workload.object.body
    if isinstance(body, Deployment):
        current = revision_of(workload)
        if current is None:
            return None
        born = current.meta.creation_timestamp
        if not current.meta.annotation(_EARLIER):
            return Since(born) if born is not None else None
        pods = [p for p in workload.pods if _owned(p, current)]
        first = earliest(*(p.meta.creation_timestamp for p in pods))
        return Since(first, exact=_all_known(pods)) if first is not None else None
    if isinstance(body, StatefulSet) and (newest := body.status.update_revision):
        mine = [p for p in workload.pods if p.meta.label("controller-revision-hash") == newest]
        first = earliest(*(p.meta.creation_timestamp for p in mine))
        return Since(first, exact=_all_known(mine)) if first is not None else None
    return None


def _owned(pod: KubeObject, owner: KubeObject) -> bool:
    controller = pod.meta.controller
    return controller is not None and controller.uid == owner.meta.uid


def _all_known(pods: list[KubeObject]) -> bool:
    """A pod known in outline does not tell when it was made."""
    return all(p.meta.creation_timestamp is not None for p in pods)
