"""What pods use, beside what they asked for and may have at most. Pure."""

from collections.abc import Callable, Iterable, Mapping

from callboard.diagnosis.pod_status import is_sidecar
from callboard.model.objects import KubeObject
from callboard.model.objects.metrics import PodMetrics
from callboard.model.objects.pod import Pod, Resources
from callboard.model.outcome import Answer
from callboard.model.quantity import quantity
from callboard.model.resource import POD_METRICS
from callboard.model.snapshot import ClusterSnapshot
from callboard.portal.views import PodUsage

__all__ = ["metrics_by_pod", "usage_answer", "usage_of"]


def metrics_by_pod(cluster: ClusterSnapshot) -> dict[tuple[str, str], PodMetrics]:
    """The newest measurement of each pod, by namespace and name; what is not there was not measured."""
    return {
        (o.namespace, o.name): o.body
        for outcome in cluster.references
        if outcome.question.type.key == POD_METRICS.key
        for o in outcome.objects
        if isinstance(o.body, PodMetrics)
    }


def usage_answer(cluster: ClusterSnapshot) -> Answer:
    """How far it could be told what pods use: NOT_ASKED where nobody asked, ABSENT where the cluster measures nothing."""
    found = {o.answer for o in cluster.references if o.question.type.key == POD_METRICS.key}
    order = (Answer.OBJECTS, Answer.EMPTY, Answer.AWAITED)
    return next((a for a in order if a in found), min(found, default=Answer.NOT_ASKED))


def usage_of(obj: KubeObject, metrics: Mapping[tuple[str, str], PodMetrics]) -> PodUsage | None:
    """A pod's usage, summed over what runs in it; None where it was not measured. A request is the sum of those that are set,
    None where none is; a limit is None where one container has none, because then the pod has none."""
    pod, measured = obj.body, metrics.get((obj.namespace, obj.name))
    if not isinstance(pod, Pod) or measured is None or not measured.containers:
        return None
    used = [c.usage or {} for c in measured.containers]
    running = [c.resources for c in (*pod.spec.containers, *filter(is_sidecar, pod.spec.init_containers))]

    def total(resource: str) -> float:
        return sum(quantity(u.get(resource)) or 0.0 for u in used)

    def request(resource: str) -> float | None:
        found = _each(running, lambda r: r.requests, resource)
        return sum(q for q in found if q is not None) if any(q is not None for q in found) else None

    def limit(resource: str) -> float | None:
        found = _each(running, lambda r: r.limits, resource)
        return sum(q or 0.0 for q in found) if found and all(q is not None for q in found) else None

    return PodUsage(
        cpu=total("cpu"),
        cpu_request=request("cpu"),
        cpu_limit=limit("cpu"),
        memory=total("memory"),
        memory_request=request("memory"),
        memory_limit=limit("memory"),
    )


def _each(
    running: Iterable[Resources],
    side: Callable[[Resources], Mapping[str, str | int | float] | None],
    resource: str,
) -> list[float | None]:
    return [quantity((side(r) or {}).get(resource)) for r in running]
